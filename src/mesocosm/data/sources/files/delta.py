"""A Delta table in the project, at its newest version or one named. Knows deltalake's file list and
DuckDB.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import UNSAFE_PARTS, inside, unsafe_part
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import parquet_sql, quote, text
from mesocosm.data.sources.source import SourceKind

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

    def _table(self, where: ProjectPaths) -> Any:
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

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order of its files.

        Raises:
            ConfigValueError: it is not a Delta table, holds no row, or uses deletion vectors.
        """
        table = self._table(where)
        if (
            table.protocol().reader_features
            and "deletionVectors" in table.protocol().reader_features
        ):
            raise ConfigValueError(
                "path",
                Message("data.deletion_vectors", path=self.path),
                Message("data.table_without_them"),
            )
        label = f"{self.path}@{table.version()}"
        groups = _files_by_partition(table, inside(where.root, self.path))
        if not groups:
            raise ConfigValueError(
                "path", Message("data.path_empty", path=self.path), Message("data.at_least_one_row")
            )
        parts = [
            f"select *{cells} from {parquet_sql(files, 'union_by_name=true')}"
            for cells, files in groups.items()
        ]
        con.execute(
            f"create table {quote(name)} as select {text(label)} as _file, row_number() over () as"
            f" _line, * from ({' union all by name '.join(parts)})"
        )
        columns = [r[0] for r in con.execute(f"describe {quote(name)}").fetchall()][2:]
        rows = int(con.execute(f"select count(*) from {quote(name)}").fetchall()[0][0])
        if not rows:
            raise ConfigValueError(
                "path", Message("data.path_empty", path=self.path), Message("data.at_least_one_row")
            )
        return Collected(columns, rows, {label: self.fingerprint(where)})


def _files_by_partition(table: Any, folder: Path) -> dict[str, list[Path]]:
    """The files of a table, sorted, by the SQL of the values that the table's log gives their
    partition, each in its column's type.
    """
    kinds = {
        f.name: TYPES.get(str(getattr(f.type, "type", "string")), "varchar")
        for f in table.schema().fields
    }
    actions = table.get_add_actions(flatten=True)
    names = actions.schema.names
    paths, found = actions.column(names.index("path")).to_pylist(), dict[str, list[Path]]()
    values = {
        c: actions.column(names.index(f"partition.{c}")).to_pylist()
        for c in table.metadata().partition_columns
    }
    for place in sorted(range(len(paths)), key=lambda i: str(paths[i])):
        each = {c: "null" if v[place] is None else text(str(v[place])) for c, v in values.items()}
        cells = "".join(f", {v}::{kinds[c]} as {quote(c)}" for c, v in each.items())
        path = unquote(str(paths[place]))
        found.setdefault(cells, []).append(
            Path(path.removeprefix("file://")) if "://" in path else folder / path
        )
    return found
