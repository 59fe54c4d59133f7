"""Columns that look like time or a group under a random split: rows next to each other, or of one
value, have like targets.

Knows columns. Names a column, its number of values and how alike targets are; no value of a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mesocosm.learning.features.tabular import DATES, day_of

Array = np.ndarray[Any, Any]
LEAST = 50  # rows under which nothing is said
MOST = 20_000  # rows that are looked at
ALIKE = 0.3  # of the way from chance to always: how alike targets of one group are at least
MANY = 20  # values of a column that no name calls a group
GROUPS = re.compile(
    (
        r"(^|_)(id|ids|user|customer|client|patient|person|subject|household|family|session|"
        r"account|device|machine|sensor|site|store|shop|school|hospital|group|author|kunde|"
        r"kundin|patientin|cliente|病人|患者|客户|用户|店铺)(_|$)"
    ),
    re.I,
)
TIMES = re.compile(
    (
        r"^(t|dt|ts|time|timestamp|date|day|week|month|year|hour|minute|period|quarter|step|"
        r"tick|epoch|seq|sequence|round|jahr|monat|woche|tag|datum|zeit|fecha|mes|année|annee|"
        r"mois|jour|年|年份|月|月份|日|日期|时间|时刻)$|_(date|time|timestamp|at|year|month|week|day)$"
    ),
    re.I,
)


def find_time(
    name: str, kind: str, values: Sequence[Any], target: Sequence[Any], read: bool
) -> list[str]:
    """A date, or a number that is named like time or numbers the rows, whose neighbours have like
    targets; a date that is an input also without.
    """
    if kind not in (*DATES, "number", "integer"):
        return []
    there = [
        (day_of(v) if kind in DATES else float(v), t)
        for v, t in zip(values, target, strict=True)
        if v is not None and t is not None
    ]
    if len(there) < LEAST:
        return []
    at, told = np.array([a for a, _ in there], dtype=float), [t for _, t in there]
    if kind not in DATES and not TIMES.search(name) and not _numbers_rows(at):
        return []
    order = np.lexsort((np.random.default_rng(0).random(len(at)), at))
    y = _coded(told)[order]
    if isinstance(told[0], float):
        likeness = float(np.corrcoef(y[:-1], y[1:])[0, 1]) if y.std() else 0.0
        alike, said = likeness * len(y) ** 0.5 > 3 and likeness > 0.1, f"correlation {likeness:.2f}"
    else:
        share, by_chance = (
            float((y[:-1] == y[1:]).mean()),
            float(((np.bincount(y.astype(int)) / len(y)) ** 2).sum()),
        )
        alike, said = (
            share - by_chance > 3 * (by_chance * (1 - by_chance) / len(y)) ** 0.5,
            f"equal in {share:.0%}, {by_chance:.0%} by chance",
        )
    if not alike and not (read and kind in DATES):
        return []
    note = (
        f"; rows next to each other in time have like values of the target ({said}), so figures of"
        " a random split are too good for later rows"
        if alike
        else ""
    )
    return [
        f"'{name}' looks like time and the split is random{note}; judge on later rows with 'split:"
        " {test: SOURCE}'"
    ]


def _numbers_rows(at: Array) -> bool:
    """Whether a column counts the rows: different whole numbers with few gaps."""
    return bool(
        (at == np.round(at)).all()
        and len(np.unique(at)) == len(at)
        and at.max() - at.min() < 1.5 * len(at)
    )


def find_group(
    name: str, kind: str, values: Sequence[Any], target: Sequence[Any], read: bool
) -> list[str]:
    """A column whose values come again and that is named like a group, or, where it is no input,
    whose rows of one value have like targets.

    The likeness is that of two rows of one value, beside 99 draws in which targets are dealt anew.
    """
    if kind not in ("category", "text", "integer"):
        return []
    there = [
        (str(v), t) for v, t in zip(values, target, strict=True) if v is not None and t is not None
    ]
    distinct = len({v for v, _ in there})
    if not 10 < distinct < 0.7 * len(there):
        return []
    named = bool(GROUPS.search(name)) and kind != "text"
    alike = _likeness(there[:MOST]) if distinct >= MANY and len(there) >= LEAST else None
    if not named and (read or alike is None):
        return []
    note = (
        f" and have like values of the target ({alike[1]}), so figures are too good for new values"
        " of it"
        if alike
        else ""
    )
    return [
        f"'{name}' looks like a group ({distinct:,} values in {len(there):,} rows) and the split is"
        f" random: rows of one value are in several parts{note}; if new values are to be predicted,"
        f" use 'split: {{group: {name}}}'"
    ]


def _likeness(there: Sequence[tuple[str, Any]]) -> tuple[float, str] | None:
    """How alike targets of one group are, of the way from chance to always, where that is no chance
    and much.
    """
    group = np.unique([v for v, _ in there], return_inverse=True)[1]
    y = _coded([t for _, t in there])
    pairs = float((np.bincount(group) * (np.bincount(group) - 1.0)).sum())
    number = isinstance(there[0][1], float)
    if not pairs or not y.std():
        return None
    if number:
        ranks = (y - y.mean()) / y.std()
        rng = np.random.default_rng(0)

        def measure(r: Array) -> float:
            return float((np.bincount(group, r) ** 2 - np.bincount(group, r**2)).sum() / pairs)

        found, chance, dealt = (
            measure(ranks),
            0.0,
            [measure(rng.permutation(ranks)) for _ in range(99)],
        )
    else:
        classes, whole = int(y.max()) + 1, y.astype(int)
        rng = np.random.default_rng(0)

        def agree(w: Array) -> float:
            counts = np.unique(group * classes + w, return_counts=True)[1].astype(float)
            return float((counts * (counts - 1)).sum() / pairs)

        found, dealt = agree(whole), [agree(rng.permutation(whole)) for _ in range(99)]
        chance = float(np.mean(dealt))
    way = (found - chance) / max(1e-9, 1 - chance)
    if found <= max(dealt) or way < ALIKE:
        return None
    return (
        way,
        (
            f"correlation {found:.2f}"
            if number
            else f"two rows of one value agree in {found:.0%}, {chance:.0%} by chance"
        ),
    )


def _coded(target: Sequence[Any]) -> Array:
    """Targets as numbers: ranks of numbers, the mean rank for equal ones, since their order tells
    nothing; numbers of classes.
    """
    if isinstance(target[0], float):
        from scipy.stats import rankdata

        return np.asarray(rankdata(target), dtype=float)
    return np.asarray(np.unique([str(t) for t in target], return_inverse=True)[1], dtype=float)
