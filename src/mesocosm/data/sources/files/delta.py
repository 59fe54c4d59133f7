"""A Delta table in the project, at its newest version or one named. Knows deltalake's file list and
DuckDB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import UNSAFE_PARTS, inside, unsafe_part
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import parquet_sql, quote, text
from mesocosm.data.sources.query_results import count_rows, list_columns
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from arro3.core import Table as ArrowTable
    from deltalake import DeltaTable
    from duckdb import DuckDBPyConnection

TYPES = {
    "byte": "tinyint",
    "short": "smallint",
    "integer": "integer",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
}


class Delta(SourceKind):
    """A Delta Lake table.

    Args:
        path: the table's folder, inside the project.
        version: the version to read; the newest where not given.

    Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md

    >>> Delta(path="lake/loans", version=3).version
    3
    """

    type: Literal["delta"] = "delta"
    path: str
    version: int | None = Field(None, ge=0)

    def _table(self, where: ProjectPaths) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        folder = inside(where.root, self.path)
        if found := unsafe_part(folder):
            raise ConfigValueError(
                "path",
                Message("data.delta_path", path=self.path, part=found),
                Message("data.path_without", parts=UNSAFE_PARTS),
            )
        try:
            return DeltaTable(str(folder), version=self.version)
        except (DeltaError, OSError, ValueError) as error:
            version = "" if self.version is None else f" with a version {self.version}"
            raise ConfigValueError(
                "path",
                Message("data.not_delta", path=self.path, version=version),
                Message("data.folder_of_table"),
            ) from error

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the table's id and version."""
        table = self._table(where)
        return digest(str(table.metadata().id), table.version())

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order of its files.

        Raises:
            ConfigValueError: it is not a Delta table, holds no row, or uses deletion vectors.
        """
        table = self._table(where)
        self._refuse_deletion_vectors(table)
        label = f"{self.path}@{table.version()}"
        groups = _files_by_partition(table, inside(where.root, self.path))
        if not groups:
            raise self._empty()
        parts = [
            f"select *{cells} from {parquet_sql(files, 'union_by_name=true')}"
            for cells, files in groups.items()
        ]
        con.execute(
            f"create table {quote(name)} as select {text(label)} as _file, row_number() over () as"
            f" _line, * from ({' union all by name '.join(parts)})"
        )
        columns = list_columns(con, quote(name))[2:]
        rows = count_rows(con, quote(name))
        if not rows:
            raise self._empty()
        return Collected(columns, rows, {label: self.fingerprint(where)})

    def _refuse_deletion_vectors(self, table: DeltaTable) -> None:
        """Refuse a table whose files hold rows that were deleted."""
        if "deletionVectors" in (table.protocol().reader_features or ()):
            raise ConfigValueError(
                "path",
                Message("data.deletion_vectors", path=self.path),
                Message("data.table_without_them"),
            )

    def _empty(self) -> ConfigValueError:
        return ConfigValueError(
            "path", Message("data.path_empty", path=self.path), Message("data.at_least_one_row")
        )


def _files_by_partition(table: DeltaTable, folder: Path) -> dict[str, list[Path]]:
    """The files of a table, sorted, by the SQL of the values that the table's log gives their
    partition, each in its column's type.
    """
    actions = table.get_add_actions(flatten=True)
    paths = [str(path) for path in actions.column("path").to_pylist()]
    cells = _partition_cells(table, actions)
    found: dict[str, list[Path]] = {}
    for place in sorted(range(len(paths)), key=lambda i: paths[i]):
        own = "".join(column[place] for column in cells)
        found.setdefault(own, []).append(_locate(paths[place], folder))
    return found


def _partition_cells(table: DeltaTable, actions: ArrowTable) -> list[list[str]]:
    """For each column that parts a table, the SQL of its cell for each file, in its type."""
    kinds: dict[str, str] = {}
    for field in table.schema().fields:
        kinds[field.name] = TYPES.get(str(getattr(field.type, "type", "string")), "varchar")
    cells: list[list[str]] = []
    for column in table.metadata().partition_columns:
        values: list[object] = list(actions.column(f"partition.{column}").to_pylist())
        cells.append([f", {_literal(v)}::{kinds[column]} as {quote(column)}" for v in values])
    return cells


def _literal(value: object) -> str:
    """A value as a SQL literal of text, or null."""
    if value is None:
        return "null"
    return text(str(value))


def _locate(name: str, folder: Path) -> Path:
    """The file that a table's log names, by its place in the table's folder or by a URL."""
    path = unquote(name)
    if "://" in path:
        return Path(path.removeprefix("file://"))
    return folder / path
