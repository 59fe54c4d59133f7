"""The kept rows of a governed dataset as a source of another one.

Knows the table of rows and DuckDB. Each row has the file and line that it had at its first source,
so that lineage goes through a chain of datasets to the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.hashing import digest
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class DatasetRows:
    """The rows of a version of a dataset.

    Args:
        folder: its table of rows.
        version: the table's version.
        fields: the fields of a row.
        files: the fingerprint of each file that the version was made from.
    """

    folder: Path
    version: int
    fields: Sequence[str]
    files: Mapping[str, str]

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the version."""
        del where
        return digest(self.folder.parent.name, self.version, dict(self.files))

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Make the rows the view `name`; the engine reads what is needed of it.

        Raises:
            MesocosmError: the version's files are lost or damaged.
        """
        from mesocosm.data.snapshots.delta_tables import scan

        del where
        shown = ", ".join(map(quote, self.fields))
        con.execute(
            f"create view {quote(name)} as select _file, _line, {shown} from"
            f" {scan(self.folder, self.version)}"
        )
        return Collected(list(self.fields), count_rows(con, quote(name)), dict(self.files))
