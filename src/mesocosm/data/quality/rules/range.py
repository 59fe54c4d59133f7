"""A number or date must lie between two ends."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import model_validator

from mesocosm.core.messages import Message
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.sources.path_utils import quote, text


class Range(RuleKind):
    """A value must be at least `min` and at most `max`; a null passes.

    Args:
        of: the field or fields; the field itself where the rule stands under one.
        min: the least value allowed.
        max: the greatest value allowed.

    Source: ISO 8000-8, validity of data by domain.

    >>> Range(of="age", min=18, max=100).sentence()
    'breaks the rule: age between 18 and 100'
    """

    type: Literal["range"] = "range"
    of: Of = ()
    min: float | date | None = None
    max: float | date | None = None

    @model_validator(mode="after")
    def _one(self) -> Range:
        if self.min is None and self.max is None:
            raise ValueError(Message("config.min_or_max"))
        return self

    def sentence(self) -> str:
        """The ends."""
        if self.max is None:
            ends = f"at least {_shown(self.min)}"
        elif self.min is None:
            ends = f"at most {_shown(self.max)}"
        else:
            ends = f"between {_shown(self.min)} and {_shown(self.max)}"
        return f"breaks the rule: {', '.join(self.of)} {ends}"

    def breaks(self) -> str:
        """True where a value lies outside."""
        tests = []
        for name in self.of:
            if self.min is not None:
                tests.append(f"{quote(name)} < {_sql(self.min)}")
            if self.max is not None:
                tests.append(f"{quote(name)} > {_sql(self.max)}")
        return "coalesce(" + " or ".join(tests) + ", false)"


def _shown(end: float | date | None) -> str:
    return f"{end:g}" if isinstance(end, (int, float)) else str(end)


def _sql(end: float | date) -> str:
    return f"date {text(end.isoformat())}" if isinstance(end, date) else repr(end)
