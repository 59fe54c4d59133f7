"""What every imputer has: how it measures, what it puts in, why it quarantines a row.

Knows Ibis columns. Knows nothing of files, engines or the order of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.facts import FillValue, ImputerFacts
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table, literal, map_values, null

if TYPE_CHECKING:
    from mesocosm.data.cleaning.facts import Matrix


class Imputer(Settings):
    """One way to treat a missing value; each kind overrides what it needs.

    `numeric` says that the field must hold numbers, `quantile` which quantile is the measure, and
    `matrix` that the step learns from the other numeric fields too, `needs_other_rows` that a value
    is imputed from other rows and not from facts.
    """

    short: ClassVar[str] = "method"
    numeric: ClassVar[bool] = False
    quantile: ClassVar[float | None] = None
    matrix: ClassVar[bool] = False
    needs_other_rows: ClassVar[bool] = False
    method: str

    @property
    def other_fields(self) -> tuple[str, ...]:
        """Other fields the step reads."""
        return tuple(name for name in (getattr(self, "by", None),) if name)

    def measure(self, x: Column, row: Table) -> Scalar | None:
        """An aggregate over the training rows, after outliers were acted on; None where there is
        none.
        """
        del x, row
        return None

    def facts(
        self,
        measured: FillValue | None,
        groups: Mapping[str, FillValue | None],
        whole: bool,
    ) -> ImputerFacts:
        """What is put in the place of a missing value, as JSON.

        Args:
            measured: the measure over all training rows.
            groups: the measure of each group, where the step has `by`.
            whole: whether the field holds whole numbers.
        """
        if measured is None:
            return {}
        found: ImputerFacts = {"fill": _round_whole(measured, whole)}
        if groups:
            seen = {group: value for group, value in groups.items() if value is not None}
            found["groups"] = {group: _round_whole(v, whole) for group, v in seen.items()}
        return found

    def fit(self, name: str, names: Sequence[str], matrix: Matrix, whole: bool) -> ImputerFacts:
        """Facts from the training rows of all numeric fields (rows x fields, nan where missing)."""
        del name, names, matrix, whole
        return {}

    def value_of(self, x: Column, facts: ImputerFacts, row: Table, serving: bool) -> Column:
        """The field with its missing values imputed.

        Args:
            row: the table of fields as they were read.
            serving: rows come one by one, so no other row may be looked at.
        """
        del serving
        if "fill" not in facts:
            return x
        kind = str(x.type())
        imputed = x.fill_null(literal(facts["fill"]).cast(kind))
        groups = facts.get("groups")
        if not groups:
            return imputed
        of_group = map_values(row[self.other_fields[0]].cast("string"), groups, kind)
        return x.fill_null(of_group).fill_null(literal(facts["fill"]).cast(kind))

    def reason(self, x: Column, name: str) -> Column:
        """Why a row is quarantined, else null; `name` names the field."""
        del x, name
        return null()


def _round_whole(value: FillValue, whole: bool) -> FillValue:
    """A value that is put in, rounded where the field holds whole numbers."""
    if whole and isinstance(value, (int, float)):
        return round(float(value))
    return value


def list_others(matrix: Matrix, at: int) -> list[int]:
    """The places of the fields beside one that have a value in some row."""
    import numpy as np

    places = [place for place in range(matrix.shape[1]) if place != at]
    return [place for place in places if not np.isnan(matrix[:, place]).all()]
