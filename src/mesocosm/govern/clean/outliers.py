"""Outliers of one numeric field: fenced by what the training rows say, then acted on.

Knows Ibis columns. Knows nothing of files, engines or the order of the steps.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mesocosm.base.kinds import Kind
from mesocosm.govern.expr import Column, Scalar, cases, literal, null


class Outliers(Kind):
    """Fence a numeric field and act on what lies outside.

    Args:
        method: `iqr` (box plot: Q1 - k IQR, Q3 + k IQR) or `zscore` (mean +- k sd).
        k: width of the fence, > 0; 1.5 where not given for `iqr`, 3 for `zscore`.
        action: `clip` to the fence, `quarantine` the row with a reason, or `flag` it in the report.

    Source: Tukey, Exploratory Data Analysis (1977), ch. 2.

    >>> step = Outliers(action="clip")
    >>> step.fence({"q1": 2.0, "q3": 4.0, "mean": 3.0, "sd": 1.0})
    {'low': -1.0, 'high': 7.0}
    """

    short: ClassVar[str] = "method"
    method: Literal["iqr", "zscore"] = "iqr"
    k: float | None = Field(None, gt=0)
    action: Literal["clip", "quarantine", "flag"] = "clip"

    def measures(self, x: Column) -> dict[str, Scalar]:
        """Aggregates over the training rows that the fence needs."""
        if self.method == "iqr":
            return {"q1": x.quantile(0.25), "q3": x.quantile(0.75)}
        return {"mean": x.mean(), "sd": x.std(how="sample")}

    def fence(self, measured: dict[str, float | None]) -> dict[str, float]:
        """The fence from the measures; none where the training rows hold no value."""
        if any(value is None for value in measured.values()):
            return {}
        if self.method == "iqr":
            q1, q3 = float(measured["q1"] or 0), float(measured["q3"] or 0)
            reach, low, high = (self.k or 1.5) * (q3 - q1), q1, q3
        else:
            low = high = float(measured["mean"] or 0)
            reach = (self.k or 3.0) * float(measured["sd"] or 0)
        return {"low": low - reach, "high": high + reach}

    def value(self, x: Column, facts: dict[str, float]) -> Column:
        """The field after the step; null stays null."""
        if self.action != "clip" or not facts:
            return x
        low, high = facts["low"], facts["high"]
        if x.type().is_integer():
            low, high = int(-(-low // 1)), int(high // 1)
            if low > high:
                return x
        return cases((x < low, literal(low)), (x > high, literal(high)), other=x).cast(x.type())

    def outside(self, x: Column, facts: dict[str, float]) -> Column:
        """Whether a value lies outside the fence; false for null."""
        if not facts:
            return literal(False)
        return ((x < facts["low"]) | (x > facts["high"])).fill_null(False)

    def reason(self, x: Column, facts: dict[str, float], said: str) -> Column:
        """Why a row is set aside, else null; `said` names the field."""
        if self.action != "quarantine" or not facts:
            return null()
        fence = f"{said} lies outside {facts['low']:.6g} to {facts['high']:.6g} ({self.method})"
        return cases((self.outside(x, facts), literal(fence)), other=null())
