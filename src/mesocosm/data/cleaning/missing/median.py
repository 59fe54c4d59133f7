"""The median of the training rows."""

from __future__ import annotations

from typing import ClassVar, Literal

from mesocosm.data.cleaning.missing.imputer import Imputer
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table


class Median(Imputer):
    """Impute the median, the mean of the two middle values where they are even in number.

    Args:
        by: a field; each of its values has a median of its own, the whole's where it has none.

    Source: Acuna and Rodriguez 2004, The treatment of missing values and its effect on accuracy.

    >>> Median().quantile
    0.5
    """

    numeric: ClassVar[bool] = True
    quantile: ClassVar[float | None] = 0.5
    method: Literal["median"] = "median"
    by: str | None = None

    def measure(self, x: Column, row: Table) -> Scalar:
        """The median."""
        return x.median()
