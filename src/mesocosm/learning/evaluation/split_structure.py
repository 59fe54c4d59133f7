"""Columns that look like time or a group under a random split: consecutive rows, or rows of one
value, have similar targets.

Knows columns. Names a column, its number of values and how similar targets are; no value of a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from mesocosm.core.messages import Message, Text
from mesocosm.learning.arrays import Floats, Ints, read_numbers
from mesocosm.learning.features.tabular import DATES, day_of

MIN_ROWS = 50  # rows under which nothing is said
MAX_ROWS = 20_000  # rows that are looked at
MIN_SIMILARITY = 0.3  # of targets of one group, on the way from chance to always equal
MIN_VALUES = 20  # distinct values of a column whose name says nothing of a group
PERMUTATIONS = 99
Numbers = TypeVar("Numbers", Floats, Ints)
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
    name: str, kind: str, values: Sequence[object], target: Sequence[object], read: bool
) -> list[Message]:
    """A warning where a date, or a number that is named like time or numbers the rows, has similar
    targets in consecutive rows; for a date that is an input also without.

    Args:
        read: whether the column is an input of the model.
    """
    pairs = _present(values, target)
    at = _as_time(name, kind, [v for v, _ in pairs])
    if at is None:
        return []
    order: Ints = np.lexsort((np.random.default_rng(0).random(len(at)), at))
    similarity = _consecutive_similarity([t for _, t in pairs], order)
    if similarity is None and not (read and kind in DATES):
        return []
    return _describe_time(name, similarity)


def _describe_time(name: str, similarity: Message | None) -> list[Message]:
    """The warning of a column that looks like time."""
    warning = Message("sentences.looks_like_time_and_the_split_is", name=name)
    if similarity is not None:
        note = Message(
            "sentences.consecutive_rows_have_similar_values_of_the", similarity=similarity
        )
        warning = Message("learning.two_sentences", first=warning, second=note)
    advice = Message("sentences.evaluate_on_later_rows_with_split", source="SOURCE")
    return [Message("learning.two_sentences", first=warning, second=advice)]


def _as_time(name: str, kind: str, values: Sequence[object]) -> Floats | None:
    """A column as points in time; None where it is neither a date nor a number named like time or
    numbering the rows, or where its values are few.
    """
    if len(values) < MIN_ROWS:
        return None
    if kind in DATES:
        return read_numbers(day_of(v) for v in values)
    if kind not in ("number", "integer"):
        return None
    at = read_numbers(values)
    if TIMES.search(name) or _numbers_rows(at):
        return at
    return None


def _present(values: Sequence[object], target: Sequence[object]) -> list[tuple[object, object]]:
    """Values with their targets, where neither is missing."""
    pairs = zip(values, target, strict=True)
    return [(v, t) for v, t in pairs if v is not None and t is not None]


def _consecutive_similarity(target: Sequence[object], order: Ints) -> Message | None:
    """How similar the targets of consecutive rows are, where that is significant."""
    y = _encode(target)[order]
    if isinstance(target[0], float):
        return _describe_correlation(y)
    return _describe_repetition(y)


def _describe_correlation(y: Floats) -> Message | None:
    """The correlation of consecutive numbers, where it is significant."""
    correlation = 0.0
    if y.std():
        correlation = float(np.corrcoef(y[:-1], y[1:])[0, 1])
    if correlation * len(y) ** 0.5 > 3 and correlation > 0.1:
        return Message("learning.correlation", correlation=f"{correlation:.2f}")
    return None


def _describe_repetition(y: Floats) -> Message | None:
    """The share of consecutive rows of one class, where it is significantly above chance."""
    share = float(np.mean(y[:-1] == y[1:]))
    shares: Floats = np.bincount(y.astype(np.int64)) / len(y)
    chance = float((shares**2).sum())
    if share - chance > 3 * (chance * (1 - chance) / len(y)) ** 0.5:
        return Message(
            "sentences.equal_in_by_chance", n_share=f"{share:.0%}", n_chance=f"{chance:.0%}"
        )
    return None


def _numbers_rows(at: Floats) -> bool:
    """Whether a column counts the rows: distinct whole numbers with few gaps."""
    if not np.array_equal(at, np.round(at)) or len(np.unique(at)) != len(at):
        return False
    return float(at.max()) - float(at.min()) < 1.5 * len(at)


def find_group(
    name: str, kind: str, values: Sequence[object], target: Sequence[object], read: bool
) -> list[Message]:
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
    similarity = _similarity_within(pairs, distinct)
    named = bool(GROUPS.search(name)) and kind != "text"
    if not named and (read or similarity is None):
        return []
    return _describe_group(name, distinct, len(pairs), similarity)


def _similarity_within(pairs: Sequence[tuple[str, object]], distinct: int) -> Message | None:
    """How similar the targets of one value are, where there are enough values and rows to tell."""
    if distinct < MIN_VALUES or len(pairs) < MIN_ROWS:
        return None
    return _group_similarity(pairs[:MAX_ROWS])


def _describe_group(
    name: str, distinct: int, rows: int, similarity: Message | None
) -> list[Message]:
    """The warning of a column that looks like a group."""
    params: dict[str, Text] = {
        "name": name,
        "column": name,
        "n_values": f"{distinct:,}",
        "n_rows": f"{rows:,}",
    }
    if similarity is None:
        return [Message("sentences.looks_like_a_group_values_in_rows", **params)]
    params["similarity"] = similarity
    return [Message("sentences.looks_like_a_group_values_in_rows_2", **params)]


def _group_similarity(pairs: Sequence[tuple[str, object]]) -> Message | None:
    """How similar the targets of two rows of one group are, where that is large and more than in
    all of 99 permutations of the targets.
    """
    group: Ints = np.unique([v for v, _ in pairs], return_inverse=True)[1]
    y = _encode([t for _, t in pairs])
    count = _count_pairs(group)
    if not count or not y.std():
        return None
    if isinstance(pairs[0][1], float):
        return _similarity_of_numbers(group, count, y)
    return _similarity_of_classes(group, count, y.astype(np.int64))


def _count_pairs(group: Ints) -> float:
    """How many pairs of rows are of one group, each counted twice."""
    sizes: Floats = np.bincount(group).astype(np.float64)
    return float((sizes * (sizes - 1.0)).sum())


def _similarity_of_numbers(group: Ints, count: float, y: Floats) -> Message | None:
    """The correlation of two rows of one group."""
    scores: Floats = (y - float(y.mean())) / float(y.std())
    measure = _intraclass_correlation(group, count)
    found, permuted = measure(scores), _permute(measure, scores)
    if found <= max(permuted) or found < MIN_SIMILARITY:
        return None
    return Message("learning.correlation", correlation=f"{found:.2f}")


def _similarity_of_classes(group: Ints, count: float, y: Ints) -> Message | None:
    """The share of pairs of one group that are of one class, beside that by chance."""
    measure = _agreement(group, count, int(y.max()) + 1)
    found, permuted = measure(y), _permute(measure, y)
    chance = float(np.mean(permuted))
    similarity = (found - chance) / max(1e-9, 1 - chance)
    if found <= max(permuted) or similarity < MIN_SIMILARITY:
        return None
    return Message(
        "sentences.two_rows_of_one_value_agree_in",
        n_share=f"{found:.0%}",
        n_chance=f"{chance:.0%}",
    )


def _permute(measure: Callable[[Numbers], float], scores: Numbers) -> list[float]:
    """A measure of permutations of the targets."""
    rng = np.random.default_rng(0)
    return [measure(rng.permutation(scores)) for _ in range(PERMUTATIONS)]


def _intraclass_correlation(group: Ints, pairs: float) -> Callable[[Floats], float]:
    """The mean product of the scores of two rows of one group."""

    def measure(scores: Floats) -> float:
        sums: Floats = np.asarray(np.bincount(group, scores), np.float64)
        squares: Floats = np.asarray(np.bincount(group, scores**2), np.float64)
        return float((sums**2 - squares).sum()) / pairs

    return measure


def _agreement(group: Ints, pairs: float, classes: int) -> Callable[[Ints], float]:
    """The share of pairs of rows of one group that are of one class."""

    def measure(labels: Ints) -> float:
        found = np.unique(group * classes + labels, return_counts=True)[1]
        counts: Floats = found.astype(np.float64)
        return float((counts * (counts - 1)).sum()) / pairs

    return measure


def _encode(target: Sequence[object]) -> Floats:
    """Targets as numbers: ranks of numbers (the mean rank for ties, whose order says nothing), or
    numbers of classes.
    """
    if isinstance(target[0], float):
        from scipy.stats import rankdata

        return np.asarray(rankdata(read_numbers(target)), dtype=np.float64)
    classes: Ints = np.unique([str(t) for t in target], return_inverse=True)[1]
    return classes.astype(np.float64)
