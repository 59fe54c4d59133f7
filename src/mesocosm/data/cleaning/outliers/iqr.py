"""The box plot's bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from mesocosm.data.cleaning.outliers.detector import OutlierDetector


class Iqr(OutlierDetector):
    """Q1 - k IQR to Q3 + k IQR.

    Args:
        k: width of the bounds, over 0; 1.5 where not given.
        by: a field; each of its values has bounds of its own.
        action: `clip` to the bounds, `flag` in the report, make it `null`, or `quarantine` the row.

    Source: Tukey, Exploratory Data Analysis (1977), ch. 2.

    >>> Iqr().fit_bounds({"q1": 2.0, "q3": 4.0})
    {'low': -1.0, 'high': 7.0}
    """

    quantiles: ClassVar[dict[str, float]] = {"q1": 0.25, "q3": 0.75}
    method: Literal["iqr"] = "iqr"

    def place_bounds(self, measured: Mapping[str, float]) -> tuple[float, float]:
        """From the quartiles."""
        wide = (self.k or 1.5) * (measured["q3"] - measured["q1"])
        return measured["q1"] - wide, measured["q3"] + wide
