"""Text functions of SQL compiled to steps over one row. Knows SQL's syntax tree."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlglot import exp

from mesocosm.serving.preprocessing import row_functions as s
from mesocosm.serving.preprocessing.patterns import as_python
from mesocosm.serving.preprocessing.syntax import find_part, list_parts

# columns by name in lower case: their name, their place in a row and their kind
Scope = dict[str, tuple[str, int, str]]
TRIMMED: dict[str, Callable[[str, str], str]] = {
    "": str.strip,
    "BOTH": str.strip,
    "LEADING": str.lstrip,
    "TRAILING": str.rstrip,
}


class TextCompiler(ABC):
    """Text functions as steps; their arguments are any expressions."""

    def __init__(self, scope: Scope, alias: str, functions: Mapping[str, s.TextFunction]) -> None:
        self.scope, self.alias, self.functions = scope, alias, functions

    @abstractmethod
    def node(self, node: exp.Expr | None) -> s.Node:
        """One expression."""

    def texts(self, *nodes: exp.Expr | None) -> list[s.Step] | None:
        """Steps of arguments that are texts, None where one is something else."""
        made = [self.node(n) for n in nodes]
        if not all(kind in ("text", "null", "other") for _, kind in made):
            return None
        return [step for step, _ in made]

    def trim(self, node: exp.Expr) -> s.Node:
        """Characters removed at the ends."""
        steps, by = self.texts(find_part(node)), find_part(node, "expression")
        call, chars = TRIMMED.get(node.text("position")), s.SPACES
        if steps is None or call is None:
            return s.UNKNOWN
        if by is not None:
            if not by.is_string:
                return s.UNKNOWN
            chars = by.name
        return s.map_value(steps[0], partial(_strip, call=call, chars=chars)), "text"

    def substring(self, node: exp.Expr) -> s.Node:
        """Characters from one place on."""
        arguments = [find_part(node, key) for key in ("this", "start", "length")]
        made = [self.node(argument) for argument in arguments if argument is not None]
        if [kind for _, kind in made] not in (["text", "int"], ["text", "int", "int"]):
            return s.UNKNOWN
        steps = [step for step, _ in made]
        return (lambda env: _cut([step(env) for step in steps])), "text"

    def right(self, node: exp.Expr) -> s.Node:
        """The last or the first characters."""
        steps, count = self.texts(find_part(node)), find_part(node, "expression")
        if steps is None or not isinstance(count, exp.Literal) or not count.is_int:
            return s.UNKNOWN
        if count.name == "0":
            return s.UNKNOWN
        part = slice(None, int(count.name))
        if isinstance(node, exp.Right):
            part = slice(-int(count.name), None)
        return s.map_value(steps[0], partial(_slice, part=part)), "text"

    def length(self, node: exp.Expr) -> s.Node:
        """How many characters."""
        steps = self.texts(find_part(node))
        if not steps:
            return s.UNKNOWN
        return s.map_value(steps[0], len), "int"

    def lower(self, node: exp.Expr) -> s.Node:
        """Small or capital letters, of scripts where Python and the engine agree."""
        steps = self.texts(find_part(node))
        if not steps:
            return s.UNKNOWN
        call = s.to_lower if isinstance(node, exp.Lower) else s.to_upper
        return s.map_value(steps[0], call), "text"

    def replace(self, node: exp.Expr) -> s.Node:
        """One text in place of another."""
        steps = self.texts(find_part(node))
        one, other = _read_text(node, "expression"), _read_text(node, "replacement")
        if not steps or not one or other is None:
            return s.UNKNOWN
        return s.map_value(steps[0], partial(_replace, one=one, other=other)), "text"

    def translate(self, node: exp.Expr) -> s.Node:
        """Characters in place of others."""
        steps = self.texts(find_part(node))
        one, other = _read_text(node, "from_"), _read_text(node, "to")
        if not steps or one is None or other is None:
            return s.UNKNOWN
        if not len(set(one)) == len(one) == len(other):
            return s.UNKNOWN
        return s.map_value(steps[0], partial(_translate, table=str.maketrans(one, other))), "text"

    def joined(self, node: exp.Expr) -> s.Node:
        """Two texts as one."""
        steps = self.texts(find_part(node), find_part(node, "expression"))
        if not steps:
            return s.UNKNOWN
        return s.map_pair(steps[0], steps[1], _join), "text"

    def pattern(self, node: exp.Expr) -> s.Node:
        """A regular expression: where Python reads it as the engine does, whether or what it
        matches; else the match of null is null.
        """
        step, kind = self.node(find_part(node))
        known = _read_pattern(node) if kind == "text" else None
        if known is not None and isinstance(node, exp.RegexpLike) and not node.args.get("flag"):
            return s.map_value(step, partial(_matches, known)), "bool"
        if known is not None and _is_plain_extract(node):
            return s.map_value(step, partial(_extract, known)), "text"
        if isinstance(find_part(node, "group"), exp.Array):
            return s.UNKNOWN
        return s.only_null(step), "other"

    def contains(self, node: exp.Expr) -> s.Node:
        """Whether a text contains another."""
        steps = self.texts(find_part(node), find_part(node, "expression"))
        if not steps:
            return s.UNKNOWN
        return s.map_pair(steps[0], steps[1], _contains), "bool"

    def call(self, node: exp.Expr) -> s.Node:
        """A function by its name."""
        name = node.name.lower()
        steps = self.texts(*list_parts(node))
        if steps and name == "strlen":
            return s.map_value(steps[0], _count_bytes), "int"
        if steps and name in self.functions:
            return s.call_function(self.functions[name], steps), "text"
        return s.UNKNOWN


def _cut(values: Sequence[object]) -> object:
    """A part of a text, from a place that is counted from one; null where an argument is."""
    text, start, length = values if len(values) == 3 else (*values, sys.maxsize)
    if not isinstance(text, str) or not isinstance(start, int) or not isinstance(length, int):
        return None  # the kinds leave null alone
    if start < 1 or length < 0:
        raise s.Unsure
    return text[start - 1 : start - 1 + length]


def _strip(text: str, call: Callable[[str, str], str], chars: str) -> str:
    return call(text, chars)


def _slice(text: str, part: slice) -> str:
    return text[part]


def _replace(text: str, one: str, other: str) -> str:
    return text.replace(one, other)


def _translate(text: str, table: dict[int, int]) -> str:
    return text.translate(table)


def _join(left: str, right: str) -> str:
    return left + right


def _contains(text: str, part: str) -> bool:
    return part in text


def _count_bytes(text: str) -> int:
    return len(text.encode())


def _read_text(node: exp.Expr, key: str) -> str | None:
    """An argument that is a literal text; None where it is another expression."""
    part = find_part(node, key)
    if part is None or not part.is_string:
        return None
    return part.name


def _read_pattern(node: exp.Expr) -> re.Pattern[str] | None:
    """A literal pattern as Python's, where both read it alike."""
    pattern = _read_text(node, "expression")
    if pattern is None:
        return None
    return as_python(pattern)


def _is_plain_extract(node: exp.Expr) -> bool:
    """Whether it extracts the whole match, without options."""
    group = find_part(node, "group")
    if not isinstance(node, exp.RegexpExtract) or node.args.get("parameters"):
        return False
    return isinstance(group, exp.Literal) and group.name == "0"


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text) is not None


def _extract(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if not found:
        return ""
    return found[0]
