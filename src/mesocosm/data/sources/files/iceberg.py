"""Tables in Apache Iceberg's format. Knows pyiceberg's reader; keeps the table's types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, cast

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import inside
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows, list_columns
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


class Snapshot(Protocol):
    """A snapshot of a table."""

    snapshot_id: int


class DataFile(Protocol):
    """A file of rows."""

    file_path: str


class FileTask(Protocol):
    """A file that a scan reads."""

    file: DataFile


class TableScan(Protocol):
    """A pass over one snapshot."""

    def plan_files(self) -> Iterable[FileTask]: ...

    def to_arrow_batch_reader(self) -> pa.RecordBatchReader: ...


class TableMetadata(Protocol):
    """What a table says of itself."""

    table_uuid: object
    snapshots: Sequence[Snapshot]


class IcebergTable(Protocol):
    """A table, as much of it as a source needs."""

    metadata: TableMetadata

    def current_snapshot(self) -> Snapshot | None: ...

    def scan(self, *, snapshot_id: int) -> TableScan: ...


class Iceberg(SourceKind):
    """An Iceberg table inside the project, as it stands or as it stood.

    Args:
        path: the table's folder, which holds `metadata/`.
        snapshot: an older snapshot by its id; the current one where not given.

    Source: Apache Iceberg table specification, version 2.

    >>> Iceberg(path="lake/loans").type
    'iceberg'
    """

    extra: ClassVar[str] = "iceberg"
    type: Literal["iceberg"] = "iceberg"
    path: str
    snapshot: int | None = None

    def _metadata(self, where: ProjectPaths) -> Path:
        folder = inside(where.root, self.path) / "metadata"
        found = sorted(folder.glob("*.metadata.json"), key=lambda path: _version_of(path.name))
        if not found:
            raise ConfigValueError(
                "path",
                Message("data.no_iceberg", path=self.path),
                Message("data.iceberg_folder"),
            )
        return found[-1]

    def _table(self, where: ProjectPaths) -> tuple[IcebergTable, Snapshot]:
        """The table, and the snapshot of it that is read."""
        table = self._open(self._metadata(where))
        chosen = self._choose_snapshot(table)
        tasks = table.scan(snapshot_id=chosen.snapshot_id).plan_files()
        if not all(_is_within(where.root, task.file.file_path) for task in tasks):
            raise ConfigValueError(
                "path",
                Message("data.files_outside"),
                Message("data.files_inside"),
            )
        return table, chosen

    def _open(self, metadata: Path) -> IcebergTable:
        try:
            from pyiceberg.table import StaticTable
        except ImportError as error:
            raise MesocosmError(Message("data.iceberg_extra")) from error
        try:
            return cast(IcebergTable, StaticTable.from_metadata(metadata.as_uri()))
        except Exception as error:
            raise ConfigValueError(
                "path",
                Message("data.iceberg_unreadable", path=self.path),
                Message("data.iceberg_versions"),
            ) from error

    def _choose_snapshot(self, table: IcebergTable) -> Snapshot:
        """The snapshot that the file names, or the current one.

        Raises:
            ConfigValueError: there is none.
        """
        known = {snapshot.snapshot_id: snapshot for snapshot in table.metadata.snapshots}
        if self.snapshot is None:
            chosen, what = table.current_snapshot(), "yet"
        else:
            chosen, what = known.get(self.snapshot), str(self.snapshot)
        if chosen is None:
            raise ConfigValueError(
                "snapshot",
                Message("data.no_table_snapshot", what=what),
                Message("data.one_of_snapshots"),
                [str(ident) for ident in known],
                str(self.snapshot),
            )
        return chosen

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the table's id and the snapshot read; a snapshot never changes."""
        table, chosen = self._table(where)
        return digest(str(table.metadata.table_uuid), chosen.snapshot_id)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the snapshot into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            ConfigValueError: there is no such table or snapshot, or it names files outside the
                project.
        """
        table, chosen = self._table(where)
        label = f"iceberg:{self.path}"
        con.register("_reader", table.scan(snapshot_id=chosen.snapshot_id).to_arrow_batch_reader())
        con.execute(
            f"create table {quote(name)} as select {text(label)} as"
            " _file, row_number() over () as _line, * from _reader"
        )
        con.unregister("_reader")
        columns = list_columns(con, quote(name))[2:]
        rows = count_rows(con, quote(name))
        if not rows:
            raise ConfigValueError(
                "path",
                Message("data.iceberg_empty", path=self.path),
                Message("data.at_least_one_row"),
            )
        return Collected(
            columns, rows, {label: digest(str(table.metadata.table_uuid), chosen.snapshot_id)}
        )


def _version_of(name: str) -> tuple[int, str]:
    """What sorts files of metadata: the first number in a file's name, then the name."""
    number = re.search(r"\d+", name)
    return (int(number[0]) if number else 0, name)


def _is_within(root: Path, uri: str) -> bool:
    """Whether an address is a file inside a folder."""
    path = Path(re.sub(r"^file:(//)?", "", uri)).resolve()
    return "://" not in uri.replace("file://", "") and path.is_relative_to(root.resolve())
