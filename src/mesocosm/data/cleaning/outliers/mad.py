"""Bounds by the median and the median absolute deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, functions


class Mad(OutlierDetector):
    """The median less and plus k times 1.4826 MAD, a z-score that outliers cannot pull.

    Args:
        k: width of the bounds, over 0; 3.5 where not given.
        by: a field; each of its values has bounds of its own.
        action: `clip` to the bounds, `flag` in the report, make it `null`, or `quarantine` the row.

    Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993).

    >>> Mad(k=1).fit_bounds({"median": 10.0, "mad": 1.0})
    {'low': 8.5174, 'high': 11.4826}
    """

    method: Literal["mad"] = "mad"

    def measures(self, x: Column) -> dict[str, Scalar]:
        """Median and median absolute deviation."""
        return {"median": x.median().cast("float64"), "mad": functions()["mad"](x.cast("float64"))}

    def place_bounds(self, measured: Mapping[str, float]) -> tuple[float, float]:
        """From median and deviation."""
        wide = (self.k or 3.5) * 1.4826 * measured["mad"]
        return measured["median"] - wide, measured["median"] + wide
