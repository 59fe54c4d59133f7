"""Expressions of SQL compiled to steps over one row. Knows SQL's syntax tree."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlglot import exp

from mesocosm.serving.preprocessing import row_functions as s
from mesocosm.serving.preprocessing.text_compiler import TextCompiler

TRUTHS = frozenset(("bool", "null", "other"))
CASTS = {"TEXT": "text", "DOUBLE": "float", "BIGINT": "int", "BOOLEAN": "bool"}
COMPARISONS: dict[type[exp.Expression], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
}
ARITHMETIC: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
}


class UnsupportedSql(Exception):
    """The SQL needs more than one row, or has a form that the program does not know."""


class Compiler(TextCompiler):
    """Expressions over one source as steps."""

    def place(self, node: exp.Column) -> tuple[str, int, str] | None:
        """A column's name, place and kind; None where its name is a part of another column."""
        *before, last = [p.name for p in node.parts]
        if before not in ([], [self.alias]):
            return None
        if last.lower() not in self.scope:
            raise UnsupportedSql
        return self.scope[last.lower()]

    def node(self, node: Any) -> s.Node:
        """One expression."""
        kind = type(node)
        if kind in COMPARISONS:
            return s.compare(COMPARISONS[kind], self.node(node.this), self.node(node.expression))
        if kind in ARITHMETIC:
            return s.calculate(ARITHMETIC[kind], self.node(node.this), self.node(node.expression))
        compiler = COMPILERS.get(kind)
        if not compiler:
            return s.UNKNOWN
        return compiler(self, node)

    def paren(self, node: Any) -> s.Node:
        """Brackets change nothing in a tree."""
        return self.node(node.this)

    def column(self, node: exp.Column) -> s.Node:
        """A column; a part of one is known only where there is none."""
        if there := self.place(node):
            return itemgetter(there[1]), there[2]
        *_, whole, _ = [p.name.lower() for p in node.parts]
        if whole not in self.scope:
            raise UnsupportedSql
        return s.only_null(itemgetter(self.scope[whole][1])), "other"

    def literal(self, node: exp.Literal) -> s.Node:
        """A text or a number as the engine reads it."""
        if node.is_string:
            return s.constant(node.this), "text"
        if node.this.isdigit():
            if int(node.this) >= s.EXACT:
                return s.UNKNOWN
            return s.constant(int(node.this)), "int"
        number = float(node.this)
        if "e" in node.this.lower():
            return s.constant(number), "float"
        if len(node.this) >= 16 and Decimal(node.this) != Decimal(number):
            return s.UNKNOWN
        return s.constant(number), "decimal"

    def neg(self, node: exp.Neg) -> s.Node:
        """A number with its sign turned."""
        return self._number(node, operator.neg)

    def _number(self, node: Any, call: Callable[[Any], Any]) -> s.Node:
        step, kind = self.node(node.this)
        if kind not in s.NUMBERS:
            return s.UNKNOWN
        return s.map_value(step, call), kind

    def case(self, node: Any) -> s.Node:
        """The first branch whose condition is true."""
        pairs = []
        for branch in node.args["ifs"]:
            when = branch.this
            if node.this:
                when = exp.EQ(this=node.this, expression=when)
            pairs.append((when, branch.args["true"]))
        last = node.args.get("default") or exp.Null()
        steps, kind = s.unify_kinds([*(self.node(then) for _, then in pairs), self.node(last)])
        whens = [when for when, _ in pairs]
        table = self._text_table(whens, steps)
        if table is not None:
            return table, kind
        conditions = [self.node(when) for when in whens]
        if not {k for _, k in conditions} <= TRUTHS:
            return s.UNKNOWN
        return s.first_true([step for step, _ in conditions], steps), kind

    def _text_table(self, whens: Sequence[Any], steps: Sequence[s.Step]) -> s.Step | None:
        """Branches by a text that all conditions compare; None where they are other conditions."""
        first = whens[0].this
        for when in whens:
            if not isinstance(when, exp.EQ) or not when.expression.is_string or when.this != first:
                return None
        key, kind = self.node(first)
        if kind != "text":
            return None
        table: dict[str, s.Step] = {}
        for when, step in zip(whens, steps, strict=False):
            table.setdefault(when.expression.this, step)
        return s.look_up(key, table, steps[-1])

    def iff(self, node: exp.If) -> s.Node:
        """`if(a, b, c)`."""
        branch = exp.If(this=node.this, true=node.args["true"])
        return self.case(exp.Case(ifs=[branch], default=node.args.get("false")))

    def coalesce(self, node: exp.Coalesce) -> s.Node:
        """The first that is not null."""
        steps, kind = s.unify_kinds([self.node(n) for n in (node.this, *node.expressions)])
        return s.first_non_null(steps), kind

    def both(self, node: exp.Connector) -> s.Node:
        """AND and OR of three values."""
        made = [self.node(node.this), self.node(node.expression)]
        if not {kind for _, kind in made} <= TRUTHS:
            return s.UNKNOWN
        return s.connect(made[0][0], made[1][0], decides=isinstance(node, exp.Or)), "bool"

    def inverse(self, node: exp.Not) -> s.Node:
        """NOT of three values."""
        step, kind = self.node(node.this)
        if kind not in TRUTHS:
            return s.UNKNOWN
        return s.map_value(step, operator.not_), "bool"

    def be(self, node: exp.Is) -> s.Node:
        """IS NULL, IS TRUE, IS FALSE."""
        (step, kind), what = self.node(node.this), node.expression
        if isinstance(what, exp.Null):
            return (lambda env: step(env) is None), "bool"
        if isinstance(what, exp.Boolean) and kind == "bool":
            truth = bool(what.this)
            return (lambda env: step(env) is truth), "bool"
        return s.UNKNOWN

    def between(self, node: exp.Between) -> s.Node:
        """Two comparisons."""
        if node.args.get("symmetric"):
            return s.UNKNOWN
        low = exp.GTE(this=node.this, expression=node.args["low"])
        high = exp.LTE(this=node.this, expression=node.args["high"])
        return self.node(exp.And(this=low, expression=high))

    def among(self, node: exp.In) -> s.Node:
        """IN a list of literals of one kind."""
        (step, kind), many = self.node(node.this), [self.node(n) for n in node.expressions]
        if not many or not all(
            isinstance(n, exp.Literal) and k == kind
            for n, (_, k) in zip(node.expressions, many, strict=True)
        ):
            return s.UNKNOWN
        values = frozenset(value([]) for value, _ in many)
        return s.map_value(step, values.__contains__), "bool"

    def cast(self, node: Any) -> s.Node:
        """A value of another type, where Python and the engine agree on it."""
        (step, kind), to = self.node(node.this), node.to.sql("duckdb")
        target = CASTS.get(to, "other")
        if kind in (target, "null"):
            return step, target
        call = s.CONVERSIONS.get((kind, target))
        tried = isinstance(node, exp.TryCast)
        if not call:
            return s.only_null(step), target
        return s.map_value(step, lambda v: call(v, tried)), target

    def absolute(self, node: exp.Abs) -> s.Node:
        """A number without its sign."""
        return self._number(node, abs)

    def round(self, node: exp.Round) -> s.Node:
        """A double rounded half away from zero."""
        (step, kind), places = self.node(node.this), node.args.get("decimals")
        count = _read_places(places)
        if kind != "float" or count is None:
            return s.UNKNOWN
        scale = 10.0**count
        return s.map_value(step, lambda v: s.round_half_away(v, scale)), "float"

    def outer(self, node: Any) -> s.Node:
        """The least or the greatest of numbers, none of which is null."""
        steps, kind = s.unify_kinds([self.node(n) for n in (node.this, *node.expressions)])
        call = max if isinstance(node, exp.Greatest) else min
        if kind not in ("int", "float"):
            return s.UNKNOWN

        def most(env: s.Values) -> Any:
            values = [step(env) for step in steps]
            if None in values:
                raise s.Unsure
            return call(values)

        return most, kind


def _read_places(places: Any) -> int | None:
    """Decimal places of a literal, 0 without one; None where they are not known."""
    if places is None:
        return 0
    if not isinstance(places, exp.Literal) or not places.this.isdigit():
        return None
    count = int(places.this)
    return count if count < 16 else None


COMPILERS: dict[type[exp.Expression], Callable[[Compiler, Any], s.Node]] = {
    exp.Paren: Compiler.paren,
    exp.Column: Compiler.column,
    exp.Literal: Compiler.literal,
    exp.Neg: Compiler.neg,
    exp.Case: Compiler.case,
    exp.If: Compiler.iff,
    exp.Coalesce: Compiler.coalesce,
    exp.And: Compiler.both,
    exp.Or: Compiler.both,
    exp.Not: Compiler.inverse,
    exp.Is: Compiler.be,
    exp.Between: Compiler.between,
    exp.In: Compiler.among,
    exp.Cast: Compiler.cast,
    exp.TryCast: Compiler.cast,
    exp.Trim: Compiler.trim,
    exp.Substring: Compiler.substring,
    exp.Right: Compiler.right,
    exp.Left: Compiler.right,
    exp.Length: Compiler.length,
    exp.Lower: Compiler.lower,
    exp.Upper: Compiler.lower,
    exp.Replace: Compiler.replace,
    exp.Translate: Compiler.translate,
    exp.DPipe: Compiler.joined,
    exp.Abs: Compiler.absolute,
    exp.Round: Compiler.round,
    exp.Greatest: Compiler.outer,
    exp.Least: Compiler.outer,
    exp.RegexpLike: Compiler.pattern,
    exp.RegexpExtract: Compiler.pattern,
    exp.RegexpReplace: Compiler.pattern,
    exp.Anonymous: Compiler.call,
    exp.Contains: Compiler.contains,
    exp.Null: lambda c, n: (s.constant(None), "null"),
    exp.Boolean: lambda c, n: (s.constant(bool(n.this)), "bool"),
}
