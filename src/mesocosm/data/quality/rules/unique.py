"""No two rows may have the same values."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote


class Unique(RuleKind):
    """All but the first row with the same values break the rule; rows that lack one pass.

    Args:
        of: the field or fields taken together; the field itself where the rule stands under one.

    Source: ISO/IEC 9075-2 (SQL), UNIQUE.

    >>> Unique(of=("a", "b")).sentence()
    'breaks the rule: a, b unique (an earlier row says the same)'
    """

    type: Literal["unique"] = "unique"
    of: Of = ()

    def sentence(self) -> str:
        """What is not unique."""
        return f"breaks the rule: {', '.join(self.of)} unique (an earlier row says the same)"

    def rows(self, table: str, known: Known) -> str:
        """Rows whose values an earlier row has; only rows with a hash seen twice are ranked."""
        del known
        names = ", ".join(quote(n) for n in self.of)
        there = " and ".join(f"{quote(n)} is not null" for n in self.of)
        twice = (
            f"select hash({names}) from {table} where _why is null and {there} group by 1 having"
            " count(*) > 1"
        )
        return (
            f"select _row from (select _row, row_number() over (partition by {names} order by _row)"
            f" as n from {table} where _why is null and {there} and hash({names}) in ({twice}))"
            " where n > 1"
        )
