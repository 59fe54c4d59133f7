"""A condition in SQL over field names, parsed and allow-listed before it reaches an engine.

Knows sqlglot's tree. Knows nothing of tables; a null breaks no rule.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.base.errors import Wrong
from mesocosm.govern.rules.rule import RuleKind

FUNCTIONS = ("abs", "ceil", "coalesce", "floor", "least", "greatest", "length", "lower", "round", "trim", "upper",
             "year", "month", "day", "regexp_matches", "current_date", "date_diff", "starts_with", "contains")  # fmt: skip


class Condition(RuleKind):
    """One expression that every row must make true; where it is null the row passes.

    Args:
        condition: a SQL expression over field names.

    Source: ISO/IEC 9075-2 (SQL), search conditions and three-valued logic.

    >>> Condition(condition="age between 18 and 100").fields()
    ['age']
    """

    short: ClassVar[str] = "condition"
    rule: Literal["condition"] = "condition"
    condition: str = Field(min_length=1)

    def tree(self) -> Any:
        """The parsed expression.

        Raises:
            Wrong: it is no single expression, or names a function that is not allowed.
        """
        import sqlglot
        from sqlglot import exp

        try:
            parsed = sqlglot.parse(self.condition, read="duckdb")
        except sqlglot.errors.SqlglotError as error:
            why = re.sub(r"\x1b\[\d+m", "", str(error).splitlines()[0])[:80]
            raise Wrong("", f"'{self.condition}' is no condition in SQL ({why})", 'one such as "age >= 18"') from error
        tree = parsed[0] if len(parsed) == 1 else None
        banned = (exp.Query, exp.Subquery, exp.Command, exp.DDL, exp.DML, exp.Star, exp.Parameter, exp.Window)
        if tree is None or isinstance(tree, exp.Alias) or any(tree.find_all(*banned)):
            raise Wrong("", f"'{self.condition}' is more than a condition", "one expression over field names")
        if not isinstance(tree, (exp.Predicate, exp.Connector, exp.Not, exp.Paren, exp.Func, exp.Column, exp.Boolean)):
            raise Wrong("", f"'{self.condition}' is not true or false", 'a condition such as "age >= 18"')
        for call in tree.find_all(exp.Func):
            name = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
            if isinstance(call, (exp.Connector, exp.Predicate, exp.Cast, exp.Case, exp.If, exp.Not)):
                continue
            name = {"regexp_like": "regexp_matches", "datediff": "date_diff", "ts_or_ds_to_date": "year"}.get(name, name)
            if name not in FUNCTIONS and name not in ("extract", "currentdate", "date"):
                raise Wrong("", f"the function '{name}' is not allowed in a rule", "one of the choices", FUNCTIONS, name)
        return tree

    def fields(self) -> list[str]:
        """The fields the condition names, sorted."""
        from sqlglot import exp

        return sorted({column.name for column in self.tree().find_all(exp.Column)})

    def sentence(self) -> str:
        """The condition itself."""
        return "breaks the rule: " + self.condition

    def breaks(self) -> str:
        """DuckDB SQL that is true where the rule is broken."""
        return f"not ({self.tree().sql(dialect='duckdb', identify=True)})"
