"""The mean of the training rows."""

from __future__ import annotations

from typing import ClassVar, Literal

from mesocosm.data.cleaning.missing.imputer import Imputer
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table, functions


class Mean(Imputer):
    """Impute the mean.

    Args:
        by: a field; each of its values has a mean of its own, the whole's where it has none.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 4.2.1.

    >>> Mean().facts(2.5, {"a": 1.0}, whole=True)
    {'fill': 2, 'groups': {'a': 1}}
    """

    numeric: ClassVar[bool] = True
    method: Literal["mean"] = "mean"
    by: str | None = None

    def measure(self, x: Column, row: Table) -> Scalar:
        """The mean to 12 digits, whatever the order of the rows."""
        return functions()["steady_mean"](x.cast("float64"))
