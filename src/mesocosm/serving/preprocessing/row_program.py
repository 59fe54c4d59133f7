"""A recipe's SQL compiled to a program over one row: tenths of a millisecond, where an engine made
for columns needs milliseconds.

The program is compiled from the very SQL that the engine runs, so there is one recipe. It computes
only where it is sure of the engine's result: whatever it does not know in the SQL, or in a value,
it leaves to the engine (`Unsure`). Knows selects; runs no engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlglot import exp, parse_one

from mesocosm.serving.preprocessing.row_functions import Step, TextFunction, Unsure, only_null
from mesocosm.serving.preprocessing.sql_compiler import Compiler, UnsupportedSql
from mesocosm.serving.preprocessing.syntax import find_part, list_parts, read_place
from mesocosm.serving.preprocessing.text_compiler import Scope

KNOWN = {"expressions", "from_", "with_"}  # parts of a select that the program supports


class Program:
    """A select over one row of a table of texts, `_row` before them.

    Args:
        sql: DuckDB's, in one select with common table expressions, none of which needs other rows.
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
        functions: Mapping[str, TextFunction],
    ) -> None:
        self.functions = functions
        self.slots = 1 + len(columns)
        self.steps: list[tuple[int, Step]] = []
        scope: Scope = {"_row": ("_row", 0, "int")}
        scope |= {n.lower(): (n, i, "text") for i, n in enumerate(columns, 1)}
        found = self._select(parse_one(sql, dialect="duckdb"), {table: scope}, True)
        self.given = [(name, slot) for name, slot, _ in found.values()]
        for _, slot, kind in found.values():
            if kind in ("decimal", "other"):  # the Python type of the engine's result is not known
                self.steps.append((slot, only_null(read_place(slot))))

    def __call__(self, row: Sequence[object]) -> dict[str, object]:
        """The one row of the select's result.

        Raises:
            Unsure: only the engine knows.
        """
        env = [*row, *[None] * (self.slots - len(row))]
        try:
            for slot, step in self.steps:
                env[slot] = step(env)
        except Unsure:
            raise
        except Exception as error:  # whatever it is, the engine reports it in its own words
            raise Unsure from error
        return {name: env[slot] for name, slot in self.given}

    def _select(
        self, tree: exp.Expr | None, tables: Mapping[str, Scope], top: bool = False
    ) -> Scope:
        """The columns of a select: by name in lower case their name, place and kind."""
        if isinstance(tree, exp.Subquery):
            return self._select(find_part(tree), tables, top)
        if not isinstance(tree, exp.Select):
            raise UnsupportedSql
        _check_select(tree, top)
        tables = dict(tables)
        for table in list_parts(find_part(tree, "with_")):
            tables[table.alias] = self._select(find_part(table), tables)
        over = self._source(tree, tables, top)
        found: Scope = {}
        for column in list_parts(tree):
            if isinstance(column, exp.Star):
                found |= self._star(column, over)
            else:
                name = column.alias_or_name
                found[name.lower()] = self._column(name, column.unalias(), over)
        return found

    def _source(self, tree: exp.Select, tables: Mapping[str, Scope], top: bool) -> Compiler:
        """A compiler over the one table or select that a select reads."""
        read = find_part(tree, "from_")
        source = find_part(read) if read else None
        if source is None or list_parts(source, "joins"):
            raise UnsupportedSql
        if isinstance(source, exp.Table) and source.name in tables:
            return Compiler(tables[source.name], source.alias_or_name, self.functions)
        if isinstance(source, exp.Subquery):
            scope = self._select(find_part(source), tables, top)
            return Compiler(scope, source.alias, self.functions)
        raise UnsupportedSql

    def _star(self, star: exp.Star, over: Compiler) -> Scope:
        """All columns but those left out, some of them replaced by expressions."""
        if _list_arguments(star) - {"except_", "replace"}:
            raise UnsupportedSql
        left_out = {column.name.lower() for column in list_parts(star, "except_")}
        instead = {r.alias.lower(): find_part(r) for r in list_parts(star, "replace")}
        found: Scope = {}
        for key, column in over.scope.items():
            if key in left_out:
                continue
            if key in instead:
                column = self._column(column[0], instead[key], over)
            found[key] = column
        return found

    def _column(self, name: str, node: exp.Expr | None, over: Compiler) -> tuple[str, int, str]:
        if not name or node is None:
            raise UnsupportedSql
        if isinstance(node, exp.Column) and (there := over.place(node)):
            return name, there[1], there[2]  # a column that is passed on needs no step
        step, kind = over.node(node)
        self.slots += 1
        self.steps.append((self.slots - 1, step))
        return name, self.slots - 1, kind


def _check_select(tree: exp.Select, top: bool) -> None:
    """Raise where a select needs other rows, or has parts that are not supported."""
    if tree.find(exp.AggFunc, exp.Window):
        raise UnsupportedSql
    supported = KNOWN | {"order"} if top else KNOWN
    if _list_arguments(tree) - supported:
        raise UnsupportedSql


def _list_arguments(tree: exp.Expr) -> set[str]:
    """The names of the parts that an expression has."""
    return {name for name, part in tree.args.items() if part}


@lru_cache(maxsize=16)
def _compile(
    sql: str,
    table: str,
    columns: tuple[str, ...],
    functions: tuple[tuple[str, TextFunction], ...],
) -> Program | None:
    try:
        return Program(sql, table, columns, dict(functions))
    except UnsupportedSql:
        return None


def compile_program(
    sql: str, table: str, columns: Sequence[str], functions: Mapping[str, TextFunction]
) -> Program | None:
    """Compile a select, None where it is not supported; versions of one recipe share a program."""
    return _compile(sql, table, tuple(columns), tuple(sorted(functions.items())))
