"""Functions of one row of values, where they are sure to agree with the engine. Knows Python's
values; knows no SQL.

A step returns a value or null (None), or raises `Unsure`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar, cast

Values = list[object]
Step = Callable[[Values], object]
# a step and the kind of its value: text, int, float, decimal (a literal's), bool, null or other
# (which is null or unsure)
Node = tuple[Step, str]
Left = TypeVar("Left")
Right = TypeVar("Right")
Number = int | float
Arithmetic = Callable[[Number, Number], Number]


class TextFunction(Protocol):
    """A Python function of texts that a recipe's SQL calls by its name."""

    def __call__(self, *texts: str | None) -> object: ...


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


def unsure(env: Values) -> object:
    """A step that is left to the engine."""
    raise Unsure


UNKNOWN: Node = (unsure, "other")


def constant(value: object) -> Step:
    """A step that returns one value."""
    return lambda env: value


def map_value(step: Step, call: Callable[[Left], object]) -> Step:
    """A function of a value; null stays null."""
    # the kind of a node says of which type its values are
    typed = cast(Callable[[object], object], call)

    def mapped(env: Values) -> object:
        value = step(env)
        if value is None:
            return None
        return typed(value)

    return mapped


def map_pair(left: Step, right: Step, call: Callable[[Left, Right], object]) -> Step:
    """A function of two values; null where one is."""
    typed = cast(Callable[[object, object], object], call)

    def mapped(env: Values) -> object:
        a, b = left(env), right(env)
        if a is None or b is None:
            return None
        return typed(a, b)

    return mapped


def only_null(step: Step) -> Step:
    """Null where a step returns it; every other result is left to the engine."""

    def null(env: Values) -> None:
        if step(env) is not None:
            raise Unsure

    return null


def compare(call: Callable[[Left, Right], bool], left: Node, right: Node) -> Node:
    """A comparison of two values of like kinds."""
    kinds = {left[1], right[1]}
    if "null" in kinds:
        return constant(None), "bool"
    kinds -= {"other"}
    if not kinds <= NUMBERS and len(kinds) != 1:
        return UNKNOWN
    return map_pair(left[0], right[0], call), "bool"


def calculate(call: Arithmetic, left: Node, right: Node) -> Node:
    """A number of two numbers, as long as a double holds it."""
    kinds = {left[1], right[1]}
    if kinds == {"int"}:
        return map_pair(left[0], right[0], partial(_calculate_integer, call)), "int"
    if "float" in kinds and kinds <= NUMBERS:
        return map_pair(left[0], right[0], partial(_calculate_double, call)), "float"
    return UNKNOWN


def _calculate_integer(call: Arithmetic, a: Number, b: Number) -> Number:
    result = call(a, b)
    if abs(result) >= EXACT:
        raise Unsure
    return result


def _calculate_double(call: Arithmetic, a: Number, b: Number) -> Number:
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
        return [unsure] * len(made), "other"
    return [_widen(step, kind) for step, kind in made], "float"


def _widen(step: Step, kind: str) -> Step:
    """A step whose whole numbers are doubles."""
    if kind != "int":
        return step
    return map_value(step, _to_float)


def _to_float(value: int) -> float:
    return float(value)


def first_true(whens: Sequence[Step], steps: Sequence[Step]) -> Step:
    """The branch of the first condition that is true, or the last branch."""
    *branches, last = steps
    pairs = list(zip(whens, branches, strict=True))

    def first(env: Values) -> object:
        for when, step in pairs:
            if when(env):
                return step(env)
        return last(env)

    return first


def look_up(key: Step, table: Mapping[object, Step], last: Step) -> Step:
    """The branch of a text, or the last one."""
    return lambda env: table.get(key(env), last)(env)


def first_non_null(steps: Sequence[Step]) -> Step:
    """The first value that is not null."""

    def first(env: Values) -> object:
        for step in steps:
            value = step(env)
            if value is not None:
                return value
        return None

    return first


def call_function(function: TextFunction, steps: Sequence[Step]) -> Step:
    """A function of texts; null where the first is."""

    def called(env: Values) -> object:
        texts = cast(list[str | None], [step(env) for step in steps])  # the kinds say so
        if texts[0] is None:
            return None
        return function(*texts)

    return called


def choose_outer(steps: Sequence[Step], greatest: bool) -> Step:
    """The least or the greatest of numbers; what it is where one is null is left to the engine."""

    def outermost(env: Values) -> object:
        values = [step(env) for step in steps]
        if None in values:
            raise Unsure
        numbers = cast(list[Number], values)  # the kinds of the steps say so
        return max(numbers) if greatest else min(numbers)

    return outermost


def connect(left: Step, right: Step, decides: bool) -> Step:
    """AND (decided by False) and OR (decided by True); what is not decided is null where either
    is.
    """

    def connected(env: Values) -> object:
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


def to_integer(value: str | float, tried: bool) -> int | None:
    """A double or a text as a whole number."""
    if not isinstance(value, str):
        return _to_whole(value)
    if WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if tried and NOT_A_NUMBER.search(value):
        return None
    raise Unsure


def _to_whole(value: float) -> int:
    """A double that is whole, and exact."""
    if not value.is_integer() or abs(value) >= EXACT:
        raise Unsure
    return int(value)


def find_conversion(kind: str, target: str, tried: bool) -> Callable[[Step], Step] | None:
    """How a value of one kind becomes one of another; None where it is not known.

    Args:
        tried: whether a text that is not a number is null.
    """
    match kind, target:
        case "text", "float":
            return lambda step: map_value(step, partial(to_double, tried=tried))
        case (("text" | "float"), "int"):
            return lambda step: map_value(step, partial(to_integer, tried=tried))
        case "int", "float":
            return lambda step: map_value(step, _to_float)
        case "decimal", "float":
            return lambda step: step
        case "int", "text":
            return lambda step: map_value(step, str)
        case "bool", "text":
            return lambda step: map_value(step, _spell_truth)
    return None


def _spell_truth(value: bool) -> str:
    return "true" if value else "false"
