"""Text functions of SQL compiled to steps over one row. Knows SQL's syntax tree."""

from __future__ import annotations

import operator
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from sqlglot import exp

from mesocosm.serving.preprocessing import row_functions as s
from mesocosm.serving.preprocessing.patterns import as_python

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

    def __init__(
        self, scope: Scope, alias: str, functions: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.scope, self.alias, self.functions = scope, alias, functions

    @abstractmethod
    def node(self, node: Any) -> s.Node:
        """One expression."""

    def texts(self, *nodes: Any) -> list[s.Step] | None:
        """Steps of arguments that are texts, None where one is something else."""
        made = [self.node(n) for n in nodes]
        if not all(kind in ("text", "null", "other") for _, kind in made):
            return None
        return [step for step, _ in made]

    def trim(self, node: exp.Trim) -> s.Node:
        """Characters removed at the ends."""
        steps, by = self.texts(node.this), node.args.get("expression")
        call, chars = TRIMMED.get(node.args.get("position") or ""), s.SPACES
        if steps is None or call is None:
            return s.UNKNOWN
        if by is not None:
            if not by.is_string:
                return s.UNKNOWN
            chars = by.this
        return s.map_value(steps[0], lambda v: call(v, chars)), "text"

    def substring(self, node: exp.Substring) -> s.Node:
        """Characters from one place on."""
        arguments = (node.this, node.args.get("start"), node.args.get("length"))
        made = [self.node(n) for n in arguments if n is not None]
        if [k for _, k in made] not in (["text", "int"], ["text", "int", "int"]):
            return s.UNKNOWN
        steps = [step for step, _ in made]
        return (lambda env: _cut(*[step(env) for step in steps])), "text"

    def right(self, node: Any) -> s.Node:
        """The last or the first characters."""
        steps, count = self.texts(node.this), node.expression
        if steps is None or not isinstance(count, exp.Literal) or not count.is_int:
            return s.UNKNOWN
        if count.this == "0":
            return s.UNKNOWN
        part = slice(None, int(count.this))
        if isinstance(node, exp.Right):
            part = slice(-int(count.this), None)
        return s.map_value(steps[0], itemgetter(part)), "text"

    def length(self, node: exp.Length) -> s.Node:
        """How many characters."""
        steps = self.texts(node.this)
        if not steps:
            return s.UNKNOWN
        return s.map_value(steps[0], len), "int"

    def lower(self, node: Any) -> s.Node:
        """Small or capital letters, of scripts where Python and the engine agree."""
        steps = self.texts(node.this)
        if not steps:
            return s.UNKNOWN
        call = s.to_lower if isinstance(node, exp.Lower) else s.to_upper
        return s.map_value(steps[0], call), "text"

    def replace(self, node: exp.Replace) -> s.Node:
        """One text in place of another."""
        steps = self.texts(node.this)
        one, other = node.expression, node.args.get("replacement")
        if not steps or other is None or not (one.is_string and other.is_string and one.this):
            return s.UNKNOWN
        return s.map_value(steps[0], lambda v: v.replace(one.this, other.this)), "text"

    def translate(self, node: exp.Translate) -> s.Node:
        """Characters in place of others."""
        steps, one, other = self.texts(node.this), node.args["from_"], node.args["to"]
        if (
            not steps
            or not (one.is_string and other.is_string)
            or not len(set(one.this)) == len(one.this) == len(other.this)
        ):
            return s.UNKNOWN
        table = str.maketrans(one.this, other.this)
        return s.map_value(steps[0], lambda v: v.translate(table)), "text"

    def joined(self, node: exp.DPipe) -> s.Node:
        """Two texts as one."""
        steps = self.texts(node.this, node.expression)
        if not steps:
            return s.UNKNOWN
        return s.map_pair(steps[0], steps[1], operator.add), "text"

    def pattern(self, node: Any) -> s.Node:
        """A regular expression: where Python reads it as the engine does, whether or what it
        matches; else the match of null is null.
        """
        (step, kind), group = self.node(node.this), node.args.get("group")
        known = _read_pattern(node.expression) if kind == "text" else None
        if known is not None and isinstance(node, exp.RegexpLike) and not node.args.get("flag"):
            return s.map_value(step, lambda v: known.search(v) is not None), "bool"
        if known is not None and _is_plain_extract(node):
            return s.map_value(step, partial(_extract, known)), "text"
        if isinstance(group, exp.Array):
            return s.UNKNOWN
        return s.only_null(step), "other"

    def contains(self, node: exp.Contains) -> s.Node:
        """Whether a text contains another."""
        steps = self.texts(node.this, node.expression)
        if not steps:
            return s.UNKNOWN
        return s.map_pair(steps[0], steps[1], operator.contains), "bool"

    def call(self, node: exp.Anonymous) -> s.Node:
        """A function by its name."""
        name = str(node.this).lower()
        steps = self.texts(*node.expressions)
        if steps and name == "strlen":
            return s.map_value(steps[0], lambda v: len(v.encode())), "int"
        if steps and name in self.functions:
            function = self.functions[name]

            def result(env: s.Values) -> Any:
                values = [step(env) for step in steps]
                if values[0] is None:
                    return None
                return function(*values)

            return result, "text"
        return s.UNKNOWN


def _cut(text: Any, start: Any, length: Any = sys.maxsize) -> Any:
    """A part of a text, from a place that is counted from one; null where an argument is."""
    if text is None or start is None or length is None:
        return None
    if start < 1 or length < 0:
        raise s.Unsure
    return text[start - 1 : start - 1 + length]


def _read_pattern(node: Any) -> re.Pattern[str] | None:
    """A literal pattern as Python's, where both read it alike."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        return None
    return as_python(node.this)


def _is_plain_extract(node: Any) -> bool:
    """Whether it extracts the whole match, without options."""
    group = node.args.get("group")
    if not isinstance(node, exp.RegexpExtract) or node.args.get("parameters"):
        return False
    return isinstance(group, exp.Literal) and bool(group.this == "0")


def _extract(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if not found:
        return ""
    return found[0]
