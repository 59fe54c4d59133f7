"""Functions of texts in SQL as steps over one row. Knows SQL's syntax tree."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from sqlglot import exp

from mesocosm.serving.preprocessing import row_functions as s
from mesocosm.serving.preprocessing.patterns import as_python

Scope = dict[
    str, tuple[str, int, str]
]  # columns by name in lower case: their name, where they stand and their kind
TRIMMED: dict[str, Callable[[str, str], str]] = {
    "": str.strip,
    "BOTH": str.strip,
    "LEADING": str.lstrip,
    "TRAILING": str.rstrip,
}


class TextCompiler(ABC):
    """Functions of texts as steps; what stands inside of them is any expression."""

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
        return (
            [step for step, _ in made]
            if all(kind in ("text", "null", "other") for _, kind in made)
            else None
        )

    def trim(self, node: exp.Trim) -> s.Node:
        """Characters taken away at the ends."""
        steps, by, call = (
            self.texts(node.this),
            node.args.get("expression"),
            TRIMMED.get(node.args.get("position") or ""),
        )
        if steps is None or call is None or not (by is None or by.is_string):
            return s.unsure, "other"
        chars = s.SPACES if by is None else by.this
        return s.map_value(steps[0], lambda v: call(v, chars)), "text"

    def substring(self, node: exp.Substring) -> s.Node:
        """Characters from one place on."""
        made = [
            self.node(n)
            for n in (node.this, node.args.get("start"), node.args.get("length"))
            if n is not None
        ]
        if [k for _, k in made] not in (["text", "int"], ["text", "int", "int"]):
            return s.unsure, "other"

        def cut(env: s.Values) -> Any:
            text, start, *length = [step(env) for step, _ in made]
            if text is None or start is None or None in length:
                return None
            if start < 1 or (length and length[0] < 0):
                raise s.Unsure
            return text[start - 1 : start - 1 + length[0]] if length else text[start - 1 :]

        return cut, "text"

    def right(self, node: Any) -> s.Node:
        """The last or the first characters."""
        steps, many = self.texts(node.this), node.expression
        if (
            steps is None
            or not isinstance(many, exp.Literal)
            or not many.is_int
            or many.this == "0"
        ):
            return s.unsure, "other"
        part = (
            slice(-int(many.this), None)
            if isinstance(node, exp.Right)
            else slice(None, int(many.this))
        )
        return s.map_value(steps[0], itemgetter(part)), "text"

    def length(self, node: exp.Length) -> s.Node:
        """How many characters."""
        steps = self.texts(node.this)
        return (s.map_value(steps[0], len), "int") if steps else (s.unsure, "other")

    def lower(self, node: Any) -> s.Node:
        """Small or capital letters, of scripts where both know the same ones."""
        steps = self.texts(node.this)
        return (
            (
                s.map_value(steps[0], s.to_lower if isinstance(node, exp.Lower) else s.to_upper),
                "text",
            )
            if steps
            else (s.unsure, "other")
        )

    def replace(self, node: exp.Replace) -> s.Node:
        """One text in place of another."""
        steps = self.texts(node.this)
        one, other = node.expression, node.args.get("replacement")
        if not steps or other is None or not (one.is_string and other.is_string and one.this):
            return s.unsure, "other"
        return s.map_value(steps[0], lambda v: v.replace(one.this, other.this)), "text"

    def translate(self, node: exp.Translate) -> s.Node:
        """Characters in place of others."""
        steps, one, other = self.texts(node.this), node.args["from_"], node.args["to"]
        if (
            not steps
            or not (one.is_string and other.is_string)
            or not len(set(one.this)) == len(one.this) == len(other.this)
        ):
            return s.unsure, "other"
        table = str.maketrans(one.this, other.this)
        return s.map_value(steps[0], lambda v: v.translate(table)), "text"

    def joined(self, node: exp.DPipe) -> s.Node:
        """Two texts as one."""
        steps = self.texts(node.this, node.expression)
        if not steps:
            return s.unsure, "other"
        return s.map_pair(steps[0], steps[1], operator.add), "text"

    def pattern(self, node: Any) -> s.Node:
        """A regular expression: where Python reads it as the engine does, whether or what it finds;
        else nothing is found in null.
        """
        step, kind = self.node(node.this)
        told, group = node.expression, node.args.get("group")
        known = (
            as_python(told.this)
            if isinstance(told, exp.Literal) and told.is_string and kind == "text"
            else None
        )
        if known is not None and isinstance(node, exp.RegexpLike) and not node.args.get("flag"):
            return s.map_value(step, lambda v: known.search(v) is not None), "bool"
        if (
            known is not None
            and isinstance(node, exp.RegexpExtract)
            and isinstance(group, exp.Literal)
            and group.this == "0"
            and not node.args.get("parameters")
        ):
            return s.map_value(
                step, lambda v: found[0] if (found := known.search(v)) else ""
            ), "text"
        return (s.unsure if isinstance(group, exp.Array) else s.only_null(step)), "other"

    def contains(self, node: exp.Contains) -> s.Node:
        """Whether a text holds another."""
        steps = self.texts(node.this, node.expression)
        return (
            (s.map_pair(steps[0], steps[1], lambda text, part: part in text), "bool")
            if steps
            else (s.unsure, "other")
        )

    def call(self, node: exp.Anonymous) -> s.Node:
        """A function by its name."""
        name = str(node.this).lower()
        steps = self.texts(*node.expressions)
        if steps and name == "strlen":
            return s.map_value(
                steps[0], lambda v: len(v) if v.isascii() else len(v.encode())
            ), "int"
        if steps and name in self.functions:
            function = self.functions[name]

            def told(env: s.Values) -> Any:
                values = [step(env) for step in steps]
                return None if values[0] is None else function(*values)

            return told, "text"
        return s.unsure, "other"
