"""A bound on a metric as people write it: `>= 0.60`, `<= 150`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from mesocosm.core.messages import Message

TESTS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def parse_bound(text: str) -> tuple[str, float]:
    """The comparison and the figure of a bound.

    Raises:
        ValueError: the text is not a bound.

    >>> parse_bound(">= 0.6")
    ('>=', 0.6)
    """
    match = re.fullmatch(r"\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*", text)
    if not match:
        raise ValueError(Message("core.a_bound"))
    return match[1], float(match[2])


def satisfies(text: str, figure: float) -> bool:
    """Whether a figure satisfies a bound; nan does not.

    >>> satisfies(">= 0.6", 0.6), satisfies("<= 1", float("nan"))
    (True, False)
    """
    sign, limit = parse_bound(text)
    return TESTS[sign](figure, limit)


def _check_bound(text: str) -> str:
    parse_bound(text)
    return text


Bound = Annotated[str, AfterValidator(_check_bound)]
