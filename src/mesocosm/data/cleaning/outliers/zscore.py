"""Bounds by the mean and the standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, functions


class Zscore(OutlierDetector):
    """The mean less and plus k standard deviations.

    Args:
        k: width of the bounds, over 0; 3 where not given.
        by: a field; each of its values has bounds of its own.
        action: `clip` to the bounds, `flag` in the report, make it `null`, or `quarantine` the row.

    Source: Grubbs 1969, Technometrics 11(1).

    >>> Zscore(k=2).fit_bounds({"mean": 3.0, "sd": 1.0})
    {'low': 1.0, 'high': 5.0}
    """

    method: Literal["zscore"] = "zscore"

    def measures(self, x: Column) -> dict[str, Scalar]:
        """Mean and standard deviation, to digits that do not depend on the order of the rows."""
        x = x.cast("float64")
        return {"mean": functions()["steady_mean"](x), "sd": functions()["steady_sd"](x)}

    def place_bounds(self, measured: Mapping[str, float]) -> tuple[float, float]:
        """From mean and standard deviation."""
        wide = (self.k or 3.0) * measured["sd"]
        return measured["mean"] - wide, measured["mean"] + wide
