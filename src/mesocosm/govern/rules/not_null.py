"""A value must stand there."""

from __future__ import annotations

from typing import Literal

from mesocosm.govern.rules.of import Of
from mesocosm.govern.rules.rule import RuleKind
from mesocosm.govern.sources.paths import quote


class NotNull(RuleKind):
    """Every row must have the value, before gaps are filled.

    Args:
        of: the field or fields; the field itself where the rule stands under one.

    Source: ISO/IEC 9075-2 (SQL), NOT NULL.

    >>> NotNull(of="a").breaks()
    '("a" is null)'
    """

    rule: Literal["not_null"] = "not_null"
    of: Of = ()

    def sentence(self) -> str:
        """What is missing."""
        return f"breaks the rule: {' and '.join(self.of)} not null"

    def breaks(self) -> str:
        """True where one is missing."""
        return "(" + " or ".join(f"{quote(n)} is null" for n in self.of) + ")"
