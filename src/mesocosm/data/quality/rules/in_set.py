"""A value must be one of those listed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.sources.path_utils import quote, text


class InSet(RuleKind):
    """A value must be one of `values`, as text; a null passes.

    Args:
        of: the field or fields; the field itself where the rule stands under one.
        values: the values allowed.

    Source: ISO/IEC 9075-2 (SQL), CHECK with IN.

    >>> InSet(of="x", values=("a", "b")).breaks()
    'coalesce("x"::varchar not in (\\'a\\', \\'b\\'), false)'
    """

    rule: Literal["in_set"] = "in_set"
    of: Of = ()
    values: tuple[str, ...] = Field(min_length=1)

    def sentence(self) -> str:
        """The values allowed."""
        return f"breaks the rule: {', '.join(self.of)} in {', '.join(self.values)[:80]}"

    def breaks(self) -> str:
        """True where another value stands."""
        allowed = ", ".join(text(v) for v in self.values)
        return (
            "coalesce("
            + " or ".join(f"{quote(n)}::varchar not in ({allowed})" for n in self.of)
            + ", false)"
        )
