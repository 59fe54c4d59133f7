"""A value the file names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mesocosm.data.cleaning.facts import FillValue, ImputerFacts
from mesocosm.data.cleaning.missing.imputer import Imputer


class Constant(Imputer):
    """Impute `value`.

    Args:
        value: what stands for a missing value.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 4.

    >>> Constant(value=0).facts(None, {}, whole=True)
    {'fill': 0}
    """

    method: Literal["constant"] = "constant"
    value: float | int | str | bool

    def facts(
        self,
        measured: FillValue | None,
        groups: Mapping[str, FillValue | None],
        whole: bool,
    ) -> ImputerFacts:
        """The value itself."""
        return super().facts(self.value, {}, whole)
