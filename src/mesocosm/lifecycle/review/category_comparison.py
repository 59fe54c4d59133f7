"""A category of a new snapshot against the same one of the last: new values, values that came no
more, shares that moved. Knows counts of values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.core.values.count_tests import chi_squared_of_counts
from mesocosm.lifecycle.review.field_change import FieldChange

FEW = 20  # values under which nothing is concluded about a field
GAP = 0.2  # rise of a share (missing, unreadable, unseen values) that stops a build
MOST_VALUES = 50  # distinct values over which new ones are the rule in a category
# share from which a value that came no more, with new ones instead, is a change of codes
GONE = 0.05
GONE_ROWS = 10  # rows that a value that came no more would have had
# distance in standard deviations of the training rows or share of the rows, and p-value, from
# which a shift is reported
SHIFT, SHIFT_LEVEL = 0.25, 1e-6


def compare_categories(
    name: str, known: Mapping[str, int], now: Mapping[str, int]
) -> list[FieldChange]:
    """New values, or shares of the known ones that moved.

    Args:
        name: the field.
        known: how many rows of the last snapshot have each value.
        now: how many rows of the new one have it.
    """
    rows = sum(now.values())
    if min(sum(known.values()), rows) < FEW or len(known) > MOST_VALUES:
        return []
    unseen = {value: count for value, count in now.items() if value not in known}
    if sum(unseen.values()) / rows < GONE:
        return _compare_shares(name, known, now)
    return [_describe_unseen(name, known, now, unseen)]


def _describe_unseen(
    name: str, known: Mapping[str, int], now: Mapping[str, int], unseen: Mapping[str, int]
) -> FieldChange:
    """Values that were never seen before: other codes, where they are many or known ones came no
    more.
    """
    share = sum(unseen.values()) / sum(now.values())
    evidence = f"{share:.0%} of its values were never seen before ({len(unseen)} new values)"
    examples, gone = _most_frequent(unseen), _count_gone(known, now)
    if share < GAP and not gone:
        return FieldChange(name, "distribution", evidence, examples)
    evidence = f"{evidence}{_describe_gone(gone)}: its codes changed"
    return FieldChange(name, "schema", evidence, examples)


def _most_frequent(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The five most frequent values."""
    return tuple(map(str, sorted(counts, key=lambda value: -counts[value])[:5]))


def _describe_gone(gone: int) -> str:
    """How many frequent values came no more, as the rest of a sentence."""
    if not gone:
        return ""
    if gone == 1:
        return ", and 1 frequent value came no more"
    return f", and {gone} frequent values came no more"


def _count_gone(known: Mapping[str, int], now: Mapping[str, int]) -> int:
    """How many frequent values came no more, of which some rows were expected."""
    were, rows = sum(known.values()), sum(now.values())
    shares = [count / were for value, count in known.items() if value not in now]
    return sum(share >= GONE and share * rows >= GONE_ROWS for share in shares)


def _compare_shares(
    name: str, known: Mapping[str, int], now: Mapping[str, int]
) -> list[FieldChange]:
    """Whether the shares of values moved: total variation, and the chi-squared test."""
    were, rows = sum(known.values()), sum(now.values())
    values = [*{**known, **now}]
    gaps = [abs(known.get(value, 0) / were - now.get(value, 0) / rows) for value in values]
    moved = sum(gaps) / 2
    if moved < SHIFT:
        return []
    if chi_squared_of_counts(_counts_of(values, known), _counts_of(values, now)) >= SHIFT_LEVEL:
        return []
    evidence = (
        f"{moved:.0%} of the rows would have to have another value for its shares to be those of"
        " the last snapshot"
    )
    return [FieldChange(name, "distribution", evidence)]


def _counts_of(values: Sequence[str], counts: Mapping[str, int]) -> list[int]:
    return [counts.get(value, 0) for value in values]
