"""Tables in Apache Iceberg's format. Knows pyiceberg's reader; keeps the table's types."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Literal

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import inside
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.source import SourceKind


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
        found = sorted(
            folder.glob("*.metadata.json"),
            key=lambda p: (int((re.findall(r"\d+", p.name) or ["0"])[0]), p.name),
        )
        if not found:
            raise ConfigValueError(
                "path",
                Message("data.no_iceberg", path=self.path),
                Message("data.iceberg_folder"),
            )
        return found[-1]

    def _table(self, where: ProjectPaths) -> tuple[Any, Any]:
        try:
            from pyiceberg.table import StaticTable
        except ImportError as error:
            raise MesocosmError(Message("data.iceberg_extra")) from error
        metadata = self._metadata(where)
        try:
            table = StaticTable.from_metadata(metadata.as_uri())
        except Exception as error:
            raise ConfigValueError(
                "path",
                Message("data.iceberg_unreadable", path=self.path),
                Message("data.iceberg_versions"),
            ) from error
        known = {s.snapshot_id: s for s in table.metadata.snapshots}
        chosen = known.get(self.snapshot) if self.snapshot is not None else table.current_snapshot()
        if chosen is None:
            ids = [str(i) for i in known]
            what = "yet" if self.snapshot is None else str(self.snapshot)
            raise ConfigValueError(
                "snapshot",
                Message("data.no_table_snapshot", what=what),
                Message("data.one_of_snapshots"),
                ids,
                str(self.snapshot),
            )
        outside = [
            f.file.file_path
            for f in table.scan(snapshot_id=chosen.snapshot_id).plan_files()
            if not self._within(where, f.file.file_path)
        ]
        if outside:
            raise ConfigValueError(
                "path",
                Message("data.files_outside"),
                Message("data.files_inside"),
            )
        return table, chosen

    def _within(self, where: ProjectPaths, uri: str) -> bool:
        path = Path(re.sub(r"^file:(//)?", "", uri)).resolve()
        return "://" not in uri.replace("file://", "") and path.is_relative_to(where.root.resolve())

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the table's id and the snapshot read; a snapshot never changes."""
        table, chosen = self._table(where)
        return digest(str(table.metadata.table_uuid), chosen.snapshot_id)

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Pour the snapshot into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            ConfigValueError: there is no such table or snapshot, or it names files outside the
                project.
        """
        table, chosen = self._table(where)
        label = f"iceberg:{self.path}"
        con.register("_reader", table.scan(snapshot_id=chosen.snapshot_id).to_arrow_batch_reader())
        con.execute(
            f"create table {quote(name)} as select '{label.replace(chr(39), chr(39) * 2)}' as"
            " _file, row_number() over () as _line, * from _reader"
        )
        con.unregister("_reader")
        columns = [r[0] for r in con.execute(f"describe {quote(name)}").fetchall()][2:]
        rows = int(con.execute(f"select count(*) from {quote(name)}").fetchall()[0][0])
        if not rows:
            raise ConfigValueError(
                "path",
                Message("data.iceberg_empty", path=self.path),
                Message("data.at_least_one_row"),
            )
        return Collected(
            columns, rows, {label: digest(str(table.metadata.table_uuid), chosen.snapshot_id)}
        )
