"""The value most seen among the training rows."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.cleaning.missing.imputer import Imputer
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table, functions


class Mode(Imputer):
    """Impute the most frequent value; the smallest where several are.

    Args:
        by: a field; each of its values has a mode of its own, the whole's where it has none.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 4.2.1.

    >>> Mode(by="city").other_fields
    ('city',)
    """

    method: Literal["mode"] = "mode"
    by: str | None = None

    def measure(self, x: Column, row: Table) -> Scalar:
        """The mode; ties go to the smallest value, so that row order never matters."""
        kind = str(x.type())
        return functions()["steady_mode"](x.cast("string")).cast(kind)
