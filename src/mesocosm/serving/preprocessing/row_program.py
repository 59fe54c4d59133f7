"""A recipe's SQL as a program over one row: what an engine made for columns takes milliseconds for,
in tenths of one.

The program is made of the very SQL that the engine runs, so there is one recipe. It answers only
where it is sure to give what the engine
would: whatever it does not know in the SQL, or in a value, it leaves to the engine (`Unsure`).
Knows selects; runs no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlglot import exp, parse_one

from mesocosm.serving.preprocessing.row_functions import Step, Unsure, only_null
from mesocosm.serving.preprocessing.sql_compiler import Compiler, UnsupportedSql
from mesocosm.serving.preprocessing.text_compiler import Scope

KNOWN = {"expressions", "from_", "with_"}  # parts of a select that the program does


class Program:
    """A select over one row of a table of texts, `_row` before them.

    Args:
        sql: DuckDB's, in one select with common table expressions, none of which looks at other
            rows.
        table: the name of the table of raw texts.
        columns: its columns, without `_row`.
        functions: Python functions of texts that the SQL calls by name; null stays null.

    Raises:
        Unfit: the SQL is of another kind.

    >>> Program('select "_row", lower("a") as "b" from incoming', "incoming", ["a"], {})([0, "Yes"])
    {'_row': 0, 'b': 'yes'}
    """

    def __init__(
        self,
        sql: str,
        table: str,
        columns: Sequence[str],
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.functions = functions
        names = ["_row", *columns]
        self.slots = len(names)
        self.steps: list[tuple[int, Step]] = []
        found = self._select(
            parse_one(sql, dialect="duckdb"),
            {table: {n.lower(): (n, i, "int" if i == 0 else "text") for i, n in enumerate(names)}},
            True,
        )
        self.given = [(name, slot) for name, slot, _ in found.values()]
        for _, slot, kind in found.values():
            if kind in (
                "decimal",
                "other",
            ):  # what Python type the engine would give is not known here
                self.steps.append((slot, only_null(itemgetter(slot))))

    def __call__(self, row: Sequence[Any]) -> dict[str, Any]:
        """The one row that the select gives.

        Raises:
            Unsure: only the engine knows.
        """
        env = [*row, *[None] * (self.slots - len(row))]
        try:
            for slot, step in self.steps:
                env[slot] = step(env)
        except Unsure:
            raise
        except Exception as error:  # whatever it is, the engine says it in its own words
            raise Unsure from error
        return {name: env[slot] for name, slot in self.given}

    def _select(self, tree: Any, tables: Mapping[str, Scope], top: bool = False) -> Scope:
        """What a select gives: by name in lower case its name, where it stands and its kind."""
        if isinstance(tree, exp.Subquery):
            return self._select(tree.this, tables, top)
        parts = {k for k, v in tree.args.items() if v}
        if (
            not isinstance(tree, exp.Select)
            or tree.find(exp.AggFunc, exp.Window)
            or parts - KNOWN - ({"order"} if top else set())
        ):
            raise UnsupportedSql
        tables = dict(tables)
        for one in tree.args["with_"].expressions if "with_" in parts else ():
            tables[one.alias] = self._select(one.this, tables)
        source = tree.args["from_"].this if "from_" in parts else None
        if isinstance(source, exp.Table) and source.name in tables and not source.args.get("joins"):
            scope, alias = tables[source.name], source.alias_or_name
        elif isinstance(source, exp.Subquery) and not source.args.get("joins"):
            scope, alias = self._select(source.this, tables, top), source.alias
        else:
            raise UnsupportedSql
        over = Compiler(scope, alias, self.functions)
        found: Scope = {}
        for one in tree.expressions:
            if isinstance(one, exp.Star):
                found |= self._star(one, over)
            else:
                found[one.alias_or_name.lower()] = self._column(
                    one.alias_or_name, one.unalias(), over
                )
        return found

    def _star(self, star: exp.Star, over: Compiler) -> Scope:
        left_out = {c.name.lower() for c in star.args.get("except_") or ()}
        instead = {r.alias.lower(): r.this for r in star.args.get("replace") or ()}
        if {k for k, v in star.args.items() if v} - {"except_", "replace"}:
            raise UnsupportedSql
        return {
            k: self._column(v[0], instead[k], over) if k in instead else v
            for k, v in over.scope.items()
            if k not in left_out
        }

    def _column(self, name: str, node: Any, over: Compiler) -> tuple[str, int, str]:
        if not name:
            raise UnsupportedSql
        if isinstance(node, exp.Column) and (there := over.place(node)):
            return name, there[1], there[2]  # what only passes through has no step
        step, kind = over.node(node)
        self.slots += 1
        self.steps.append((self.slots - 1, step))
        return name, self.slots - 1, kind


@lru_cache(maxsize=16)
def _compile(
    sql: str,
    table: str,
    columns: tuple[str, ...],
    functions: tuple[tuple[str, Callable[..., Any]], ...],
) -> Program | None:
    try:
        return Program(sql, table, columns, dict(functions))
    except UnsupportedSql:
        return None


def compile_program(
    sql: str, table: str, columns: Sequence[str], functions: Mapping[str, Callable[..., Any]]
) -> Program | None:
    """The program of a select, None where it has none; versions of one recipe share it."""
    return _compile(sql, table, tuple(columns), tuple(sorted(functions.items())))
