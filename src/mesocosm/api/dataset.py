"""A dataset of an ecosystem as tables: the rows of its newest version, and the quarantined ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mesocosm.catalog import Catalog
from mesocosm.catalog.records import Snapshot
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.internal_names import quote

if TYPE_CHECKING:
    import pandas
    import pyarrow

Split = Literal["train", "validation", "test"]


class DatasetView:
    """One dataset, as its newest version is.

    Args:
        name: as the file has it.

    >>> import mesocosm
    >>> mesocosm.open("examples/bank").datasets["credit"].name
    'credit'
    """

    def __init__(self, name: str, spec: Spec, catalog: Catalog) -> None:
        self.name = name
        self._spec, self._catalog = spec, catalog

    def __repr__(self) -> str:
        """Its name and version."""
        return f"<dataset {self.name}, {self.version or 'not built'}>"

    @property
    def version(self) -> str | None:
        """The id of its newest version, None where it was never built."""
        snapshot = self._catalog.snapshot(dataset=self.name)
        return str(snapshot["id"]) if snapshot else None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a row."""
        return tuple(self._spec.eco.datasets[self.name].fields)

    def versions(self) -> list[Snapshot]:
        """Its versions with their reports, the oldest first."""
        return [Snapshot.from_json(row) for row in self._catalog.snapshots(self.name)]

    def to_arrow(self, split: Split | None = None) -> pyarrow.Table:
        """The rows that were kept, in their order; the column `_split` says which part each is in.

        Args:
            split: of one part only.

        Raises:
            MesocosmError: the dataset is not built.
        """
        where = "true" if split is None else f"_split = '{split}'"
        fields = ", ".join([*(quote(name) for name in self.fields), "_split"])
        return self._table("rows", fields, where)

    def to_pandas(self, split: Split | None = None) -> pandas.DataFrame:
        """The same as a data frame.

        Raises:
            MesocosmError: the dataset is not built.
        """
        return self.to_arrow(split).to_pandas()

    def quarantine(self) -> pyarrow.Table:
        """The quarantined rows: `file`, `line`, `reason`, and the `original` as JSON or its line.

        Raises:
            MesocosmError: the dataset is not built.
        """
        columns = "_file as file, _line as line, reason, original"
        return self._table("quarantine", columns, "true")

    def _table(self, which: str, columns: str, where: str) -> pyarrow.Table:
        from mesocosm.data.snapshots.delta_tables import read_table

        snapshot = self._catalog.snapshot(dataset=self.name)
        if snapshot is None:
            raise MesocosmError(Message("lifecycle.call_build", name=self.name))
        path = self._spec.root / ".mesocosm" / snapshot["path"] / which
        return read_table(path, snapshot["report"]["delta"][which], columns, where)
