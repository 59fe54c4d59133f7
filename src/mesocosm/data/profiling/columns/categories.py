"""What a column of words is: yes and no, a few categories (with variants of case), or text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from mesocosm.data.profiling.columns.column import Column, FieldSettings, Proposal, show_change

TRUTH = {
    "true": True,
    "false": False,
    "yes": True,
    "no": False,
    "y": True,
    "n": False,
    "t": True,
    "f": False,
}
LEAST_LETTERS = 3  # a shorter word is a code, and m and M may be two
MOST_VALUES = 50
EXAMPLES = 10


class Words(NamedTuple):
    """A field of a column of words, its evidence, and what is not proven."""

    settings: FieldSettings
    why: str
    proposals: Sequence[Proposal] = ()


def profile_words(column: Column) -> Words:
    """The field of a column that holds neither numbers nor dates."""
    truth = _explain_truth(column)
    if truth:
        return Words({"type": "boolean"}, truth)
    if column.distinct > max(20, 0.3 * column.seen) or column.distinct >= column.seen / 2:
        return Words({"type": "text"}, f"{column.distinct} different texts in {column.seen} rows")
    return _profile_categories(column)


def _explain_truth(column: Column) -> str:
    """Why a column says yes or no; empty where it does not."""
    low = {value.lower() for value in column.counts}
    listed = ", ".join(sorted(column.counts))
    if column.kind == "BOOLEAN" or low == {"true", "false"}:
        return f"its only values are {listed}"
    if low <= set(TRUTH) and len(low) > 2:
        return f"each of its values says yes or no: {listed}"
    return ""


def _profile_categories(column: Column) -> Words:
    """A field of a few categories, its variants of case one value where that is sure."""
    aliases, values = find_variants(column.counts)
    if aliases and len(values) <= MOST_VALUES and column.distinct == len(column.counts):
        settings: FieldSettings = {"type": "category", "values": values, "aliases": aliases}
        return Words(settings, _describe_aliases(column, aliases, values))
    several = f"{column.distinct} value{'s' * (column.distinct != 1)}"
    words = Words({"type": "category"}, f"{several} in {column.seen} rows")
    if not aliases:
        return words
    return words._replace(proposals=[_propose_aliases(column, aliases, values)])


def _describe_aliases(column: Column, aliases: dict[str, str], values: list[str]) -> str:
    shown = ", ".join(
        f"'{v}' ({column.counts[v]} rows) is '{good}'"
        for v, good in list(aliases.items())[:EXAMPLES]
    )
    return (
        f"{len(values)} categories in {column.seen} rows; {len(aliases)} spellings differ in case"
        f" only: {shown}; a value that is not listed is quarantined"
    )


def _propose_aliases(column: Column, aliases: dict[str, str], values: list[str]) -> Proposal:
    rows = sum(column.counts[v] for v in aliases)
    line = {"type": "category", "values": values, "aliases": aliases}
    return Proposal(
        f"fields.{column.name}",
        json.dumps(line, ensure_ascii=False),
        f"{rows} values differ from a more frequent one in case only",
        rows,
        [
            show_change(f"{v} -> {good}", column.counts[v])
            for v, good in list(aliases.items())[:EXAMPLES]
        ],
    )


def find_variants(counts: dict[str, int]) -> tuple[dict[str, str], list[str]]:
    """Spellings that differ in case only, each with the most frequent one, and all values that are
    then left.

    >>> find_variants({"good": 3, "GOOD": 1, "bad": 2})
    ({'GOOD': 'good'}, ['good', 'bad'])
    >>> find_variants({"m": 3, "M": 2})
    ({}, ['m', 'M'])
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        groups[_fold_case(value)].append(value)
    aliases: dict[str, str] = {}
    values: list[str] = []
    for group in groups.values():
        good = max(group, key=lambda v: (counts[v], v))
        values.append(good)
        aliases |= {v: good for v in group if v != good}
    # 'values' are matched whatever their case, and m and M would become one
    if len({v.casefold() for v in values}) < len(values):
        return {}, list(counts)
    return aliases, values


def _fold_case(value: str) -> str:
    """A value in small letters; a word of few letters as it is."""
    if sum(map(str.isalpha, value)) < LEAST_LETTERS:
        return value
    return value.casefold()
