"""Columns that look like time or a group under a random split: consecutive rows, or rows of one
value, have similar targets.

Knows columns. Names a column, its number of values and how similar targets are; no value of a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mesocosm.learning.features.tabular import DATES, day_of

Array = np.ndarray[Any, Any]
MIN_ROWS = 50  # rows under which nothing is said
MAX_ROWS = 20_000  # rows that are looked at
MIN_SIMILARITY = 0.3  # of targets of one group, on the way from chance to always equal
MIN_VALUES = 20  # distinct values of a column whose name says nothing of a group
PERMUTATIONS = 99
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
    """A warning where a date, or a number that is named like time or numbers the rows, has similar
    targets in consecutive rows; for a date that is an input also without.

    Args:
        read: whether the column is an input of the model.
    """
    pairs = _present(values, target)
    at = _as_time(name, kind, [v for v, _ in pairs])
    if at is None:
        return []
    order = np.lexsort((np.random.default_rng(0).random(len(at)), at))
    similarity = _consecutive_similarity([t for _, t in pairs], order)
    if similarity is None and not (read and kind in DATES):
        return []
    note = ""
    if similarity is not None:
        note = (
            f"; consecutive rows have similar values of the target ({similarity}), so metrics of a"
            " random split are too optimistic for later rows"
        )
    return [
        f"'{name}' looks like time and the split is random{note}; evaluate on later rows with"
        " 'split: {test: SOURCE}'"
    ]


def _as_time(name: str, kind: str, values: Sequence[Any]) -> Array | None:
    """A column as points in time; None where it is neither a date nor a number named like time or
    numbering the rows, or where its values are few.
    """
    if len(values) < MIN_ROWS:
        return None
    if kind in DATES:
        return np.array([day_of(v) for v in values], dtype=float)
    if kind not in ("number", "integer"):
        return None
    at = np.array([float(v) for v in values])
    if TIMES.search(name) or _numbers_rows(at):
        return at
    return None


def _present(values: Sequence[Any], target: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Values with their targets, where neither is missing."""
    pairs = zip(values, target, strict=True)
    return [(v, t) for v, t in pairs if v is not None and t is not None]


def _consecutive_similarity(target: Sequence[Any], order: Array) -> str | None:
    """How similar the targets of consecutive rows are, where that is significant."""
    y = _encode(target)[order]
    if isinstance(target[0], float):
        correlation = 0.0
        if y.std():
            correlation = float(np.corrcoef(y[:-1], y[1:])[0, 1])
        if correlation * len(y) ** 0.5 > 3 and correlation > 0.1:
            return f"correlation {correlation:.2f}"
        return None
    share = float((y[:-1] == y[1:]).mean())
    chance = float(((np.bincount(y.astype(int)) / len(y)) ** 2).sum())
    if share - chance > 3 * (chance * (1 - chance) / len(y)) ** 0.5:
        return f"equal in {share:.0%}, {chance:.0%} by chance"
    return None


def _numbers_rows(at: Array) -> bool:
    """Whether a column counts the rows: distinct whole numbers with few gaps."""
    return bool(
        (at == np.round(at)).all()
        and len(np.unique(at)) == len(at)
        and at.max() - at.min() < 1.5 * len(at)
    )


def find_group(
    name: str, kind: str, values: Sequence[Any], target: Sequence[Any], read: bool
) -> list[str]:
    """A warning where a column repeats its values and is named like a group, or, where it is no
    input, where rows of one value have similar targets.

    Args:
        read: whether the column is an input of the model.
    """
    if kind not in ("category", "text", "integer"):
        return []
    pairs = [(str(v), t) for v, t in _present(values, target)]
    distinct = len({v for v, _ in pairs})
    if not 10 < distinct < 0.7 * len(pairs):
        return []
    similarity = None
    if distinct >= MIN_VALUES and len(pairs) >= MIN_ROWS:
        similarity = _group_similarity(pairs[:MAX_ROWS])
    named = bool(GROUPS.search(name)) and kind != "text"
    if not named and (read or similarity is None):
        return []
    note = ""
    if similarity is not None:
        note = (
            f" and have similar values of the target ({similarity}), so metrics are too optimistic"
            " for new values of it"
        )
    return [
        f"'{name}' looks like a group ({distinct:,} values in {len(pairs):,} rows) and the split is"
        f" random: rows of one value are in several parts{note}; if new values are to be predicted,"
        f" use 'split: {{group: {name}}}'"
    ]


def _group_similarity(pairs: Sequence[tuple[str, Any]]) -> str | None:
    """How similar the targets of two rows of one group are, where that is large and more than in
    all of 99 permutations of the targets.
    """
    group = np.unique([v for v, _ in pairs], return_inverse=True)[1]
    y = _encode([t for _, t in pairs])
    count = float((np.bincount(group) * (np.bincount(group) - 1.0)).sum())
    if not count or not y.std():
        return None
    rng, numeric = np.random.default_rng(0), isinstance(pairs[0][1], float)
    measure = _intraclass_correlation(group, count) if numeric else _agreement(group, count, y)
    scores = (y - y.mean()) / y.std() if numeric else y.astype(int)
    found = measure(scores)
    permuted = [measure(rng.permutation(scores)) for _ in range(PERMUTATIONS)]
    chance = 0.0 if numeric else float(np.mean(permuted))
    similarity = (found - chance) / max(1e-9, 1 - chance)
    if found <= max(permuted) or similarity < MIN_SIMILARITY:
        return None
    if numeric:
        return f"correlation {found:.2f}"
    return f"two rows of one value agree in {found:.0%}, {chance:.0%} by chance"


def _intraclass_correlation(group: Array, pairs: float) -> Callable[[Array], float]:
    """The mean product of the scores of two rows of one group."""

    def measure(scores: Array) -> float:
        return float(
            (np.bincount(group, scores) ** 2 - np.bincount(group, scores**2)).sum() / pairs
        )

    return measure


def _agreement(group: Array, pairs: float, y: Array) -> Callable[[Array], float]:
    """The share of pairs of rows of one group that are of one class."""
    classes = int(y.max()) + 1

    def measure(labels: Array) -> float:
        counts = np.unique(group * classes + labels, return_counts=True)[1].astype(float)
        return float((counts * (counts - 1)).sum() / pairs)

    return measure


def _encode(target: Sequence[Any]) -> Array:
    """Targets as numbers: ranks of numbers (the mean rank for ties, whose order says nothing), or
    numbers of classes.
    """
    if isinstance(target[0], float):
        from scipy.stats import rankdata

        return np.asarray(rankdata(target), dtype=float)
    return np.asarray(np.unique([str(t) for t in target], return_inverse=True)[1], dtype=float)
