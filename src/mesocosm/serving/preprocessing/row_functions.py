"""Functions of one row of values, where they are sure to agree with the engine. Knows Python's
values; knows no SQL.

A step returns a value or null (None), or raises `Unsure`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

Values = list[Any]
Step = Callable[[Values], Any]
# a step and the kind of its value: text, int, float, decimal (a literal's), bool, null or other
# (which is null or unsure)
Node = tuple[Step, str]

EXACT = 2**53  # whole numbers below it are whole in a double too
SPACES = (  # what `trim` removes (Zs)
    " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"
    "\u205f\u3000"
)
DECIMAL_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
WHOLE_NUMBER = re.compile(r"-?\d{1,15}", re.ASCII)
# a text with one of these is not a number
NOT_A_NUMBER = re.compile(r"[^0-9+\-.eE_ \t\n\r\v\ffinatyINFATY]")
# characters of scripts where Python and the engine may lower differently
ODD_CASE = re.compile(
    r"[^\x00-\u012f\u0131-\u017f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u3000-\u303f"
    r"\u3040-\u30ff\u4e00-\u9fa5\uac00-\ud7a3\uff00-\uff20]"
)
NUMBERS = frozenset(("int", "float", "decimal"))


class Unsure(Exception):
    """The program is not sure of the engine's result for this row."""


def unsure(env: Values) -> Any:
    """A step that is left to the engine."""
    raise Unsure


UNKNOWN: Node = (unsure, "other")


def constant(value: Any) -> Step:
    """A step that returns one value."""
    return lambda env: value


def map_value(step: Step, call: Callable[[Any], Any]) -> Step:
    """A function of a value; null stays null."""

    def mapped(env: Values) -> Any:
        value = step(env)
        if value is None:
            return None
        return call(value)

    return mapped


def map_pair(left: Step, right: Step, call: Callable[[Any, Any], Any]) -> Step:
    """A function of two values; null where one is."""

    def mapped(env: Values) -> Any:
        a, b = left(env), right(env)
        if a is None or b is None:
            return None
        return call(a, b)

    return mapped


def only_null(step: Step) -> Step:
    """Null where a step returns it; every other result is left to the engine."""

    def null(env: Values) -> Any:
        if step(env) is not None:
            raise Unsure

    return null


def compare(call: Callable[[Any, Any], bool], left: Node, right: Node) -> Node:
    """A comparison of two values of like kinds."""
    kinds = {left[1], right[1]}
    if "null" in kinds:
        return constant(None), "bool"
    kinds -= {"other"}
    if not kinds <= NUMBERS and len(kinds) != 1:
        return UNKNOWN
    return map_pair(left[0], right[0], call), "bool"


def calculate(call: Callable[[Any, Any], Any], left: Node, right: Node) -> Node:
    """A number of two numbers, as long as a double holds it."""
    kinds = {left[1], right[1]}
    if kinds == {"int"}:
        return map_pair(left[0], right[0], partial(_calculate_integer, call)), "int"
    if "float" in kinds and kinds <= NUMBERS:
        return map_pair(left[0], right[0], partial(_calculate_double, call)), "float"
    return UNKNOWN


def _calculate_integer(call: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    result = call(a, b)
    if abs(result) >= EXACT:
        raise Unsure
    return result


def _calculate_double(call: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    result = call(a, b)
    if not math.isfinite(result):
        raise Unsure
    return result


def unify_kinds(made: Sequence[Node]) -> tuple[list[Step], str]:
    """Branches of one kind; whole numbers beside doubles are doubles."""
    kinds = {kind for _, kind in made} - {"null", "other"}
    if len(kinds) <= 1:
        return [step for step, _ in made], next(iter(kinds), "other")
    if not kinds <= NUMBERS or "float" not in kinds:
        return [unsure for _ in made], "other"
    steps = []
    for step, kind in made:
        if kind == "int":
            step = map_value(step, float)
        steps.append(step)
    return steps, "float"


def first_true(whens: Sequence[Step], steps: Sequence[Step]) -> Step:
    """The branch of the first condition that is true, or the last branch."""
    *branches, last = steps
    pairs = list(zip(whens, branches, strict=True))

    def first(env: Values) -> Any:
        for when, step in pairs:
            if when(env):
                return step(env)
        return last(env)

    return first


def look_up(key: Step, table: Mapping[str, Step], last: Step) -> Step:
    """The branch of a text, or the last one."""
    return lambda env: table.get(key(env), last)(env)


def first_non_null(steps: Sequence[Step]) -> Step:
    """The first value that is not null."""

    def first(env: Values) -> Any:
        for step in steps:
            value = step(env)
            if value is not None:
                return value
        return None

    return first


def connect(left: Step, right: Step, decides: bool) -> Step:
    """AND (decided by False) and OR (decided by True); what is not decided is null where either
    is.
    """

    def connected(env: Values) -> Any:
        a = left(env)
        if a is decides:
            return decides
        b = right(env)
        if b is decides:
            return decides
        if a is None or b is None:
            return None
        return not decides

    return connected


def to_lower(value: str) -> str:
    """Small letters, of scripts where the engine knows the same ones."""
    if not value.isascii() and ODD_CASE.search(value):
        raise Unsure
    return value.lower()


def to_upper(value: str) -> str:
    """Capital letters of ASCII."""
    if not value.isascii():
        raise Unsure
    return value.upper()


def round_half_away(value: float, scale: float) -> float:
    """A double rounded half away from zero, at a power of ten."""
    size = abs(value * scale)
    if not size < EXACT:
        raise Unsure
    down = math.floor(size)
    return math.copysign(float(down + (size - down >= 0.5)), value) / scale


def to_double(value: str, tried: bool) -> float | None:
    """A text as a double; where it is not a number null, if it is `tried`."""
    if DECIMAL_NUMBER.fullmatch(value):
        return float(value)
    if tried and NOT_A_NUMBER.search(value):
        return None
    raise Unsure


def to_integer(value: Any, tried: bool) -> int | None:
    """A double or a text as a whole number."""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= EXACT:
            raise Unsure
        return int(value)
    if WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if tried and NOT_A_NUMBER.search(value):
        return None
    raise Unsure


CONVERSIONS: dict[tuple[str, str], Callable[[Any, bool], Any]] = {
    ("text", "float"): to_double,
    ("text", "int"): to_integer,
    ("float", "int"): to_integer,
    ("int", "float"): lambda v, tried: float(v),
    ("decimal", "float"): lambda v, tried: v,
    ("int", "text"): lambda v, tried: str(v),
    ("bool", "text"): lambda v, tried: "true" if v else "false",
}
