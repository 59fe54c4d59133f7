"""What a column of words is: yes and no, a few categories (with variants of case), or text."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from mesocosm.data.profiling.columns.column import Column, Proposal

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


def words_type(column: Column) -> tuple[dict[str, Any], str, list[Proposal]]:
    """The field of a column that holds neither numbers nor dates, its evidence, and what is not
    proven.
    """
    low = {v.lower() for v in column.counts}
    if column.kind == "BOOLEAN" or low == {"true", "false"}:
        return {"type": "boolean"}, f"its only values are {', '.join(sorted(column.counts))}", []
    if low <= set(TRUTH) and len(low) > 2:
        return (
            {"type": "boolean"},
            f"each of its values says yes or no: {', '.join(sorted(column.counts))}",
            [],
        )
    several = "1 value" if column.distinct == 1 else f"{column.distinct} values"
    if not (column.distinct <= max(20, 0.3 * column.seen) and column.distinct < column.seen / 2):
        return {"type": "text"}, f"{column.distinct} different texts in {column.seen} rows", []
    aliases, kept = variants(column.counts)
    if not aliases:
        return {"type": "category"}, f"{several} in {column.seen} rows", []
    rows = sum(column.counts[v] for v in aliases)
    shown = ", ".join(
        f"'{v}' ({column.counts[v]} rows) is '{good}'" for v, good in list(aliases.items())[:10]
    )
    line = {"type": "category", "values": kept, "aliases": aliases}
    if len(kept) <= MOST_VALUES and column.distinct == len(column.counts):
        return (
            line,
            (
                f"{len(kept)} categories in {column.seen} rows; {len(aliases)} spellings differ in"
                f" case only: {shown}; a value that is not listed is quarantined"
            ),
            [],
        )
    proposal = Proposal(
        f"fields.{column.name}",
        json.dumps(line, ensure_ascii=False),
        f"{rows} values differ from a more frequent one in case only",
        rows,
        [f"{v} -> {good} ({column.counts[v]} rows)" for v, good in list(aliases.items())[:10]],
    )
    return {"type": "category"}, f"{several} in {column.seen} rows", [proposal]


def variants(counts: dict[str, int]) -> tuple[dict[str, str], list[str]]:
    """Spellings that differ in case only, each with the most frequent one, and all values that are
    then left.

    >>> variants({"good": 3, "GOOD": 1, "bad": 2}), variants({"m": 3, "M": 2})
    (({'GOOD': 'good'}, ['good', 'bad']), ({}, ['m', 'M']))
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        letters = sum(ch.isalpha() for ch in value)
        groups[value.casefold() if letters >= LEAST_LETTERS else value].append(value)
    aliases: dict[str, str] = {}
    for group in groups.values():
        good = max(group, key=lambda v: (counts[v], v))
        aliases |= {v: good for v in group if v != good}
    kept = [max(g, key=lambda v: (counts[v], v)) for g in groups.values()]
    return (
        (aliases, kept) if len({v.casefold() for v in kept}) == len(kept) else ({}, list(counts))
    )  # 'values' are matched whatever their case, and m and M would become one
