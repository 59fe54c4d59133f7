"""The last value before the missing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, cast

from mesocosm.data.cleaning.facts import ImputerFacts
from mesocosm.data.cleaning.missing.imputer import Imputer
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table, functions, struct


class Forward(Imputer):
    """Carry the last value forward, in the order of a field or else of the rows as read.

    A row that comes alone has no row before it: it gets the newest value of the training rows.

    Args:
        by: a field; values are carried within its equal values only.
        order: the field that orders the rows.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 4.2 (last
    observation carried forward).

    >>> Forward(by="sensor", order="at").other_fields
    ('sensor', 'at')
    """

    needs_other_rows: ClassVar[bool] = True
    method: Literal["forward"] = "forward"
    by: str | None = None
    order: str | None = None

    @property
    def other_fields(self) -> tuple[str, ...]:
        """The fields that group and order."""
        return tuple(name for name in (self.by, self.order) if name)

    def measure(self, x: Column, row: Table) -> Scalar:
        """The value of the last row in order, as it stands for rows that come alone."""
        return functions()["newest"](x.cast("string"), self._at(row)).cast(str(x.type()))

    def value_of(self, x: Column, facts: ImputerFacts, row: Table, serving: bool) -> Column:
        """The last value at or before each row; the newest of all where none is."""
        if not serving:
            last = functions()["newest"](x.cast("string"), self._at(row)).over(self._before(row))
            x = x.fill_null(last.cast(str(x.type())))
        newest = ImputerFacts(fill=facts["fill"]) if "fill" in facts else ImputerFacts()
        return super().value_of(x, newest, row, serving)

    def _before(self, row: Table) -> object:
        """The rows up to each row, of its group and in the order, as a window."""
        import ibis

        order = [row[name] for name in (self.order, "_row") if name]
        group = [row[self.by]] if self.by else None
        make = cast("Callable[..., object]", ibis.window)
        return make(group_by=group, order_by=order, preceding=(None, 0))

    def _at(self, row: Table) -> Column:
        """Where a row stands in the order, the row's number last."""
        at = row[self.order or "_row"]
        if at.type().is_temporal():
            at = at.cast("timestamp").epoch_seconds()
        return struct({"at": at.cast("float64"), "row": row["_row"]})
