"""The kept rows of a governed dataset as a source of another one.

Knows the table of rows and DuckDB. Each row has the file and line that it had at its first source,
so that lineage goes through a chain of datasets to the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows, read_counts

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
            ConfigValueError: two of its rows have one place, so they cannot be distinguished.
            MesocosmError: the version's files are lost or damaged.
        """
        from mesocosm.data.snapshots.delta_tables import scan

        del where
        shown = ", ".join(map(quote, self.fields))
        con.execute(
            f"create view {quote(name)} as select _file, _line, {shown} from"
            f" {scan(self.folder, self.version)}"
        )
        rows = count_rows(con, quote(name))
        self._check_places(con, name, rows)
        return Collected(list(self.fields), rows, dict(self.files))

    def _check_places(self, con: DuckDBPyConnection, name: str, rows: int) -> None:
        """Refuse rows of which two came from one line, as of a file that two sources read."""
        (different,) = read_counts(
            con, f"select count(distinct hash(_file, _line)) from {quote(name)}"
        )
        if different < rows:
            dataset = self.folder.parent.name
            raise ConfigValueError(
                "",
                Message("data.places_repeated", dataset=dataset, rows=rows - different),
                Message("data.each_line_once"),
            )
