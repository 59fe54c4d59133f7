"""Which values of a category training lists: the most frequent 200; rows of others are counted
together. Knows counts.
"""

from __future__ import annotations

from mesocosm.catalog.contents import TrainingColumn

LISTED = 200  # values of a category that training keeps


def is_complete(known: TrainingColumn) -> bool:
    """Whether every value of the training rows is listed, so that another one is new.

    >>> is_complete({"counts": {"a": 5}})
    True
    >>> is_complete({"counts": {str(i): 1 for i in range(200)}, "other": 70})
    False
    """
    return len(known["counts"]) < LISTED or known.get("other") == 0


def count_other(known: TrainingColumn) -> int | None:
    """How many training rows have a value that is not listed; None where that was not kept."""
    if is_complete(known):
        return 0
    return known.get("other")
