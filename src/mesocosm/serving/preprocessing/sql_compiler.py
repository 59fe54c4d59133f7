"""Expressions of SQL compiled to steps over one row. Knows SQL's syntax tree."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from sqlglot import exp

from mesocosm.serving.preprocessing import row_functions as s
from mesocosm.serving.preprocessing.syntax import find_part, list_parts, read_place
from mesocosm.serving.preprocessing.text_compiler import TextCompiler

TRUTHS = frozenset(("bool", "null", "other"))
CASTS = {"TEXT": "text", "DOUBLE": "float", "BIGINT": "int", "BOOLEAN": "bool"}
COMPARISONS: dict[type[exp.Expr], Callable[[object, object], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,  # type: ignore[dict-item]  # of values of one kind, as `compare` checks
    exp.GTE: operator.ge,  # type: ignore[dict-item]  # likewise
    exp.LT: operator.lt,  # type: ignore[dict-item]  # likewise
    exp.LTE: operator.le,  # type: ignore[dict-item]  # likewise
}
ARITHMETIC: dict[type[exp.Expr], s.Arithmetic] = {
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
        *before, last = [part.name for part in _list_names(node)]
        if before not in ([], [self.alias]):
            return None
        if last.lower() not in self.scope:
            raise UnsupportedSql
        return self.scope[last.lower()]

    def node(self, node: exp.Expr | None) -> s.Node:
        """One expression."""
        if node is None:
            return s.UNKNOWN
        kind = type(node)
        if kind in COMPARISONS:
            return s.compare(COMPARISONS[kind], *self._sides(node))
        if kind in ARITHMETIC:
            return s.calculate(ARITHMETIC[kind], *self._sides(node))
        compiler = COMPILERS.get(kind)
        if not compiler:
            return s.UNKNOWN
        return compiler(self, node)

    def _sides(self, node: exp.Expr) -> tuple[s.Node, s.Node]:
        """What an operator stands between."""
        return self.node(find_part(node)), self.node(find_part(node, "expression"))

    def _arguments(self, node: exp.Expr) -> list[s.Node]:
        """The first argument of a function, and the others."""
        return [self.node(find_part(node)), *map(self.node, list_parts(node))]

    def paren(self, node: exp.Expr) -> s.Node:
        """Brackets change nothing in a tree."""
        return self.node(find_part(node))

    def column(self, node: exp.Expr) -> s.Node:
        """A column; a part of one is known only where there is none."""
        assert isinstance(node, exp.Column)
        if there := self.place(node):
            return read_place(there[1]), there[2]
        *_, whole, _ = [part.name.lower() for part in _list_names(node)]
        if whole not in self.scope:
            raise UnsupportedSql
        return s.only_null(read_place(self.scope[whole][1])), "other"

    def literal(self, node: exp.Expr) -> s.Node:
        """A text or a number as the engine reads it."""
        written = node.name
        if node.is_string:
            return s.constant(written), "text"
        if written.isdigit():
            return _whole_literal(int(written))
        number = float(written)
        if "e" in written.lower():
            return s.constant(number), "float"
        if len(written) >= 16 and Decimal(written) != Decimal(number):
            return s.UNKNOWN
        return s.constant(number), "decimal"

    def neg(self, node: exp.Expr) -> s.Node:
        """A number with its sign turned."""
        return self._number(node, _negate)

    def _number(self, node: exp.Expr, call: Callable[[s.Number], object]) -> s.Node:
        step, kind = self.node(find_part(node))
        if kind not in s.NUMBERS:
            return s.UNKNOWN
        return s.map_value(step, call), kind

    def case(self, node: exp.Expr) -> s.Node:
        """The first branch whose condition is true."""
        branches = list_parts(node, "ifs")
        whens = [_read_condition(node, branch) for branch in branches]
        thens = [self.node(find_part(branch, "true")) for branch in branches]
        last = self.node(find_part(node, "default") or exp.Null())
        steps, kind = s.unify_kinds([*thens, last])
        chosen = self._text_table(whens, steps) or self._first_true(whens, steps)
        if chosen is None:
            return s.UNKNOWN
        return chosen, kind

    def _first_true(
        self, whens: Sequence[exp.Expr | None], steps: Sequence[s.Step]
    ) -> s.Step | None:
        """The branch of the first condition that is true; None where one is no condition."""
        conditions = [self.node(when) for when in whens]
        if not {kind for _, kind in conditions} <= TRUTHS:
            return None
        return s.first_true([step for step, _ in conditions], steps)

    def _text_table(
        self, whens: Sequence[exp.Expr | None], steps: Sequence[s.Step]
    ) -> s.Step | None:
        """Branches by a text that all conditions compare; None where they are other conditions."""
        first = find_part(whens[0]) if whens[0] else None
        texts = [_find_text(when, first) for when in whens]
        if None in texts:
            return None
        key, kind = self.node(first)
        if kind != "text":
            return None
        table: dict[object, s.Step] = {}
        for text, step in zip(texts, steps, strict=False):
            table.setdefault(text, step)
        return s.look_up(key, table, steps[-1])

    def iff(self, node: exp.Expr) -> s.Node:
        """`if(a, b, c)`."""
        branch = exp.If(this=find_part(node), true=find_part(node, "true"))
        return self.case(exp.Case(ifs=[branch], default=find_part(node, "false")))

    def coalesce(self, node: exp.Expr) -> s.Node:
        """The first that is not null."""
        steps, kind = s.unify_kinds(self._arguments(node))
        return s.first_non_null(steps), kind

    def both(self, node: exp.Expr) -> s.Node:
        """AND and OR of three values."""
        (left, kind), (right, other) = self._sides(node)
        if not {kind, other} <= TRUTHS:
            return s.UNKNOWN
        return s.connect(left, right, decides=isinstance(node, exp.Or)), "bool"

    def inverse(self, node: exp.Expr) -> s.Node:
        """NOT of three values."""
        step, kind = self.node(find_part(node))
        if kind not in TRUTHS:
            return s.UNKNOWN
        return s.map_value(step, operator.not_), "bool"

    def be(self, node: exp.Expr) -> s.Node:
        """IS NULL, IS TRUE, IS FALSE."""
        (step, kind), what = self.node(find_part(node)), find_part(node, "expression")
        if isinstance(what, exp.Null):
            return (lambda env: step(env) is None), "bool"
        if isinstance(what, exp.Boolean) and kind == "bool":
            truth = _read_truth(what)
            return (lambda env: step(env) is truth), "bool"
        return s.UNKNOWN

    def between(self, node: exp.Expr) -> s.Node:
        """Two comparisons."""
        if node.args.get("symmetric"):
            return s.UNKNOWN
        low = exp.GTE(this=find_part(node), expression=find_part(node, "low"))
        high = exp.LTE(this=find_part(node), expression=find_part(node, "high"))
        return self.node(exp.And(this=low, expression=high))

    def among(self, node: exp.Expr) -> s.Node:
        """IN a list of literals of one kind."""
        (step, kind), listed = self.node(find_part(node)), list_parts(node)
        many = [self.node(literal) for literal in listed]
        if {k for _, k in many} != {kind}:
            return s.UNKNOWN
        if not all(isinstance(literal, exp.Literal) for literal in listed):
            return s.UNKNOWN
        values = frozenset(value([]) for value, _ in many)
        return s.map_value(step, values.__contains__), "bool"

    def cast(self, node: exp.Expr) -> s.Node:
        """A value of another type, where Python and the engine agree on it."""
        (step, kind), to = self.node(find_part(node)), find_part(node, "to")
        target = CASTS.get(to.sql("duckdb") if to else "", "other")
        if kind in (target, "null"):
            return step, target
        convert = s.find_conversion(kind, target, tried=isinstance(node, exp.TryCast))
        if convert is None:
            return s.only_null(step), target
        return convert(step), target

    def absolute(self, node: exp.Expr) -> s.Node:
        """A number without its sign."""
        return self._number(node, abs)

    def round(self, node: exp.Expr) -> s.Node:
        """A double rounded half away from zero."""
        (step, kind), places = self.node(find_part(node)), find_part(node, "decimals")
        count = _read_places(places)
        if kind != "float" or count is None:
            return s.UNKNOWN
        return s.map_value(step, partial(s.round_half_away, scale=10.0**count)), "float"

    def outer(self, node: exp.Expr) -> s.Node:
        """The least or the greatest of numbers, none of which is null."""
        steps, kind = s.unify_kinds(self._arguments(node))
        if kind not in ("int", "float"):
            return s.UNKNOWN
        return s.choose_outer(steps, greatest=isinstance(node, exp.Greatest)), kind


def _list_names(column: exp.Column) -> list[exp.Expr]:
    """The parts of a column's name: its tables', then its own."""
    return list(column.parts)


def _whole_literal(number: int) -> s.Node:
    if number >= s.EXACT:
        return s.UNKNOWN
    return s.constant(number), "int"


def _negate(value: s.Number) -> s.Number:
    return -value


def _read_condition(case: exp.Expr, branch: exp.Expr) -> exp.Expr | None:
    """The condition of a branch: that a value equals the case's, where it has one."""
    when, compared = find_part(branch), find_part(case)
    if compared is None:
        return when
    return exp.EQ(this=compared, expression=when)


def _find_text(when: exp.Expr | None, first: exp.Expr | None) -> str | None:
    """The text that a condition compares an expression with; None where it is another condition."""
    if not isinstance(when, exp.EQ) or find_part(when) != first:
        return None
    text = find_part(when, "expression")
    if text is None or not text.is_string:
        return None
    return text.name


def _read_truth(node: exp.Expr) -> bool:
    return bool(node.args.get("this"))


def _read_places(places: exp.Expr | None) -> int | None:
    """Decimal places of a literal, 0 without one; None where they are not known."""
    if places is None:
        return 0
    if not isinstance(places, exp.Literal) or not places.name.isdigit():
        return None
    count = int(places.name)
    return count if count < 16 else None


COMPILERS: dict[type[exp.Expr], Callable[[Compiler, exp.Expr], s.Node]] = {
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
    exp.Boolean: lambda c, n: (s.constant(_read_truth(n)), "bool"),
}
