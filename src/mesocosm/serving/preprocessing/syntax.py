"""Parts of SQL's syntax trees with their types. Knows the tree's form; compiles nothing."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import cast

from sqlglot import exp


def find_part(node: exp.Expr, key: str = "this") -> exp.Expr | None:
    """A part of an expression; None where it has none that is an expression."""
    part: object = node.args.get(key)
    return part if isinstance(part, exp.Expression) else None


def list_parts(node: exp.Expr | None, key: str = "expressions") -> list[exp.Expr]:
    """Parts of an expression that are listed; none where it has none."""
    if node is None:
        return []
    return cast("list[exp.Expr]", node.args.get(key) or [])


def read_place(slot: int) -> Callable[[list[object]], object]:
    """A step that returns the value at a place of a row."""
    return itemgetter(slot)
