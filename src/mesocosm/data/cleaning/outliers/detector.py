"""What every outlier detector has: bounds from measures of the training rows, and what is done
outside of them.

Knows Ibis columns. Knows nothing of files, engines or the order of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.facts import Bounds, DetectorFacts
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table, cases, literal, map_values, null

if TYPE_CHECKING:
    from mesocosm.data.cleaning.facts import Matrix


class OutlierDetector(Settings):
    """Find the outliers of a numeric field and act on them; each kind says where the bounds are.

    `quantiles` names the quantiles that are the measures; `matrix` says that the detector learns
    from all numeric fields.
    """

    short: ClassVar[str] = "method"
    quantiles: ClassVar[dict[str, float]] = {}
    matrix: ClassVar[bool] = False
    method: str
    k: float | None = Field(None, gt=0)
    by: str | None = None
    action: Literal["clip", "flag", "null", "quarantine"] = "clip"

    @property
    def other_fields(self) -> tuple[str, ...]:
        """Other fields the step reads."""
        return (self.by,) if self.by else ()

    def measures(self, x: Column) -> dict[str, Scalar]:
        """Aggregates over the training rows that the bounds need."""
        return {name: x.quantile(at) for name, at in self.quantiles.items()}

    def fit_bounds(self, measured: Mapping[str, float | None]) -> Bounds | None:
        """Low and high from the measures; None where the training rows hold no value."""
        seen = {name: float(value) for name, value in measured.items() if value is not None}
        if not measured or len(seen) < len(measured):
            return None
        low, high = self.place_bounds(seen)
        return {"low": low, "high": high}

    def place_bounds(self, measured: Mapping[str, float]) -> tuple[float, float]:
        """Where the bounds are."""
        raise NotImplementedError

    def fit(self, name: str, names: Sequence[str], matrix: Matrix) -> DetectorFacts:
        """Facts from the training rows of all numeric fields (rows x fields, nan where missing)."""
        del name, names, matrix
        return {}

    def ends(self, x: Column, facts: DetectorFacts, row: Table) -> tuple[Column, Column]:
        """The bounds of each row: its group's where it has some, else those of all rows."""
        low, high = literal(float(facts["low"])), literal(float(facts["high"]))
        groups = facts.get("groups")
        if not groups or not self.by:
            return low, high
        group = row[self.by].cast("string")
        lows = {name: bounds["low"] for name, bounds in groups.items()}
        highs = {name: bounds["high"] for name, bounds in groups.items()}
        return (
            map_values(group, lows, "float64").fill_null(low),
            map_values(group, highs, "float64").fill_null(high),
        )

    def value(self, x: Column, facts: DetectorFacts, row: Table) -> Column:
        """The field after the step; null stays null."""
        if not facts or self.action not in ("clip", "null"):
            return x
        if self.action == "null":
            return cases((self.outside(x, facts, row), null(str(x.type()))), other=x)
        return self._clip(x, facts, row)

    def _clip(self, x: Column, facts: DetectorFacts, row: Table) -> Column:
        """The value itself within the bounds, else the nearest bound; of whole numbers a whole
        one.
        """
        low, high = self.ends(x, facts, row)
        if x.type().is_integer():
            low, high = low.ceil().cast("int64"), high.floor().cast("int64")
            return cases((low > high, x), (x < low, low), (x > high, high), other=x).cast(x.type())
        return cases((x < low, low), (x > high, high), other=x).cast(x.type())

    def clips(self, facts: DetectorFacts | None, whole: bool) -> tuple[float, float] | None:
        """The least and greatest value after the step, where it clips and all rows have the same
        bounds; of whole numbers the whole ones within them.
        """
        if not facts or self.action != "clip" or "groups" in facts or "low" not in facts:
            return None
        low, high = float(facts["low"]), float(facts["high"])
        if not whole:
            return low, high
        return _narrow_to_whole(low, high)

    def outside(self, x: Column, facts: DetectorFacts, row: Table) -> Column:
        """Whether a value lies outside; false for null."""
        if not facts:
            return literal(False)
        low, high = self.ends(x, facts, row)
        return ((x < low) | (x > high)).fill_null(False)

    def reason(
        self, x: Column, facts: DetectorFacts, row: Table, name: str, private: bool = False
    ) -> Column:
        """Why a row is quarantined, else null; `name` names the field. Bounds of a private field
        come from its values, so they are not named.
        """
        if self.action != "quarantine" or not facts:
            return null()
        why = f"{name} {self.describe(facts)}"
        if private:
            why = f"{name}: a private value lies outside the fence ({self.method})"
        return cases((self.outside(x, facts, row), literal(why)), other=null())

    def describe(self, facts: DetectorFacts) -> str:
        """What is wrong with a value outside, in words."""
        if "groups" in facts:
            return f"lies outside the fence of its {self.by} ({self.method})"
        return f"lies outside {facts['low']:.6g} to {facts['high']:.6g} ({self.method})"


def _narrow_to_whole(low: float, high: float) -> tuple[float, float] | None:
    """The whole numbers at the ends of a range; None where it holds none."""
    low, high = float(math.ceil(low)), float(math.floor(high))
    return (low, high) if low <= high else None
