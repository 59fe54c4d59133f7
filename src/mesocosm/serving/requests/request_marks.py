"""Marks of requests that are not traffic. Knows names only.

A drill sends synthetic rows to a running service. Its predictions are logged with a mark, so that
they can be traced, and a monitor evaluates them apart. They never train or evaluate a model, never
count as traffic and never move a rollout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DRILL = "drill"
MARKS = (DRILL,)
HEADER = "X-Mesocosm-Mark"  # of a request; for the owner's token only


class MarkedRow(dict[str, object]):
    """A raw row of a request that is not traffic.

    >>> mark_of(MarkedRow({"age": 3}, "drill")), mark_of({"age": 3})
    ('drill', '')
    """

    def __init__(self, row: Mapping[str, object], mark: str) -> None:
        super().__init__(row)
        self.mark = mark


def mark_of(row: Mapping[str, object]) -> str:
    """The mark of a raw row; empty for traffic."""
    if isinstance(row, MarkedRow):
        return row.mark
    return ""


def count_traffic(rows: Sequence[Mapping[str, object]]) -> int:
    """How many rows are traffic.

    >>> count_traffic([{"age": 3}, MarkedRow({"age": 3}, "drill")])
    1
    """
    return sum(not mark_of(row) for row in rows)
