"""A condition in SQL over field names, parsed and allow-listed before it reaches an engine.

Knows sqlglot's tree. Knows nothing of tables; a null breaks no rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.quality.rules.rule import RuleKind

if TYPE_CHECKING:
    from sqlglot.exp import Expression, Func

FUNCTIONS = (
    "abs",
    "ceil",
    "coalesce",
    "floor",
    "least",
    "greatest",
    "length",
    "lower",
    "round",
    "trim",
    "upper",
    "year",
    "month",
    "day",
    "regexp_matches",
    "current_date",
    "date_diff",
    "starts_with",
    "contains",
)
RENAMED = {  # by the parser: the name of the tree, and the one that was written
    "regexp_like": "regexp_matches",
    "datediff": "date_diff",
    "ts_or_ds_to_date": "year",
}


NAME = r"[A-Za-z_]\w*"
VALUE = rf"(?:-?\d+(?:\.\d+)?|'[^']*'|{NAME})"
ATOM = (
    rf"{NAME}\s*(?:(?:<=|>=|<>|!=|=|<|>)\s*{VALUE}|"
    rf"\s+between\s+-?\d+(?:\.\d+)?\s+and\s+-?\d+(?:\.\d+)?|\s+is\s+(?:not\s+)?null)"
)
PLAIN = re.compile(rf"\s*{ATOM}(?:\s+(?:and|or)\s+{ATOM})*\s*", re.IGNORECASE)
JOINING = ("and", "or", "between", "is", "not", "null")
WORDS = frozenset(
    [
        "all",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "between",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "create",
        "cross",
        "cube",
        "current_catalog",
        "current_date",
        "current_datetime",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "date",
        "default",
        "desc",
        "distinct",
        "div",
        "else",
        "end",
        "escape",
        "except",
        "exists",
        "false",
        "fetch",
        "filter",
        "following",
        "for",
        "from",
        "full",
        "glob",
        "group",
        "having",
        "if",
        "ilike",
        "in",
        "inner",
        "intersect",
        "interval",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "map",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "over",
        "overlaps",
        "partition",
        "preceding",
        "qualify",
        "range",
        "right",
        "rlike",
        "row",
        "rows",
        "select",
        "semi",
        "session_user",
        "similar",
        "some",
        "struct",
        "summarize",
        "table",
        "then",
        "time",
        "timestamp",
        "to",
        "true",
        "try_cast",
        "unbounded",
        "union",
        "unique",
        "unknown",
        "unnest",
        "user",
        "using",
        "values",
        "when",
        "where",
        "window",
        "with",
    ]
)


def plain_fields(condition: str) -> list[str] | None:
    """The fields of a condition that only compares names and values, sorted; None for any other.

    Such a condition is right by its form, so a file of them is checked without loading a parser.

    >>> plain_fields("age between 18 and 100 or city = 'Bonn'")
    ['age', 'city']
    >>> print(plain_fields("lower(city) = 'bonn'"))
    None
    """
    if not PLAIN.fullmatch(condition):
        return None
    bare = re.sub(r"'[^']*'", "''", condition)
    words: list[str] = re.findall(rf"\b{NAME}", bare)
    names = {word for word in words if word.lower() not in JOINING}
    if any(name.lower() in WORDS for name in names):
        return None
    return sorted(names)


class Condition(RuleKind):
    """One expression that every row must make true; where it is null the row passes.

    Args:
        condition: a SQL expression over field names.

    Source: ISO/IEC 9075-2 (SQL), search conditions and three-valued logic.

    >>> Condition(condition="age between 18 and 100").fields()
    ['age']
    """

    short: ClassVar[str] = "condition"
    type: Literal["condition"] = "condition"
    condition: str = Field(min_length=1)

    def tree(self) -> Expression:
        """The parsed expression.

        Raises:
            ConfigValueError: it is no single expression, or names a function that is not allowed.
        """
        from sqlglot import exp

        tree = self._parse()
        if tree is None or isinstance(tree, exp.Alias) or any(tree.find_all(*_banned())):
            raise ConfigValueError(
                "",
                Message("data.more_than_condition", condition=self.condition),
                Message("data.one_expression"),
            )
        if not isinstance(
            tree,
            (exp.Predicate, exp.Connector, exp.Not, exp.Paren, exp.Func, exp.Column, exp.Boolean),
        ):
            raise ConfigValueError(
                "",
                Message("data.condition_not_boolean", condition=self.condition),
                Message("data.a_condition"),
            )
        for call in tree.find_all(exp.Func):
            _refuse_function(call)
        return tree

    def _parse(self) -> Expression | None:
        """The expression; None where there are none, or several."""
        import sqlglot

        try:
            parsed = sqlglot.parse(self.condition, read="duckdb")
        except sqlglot.errors.SqlglotError as error:
            why = re.sub(r"\x1b\[\d+m", "", str(error).splitlines()[0])[:80]
            raise ConfigValueError(
                "",
                Message("data.not_a_condition", condition=self.condition, why=why),
                Message("data.condition_example"),
            ) from error
        return parsed[0] if len(parsed) == 1 else None

    def fields(self) -> list[str]:
        """The fields the condition names, sorted."""
        plain = plain_fields(self.condition)
        if plain is not None:
            return plain
        from sqlglot import exp

        return sorted({column.name for column in self.tree().find_all(exp.Column)})

    def sentence(self) -> str:
        """The condition itself."""
        return "breaks the rule: " + self.condition

    def breaks(self) -> str:
        """DuckDB SQL that is true where the rule is broken."""
        return f"not ({self.true()})"

    def true(self) -> str:
        """The condition as DuckDB SQL, its names quoted."""
        return str(self.tree().sql(dialect="duckdb", identify=True))


def _banned() -> tuple[type[Expression], ...]:
    """Expressions that a condition may not hold: queries, commands, aggregates and the like."""
    from sqlglot import exp

    return (
        exp.Query,
        exp.Subquery,
        exp.Command,
        exp.DDL,
        exp.DML,
        exp.Star,
        exp.Parameter,
        exp.Placeholder,
        exp.Window,
        exp.AggFunc,
        exp.Lambda,
    )


def _refuse_function(call: Func) -> None:
    """Refuse a function that is not among `FUNCTIONS`.

    Raises:
        ConfigValueError: it is not.
    """
    from sqlglot import exp

    if isinstance(call, (exp.Connector, exp.Predicate, exp.Cast, exp.Case, exp.If, exp.Not)):
        return
    written = call.name if isinstance(call, exp.Anonymous) else call.sql_name()
    name = RENAMED.get(written.lower(), written.lower())
    if name not in FUNCTIONS and name not in ("extract", "currentdate", "date"):
        raise ConfigValueError(
            "",
            Message("data.function_not_allowed", name=name),
            Message("data.one_of_choices"),
            FUNCTIONS,
            name,
        )
