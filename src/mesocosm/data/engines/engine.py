"""What every engine does: run SQL that treats each row by itself, over all rows of a table.

Such are the heavy steps (types and units, row rules, repairs, outliers, missing values, privacy).
What looks at many rows at once (duplicates, facts, the split) reads the few columns it needs where
the build runs.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Engine(Settings):
    """Where the steps that treat each row by itself run."""

    type: str

    @abstractmethod
    def rows(
        self, con: DuckDBPyConnection, query: str, table: str, view: str, path: Path, store: Path
    ) -> None:
        """Write what a row-wise query gives to Parquet, and make it a view.

        Args:
            con: the DuckDB of the build, in which `table` is known.
            query: SQL over `table` whose every row comes of one row.
            view: what the result is called afterwards; an older one is replaced.
            path: where the result lies; a file or a folder, as the engine likes.
            store: the folder `.mesocosm`, for functions that need its keys.

        Raises:
            MesocosmError: the engine cannot be reached, or could not do it.
        """

    def cleaned(
        self, con: DuckDBPyConnection, query: str, table: str, view: str, path: Path, store: Path
    ) -> None:
        """The same for the last steps, which an engine may leave to the one who reads the view."""
        self.rows(con, query, table, view, path, store)
