"""A value must stand there."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.sources.path_utils import quote


class NotNull(RuleKind):
    """Every row must have the value, before missing values are imputed.

    Args:
        of: the field or fields; the field itself where the rule stands under one.

    Source: ISO/IEC 9075-2 (SQL), NOT NULL.

    >>> NotNull(of="a").breaks()
    '("a" is null)'
    """

    type: Literal["not_null"] = "not_null"
    of: Of = ()

    def sentence(self) -> str:
        """What is missing."""
        return f"breaks the rule: {' and '.join(self.of)} not null"

    def breaks(self) -> str:
        """True where one is missing."""
        return "(" + " or ".join(f"{quote(n)} is null" for n in self.of) + ")"
