"""Bounds at two quantiles: winsorizing, where outliers are clipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from mesocosm.plugins import Column, OutlierDetector, Scalar


class Winsor(OutlierDetector):
    """The bounds are the quantiles `share` and 1 - `share` of the training rows.

    Args:
        share: how much of the rows lies outside, at either end.
        by: a field; each of its values has bounds of its own.
        action: `clip` to the bounds, `flag` in the report, make it `null`, or `quarantine` the row.

    Source: Dixon 1960, Simplified estimation from censored normal samples.

    >>> Winsor().fit_bounds({"low": 2.0, "high": 4.0})
    {'low': 2.0, 'high': 4.0}
    """

    mesocosm_contract: ClassVar[int] = 1
    method: Literal["winsor"] = "winsor"
    share: float = Field(0.02, gt=0, lt=0.5)

    def measures(self, x: Column) -> dict[str, Scalar]:
        """The two quantiles."""
        return {"low": x.quantile(self.share), "high": x.quantile(1 - self.share)}

    def place_bounds(self, measured: Mapping[str, float]) -> tuple[float, float]:
        """The quantiles themselves."""
        return measured["low"], measured["high"]
