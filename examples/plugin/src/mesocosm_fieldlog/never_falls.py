"""A counter never runs backwards."""

from __future__ import annotations

from typing import ClassVar, Literal

from mesocosm.plugins import Known, Of, RuleKind, quote


class NeverFalls(RuleKind):
    """A value must not be less than that of the row before it, in the order read: a meter that runs
    backwards was exchanged, or read wrongly. Rows that lack the value pass.

    Args:
        of: the field; the field itself where the rule stands under one.
        by: a field; each of its values is a counter of its own.

    Source: OpenMetrics 1.0, counters.

    >>> NeverFalls(of="total", by="meter").sentence()
    'breaks the rule: total falls below the row before it of the same meter'
    """

    mesocosm_contract: ClassVar[int] = 1
    type: Literal["never_falls"] = "never_falls"
    of: Of = ()
    by: str | None = None

    def fields(self) -> list[str]:
        """The counter, and what tells counters apart."""
        return sorted({*self.of, *filter(None, [self.by])})

    def sentence(self) -> str:
        """What a row did that broke it."""
        same = f" of the same {self.by}" if self.by else ""
        return f"breaks the rule: {', '.join(self.of)} falls below the row before it{same}"

    def rows(self, table: str, known: Known) -> str:
        """Rows that are less than the row before them."""
        group = f"partition by {quote(self.by)} " if self.by else ""
        each = []
        for name in self.of:
            x = quote(name)
            each.append(
                f"select _row from (select _row, {x} as x, lag({x}) over ({group}order by _row) as"
                f" last from {table} where _why is null and {x} is not null) where x < last"
            )
        return " union ".join(each)
