"""Set a row aside because a value is missing."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.cleaning.missing.imputer import Imputer
from mesocosm.data.pipeline.ibis_sql import Column, cases, literal, null


class Quarantine(Imputer):
    """Quarantine a row that lacks the value, with its original values.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 3.2 (complete
    cases).

    >>> Quarantine().method
    'quarantine'
    """

    method: Literal["quarantine"] = "quarantine"

    def reason(self, x: Column, name: str) -> Column:
        """That it is missing."""
        return cases((x.isnull(), literal(f"{name} is missing")), other=null())


class Drop(Quarantine):
    """Leave out a row that lacks the value; no row is lost, so it lies in the quarantine too.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 3.2 (complete
    cases).

    >>> Drop().method
    'drop'
    """

    method: Literal["drop"] = "drop"  # type: ignore[assignment]
