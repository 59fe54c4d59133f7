"""Expressions of SQL as steps over one row. Knows SQL's syntax tree."""

from __future__ import annotations

import operator
from collections.abc import Callable
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
    """The SQL looks at more than one row, or is written in a way that the program does not know."""


class Compiler(TextCompiler):
    """Expressions over one source as steps."""

    def place(self, node: exp.Column) -> tuple[str, int, str] | None:
        """Where a column stands, None where its name is a part of another column."""
        *before, last = [p.name for p in node.parts]
        if before in ([], [self.alias]):
            if last.lower() not in self.scope:
                raise UnsupportedSql
            return self.scope[last.lower()]
        return None

    def node(self, node: Any) -> s.Node:
        """One expression."""
        kind = type(node)
        if kind in COMPARISONS:
            return s.compare(COMPARISONS[kind], self.node(node.this), self.node(node.expression))
        if kind in ARITHMETIC:
            return s.calculate(ARITHMETIC[kind], self.node(node.this), self.node(node.expression))
        made = COMPILERS.get(kind)
        return made(self, node) if made else (s.unsure, "other")

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
            return (
                (s.constant(int(node.this)), "int")
                if int(node.this) < s.EXACT
                else (s.unsure, "other")
            )
        if "e" in node.this.lower():
            return s.constant(float(node.this)), "float"
        return (
            (s.constant(float(node.this)), "decimal")
            if len(node.this) < 16 or Decimal(node.this) == Decimal(float(node.this))
            else (s.unsure, "other")
        )

    def neg(self, node: exp.Neg) -> s.Node:
        """A number with its sign turned."""
        step, kind = self.node(node.this)
        return (s.map_value(step, operator.neg), kind) if kind in s.NUMBERS else (s.unsure, "other")

    def case(self, node: Any) -> s.Node:
        """The first branch whose condition is true."""
        pairs = [
            (exp.EQ(this=node.this, expression=i.this) if node.this else i.this, i.args["true"])
            for i in node.args["ifs"]
        ]
        last = node.args.get("default") or exp.Null()
        steps, kind = s.unify_kinds([self.node(said) for _, said in pairs] + [self.node(last)])
        if all(
            isinstance(when, exp.EQ) and when.expression.is_string and when.this == pairs[0][0].this
            for when, _ in pairs
        ):
            told, of = self.node(pairs[0][0].this)
            if of == "text":
                table: dict[str, s.Step] = {}
                for (when, _), step in zip(pairs, steps, strict=False):
                    table.setdefault(when.expression.this, step)
                return s.look_up(told, table, steps[-1]), kind
        whens = [self.node(when) for when, _ in pairs]
        if not {k for _, k in whens} <= TRUTHS:
            return s.unsure, "other"
        return s.first_true([w for w, _ in whens], steps), kind

    def iff(self, node: exp.If) -> s.Node:
        """`if(a, b, c)`."""
        return self.case(
            exp.Case(
                ifs=[exp.If(this=node.this, true=node.args["true"])], default=node.args.get("false")
            )
        )

    def coalesce(self, node: exp.Coalesce) -> s.Node:
        """The first that is not null."""
        steps, kind = s.unify_kinds([self.node(n) for n in (node.this, *node.expressions)])
        return s.first_non_null(steps), kind

    def both(self, node: exp.Connector) -> s.Node:
        """AND and OR of three values."""
        made = [self.node(node.this), self.node(node.expression)]
        if not {kind for _, kind in made} <= TRUTHS:
            return s.unsure, "other"
        return s.connect(made[0][0], made[1][0], decides=isinstance(node, exp.Or)), "bool"

    def inverse(self, node: exp.Not) -> s.Node:
        """NOT of three values."""
        step, kind = self.node(node.this)
        return (s.map_value(step, operator.not_), "bool") if kind in TRUTHS else (s.unsure, "other")

    def be(self, node: exp.Is) -> s.Node:
        """IS NULL, IS TRUE, IS FALSE."""
        (step, kind), what = self.node(node.this), node.expression
        if isinstance(what, exp.Null):
            return (lambda env: step(env) is None), "bool"
        if isinstance(what, exp.Boolean) and kind == "bool":
            return (lambda env, wanted=bool(what.this): step(env) is wanted), "bool"
        return s.unsure, "other"

    def between(self, node: exp.Between) -> s.Node:
        """Two comparisons."""
        whole = exp.And(
            this=exp.GTE(this=node.this, expression=node.args["low"]),
            expression=exp.LTE(this=node.this, expression=node.args["high"]),
        )
        return (s.unsure, "other") if node.args.get("symmetric") else self.node(whole)

    def among(self, node: exp.In) -> s.Node:
        """IN a list of literals of one kind."""
        (step, kind), many = self.node(node.this), [self.node(n) for n in node.expressions]
        if not many or not all(
            isinstance(n, exp.Literal) and k == kind
            for n, (_, k) in zip(node.expressions, many, strict=True)
        ):
            return s.unsure, "other"
        values = frozenset(value([]) for value, _ in many)
        return s.map_value(step, values.__contains__), "bool"

    def cast(self, node: Any) -> s.Node:
        """A value of another type, where both say the same of it."""
        (step, kind), to = self.node(node.this), node.to.sql("duckdb")
        wanted = CASTS.get(to, "other")
        if kind in (wanted, "null"):
            return step, wanted
        call = s.CONVERSIONS.get((kind, wanted))
        tried = isinstance(node, exp.TryCast)
        return (
            (s.map_value(step, lambda v: call(v, tried)), wanted)
            if call
            else (s.only_null(step), wanted)
        )

    def absolute(self, node: exp.Abs) -> s.Node:
        """A number without its sign."""
        step, kind = self.node(node.this)
        return (s.map_value(step, abs), kind) if kind in s.NUMBERS else (s.unsure, "other")

    def round(self, node: exp.Round) -> s.Node:
        """A double rounded half away from zero."""
        (step, kind), places = self.node(node.this), node.args.get("decimals")
        if kind != "float" or (
            places is not None
            and not (
                isinstance(places, exp.Literal) and places.this.isdigit() and int(places.this) < 16
            )
        ):
            return s.unsure, "other"
        scale = 10.0 ** int(places.this if places is not None else 0)
        return s.map_value(step, lambda v: s.round_half_away(v, scale)), "float"

    def outer(self, node: Any) -> s.Node:
        """The least or the greatest of doubles that are all there."""
        steps, kind = s.unify_kinds([self.node(n) for n in (node.this, *node.expressions)])
        call = max if isinstance(node, exp.Greatest) else min

        def most(env: s.Values) -> Any:
            values = [step(env) for step in steps]
            if None in values:
                raise s.Unsure
            return call(values)

        return (most, kind) if kind in ("int", "float") else (s.unsure, "other")


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
