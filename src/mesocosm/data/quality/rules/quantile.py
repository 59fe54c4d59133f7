"""A quantile of a field must lie between two ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Quantile(RuleKind):
    """A quantile of a number must be at least `min` and at most `max`, over the rows that have it.

    Args:
        of: the field; the field itself where the rule stands under one.
        at: the share of values at or under the quantile: 0.5 is the median.
        min: the least quantile allowed.
        max: the greatest quantile allowed.

    Source: Hyndman and Fan 1996, Sample Quantiles in Statistical Packages, definition 7.

    >>> Quantile(of="amount", at=0.95, max=10_000).severity
    'warn'
    """

    type: Literal["quantile"] = "quantile"
    severity: Literal["warn", "stop"] = "warn"
    of: Of = ()
    at: float = Field(0.5, ge=0, le=1)
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _one(self) -> Quantile:
        if self.min is None and self.max is None:
            raise ValueError(Message("config.min_or_max"))
        return self

    def verdict(self, con: DuckDBPyConnection, table: str, known: Known) -> str | None:
        """The quantile, where it lies outside; of no value there is none."""
        del known
        name = self.of[0]
        row = con.execute(
            f"select quantile_cont({quote(name)}::double, {self.at!r}) from {table} where _why is"
            f" null and {quote(name)} is not null"
        ).fetchone()
        value = row[0] if row else None
        if value is None:
            return None
        if self.min is not None and value < self.min:
            return f"the {self.at:g} quantile of {name} is {value:g}; expected {self.min:g} or more"
        if self.max is not None and value > self.max:
            return f"the {self.at:g} quantile of {name} is {value:g}; expected {self.max:g} or less"
        return None
