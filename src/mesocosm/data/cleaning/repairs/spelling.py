"""Rare spellings repaired to the frequent value they are nearest to."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.data.cleaning.facts import RepairFacts
from mesocosm.data.cleaning.repairs.repair import MOST_VALUES, RepairKind, lookup_sql
from mesocosm.data.pipeline.expressions.typed_rows import count_texts
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.sources.path_utils import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHORT = 5  # characters under which a value of a common form is taken for a code
LEAST_WORD = 4  # characters under which a word is a code, which is not misspelt because it is rare


class Spelling(RepairKind):
    """Repair a value that is rare and almost a frequent one.

    A value is repaired where another one is alone nearest to it, differs in at most `share` of the
    letters of each word, and is `times` as frequent for each letter that differs. Digits are
    letters too, but a value whose every letter is a digit is never taken for another number, and a
    word of fewer than four letters (ak, en) or a date is never taken for a misspelt one.

    Args:
        of: the field or fields.
        share: how much of a value may differ, over 0 and under 1.
        times: how many times as frequent the value taken must be.

    Source: Damerau 1964, Communications of the ACM 7(3); Hernandez and Stolfo 1995.

    >>> Spelling(of="c").table({"berlin": 40, "berlxn": 1, "bonn": 30, "12": 1, "13": 50})
    {'berlxn': 'berlin'}
    """

    method: Literal["spelling"] = "spelling"
    of: Of
    share: float = Field(0.34, gt=0, lt=1)
    times: float = Field(3.0, gt=1)

    @property
    def repaired_fields(self) -> tuple[str, ...]:
        """The fields named."""
        return self.of

    def fit(self, con: DuckDBPyConnection, table: str) -> RepairFacts:
        """Which value stands for which, by field."""
        found: dict[str, dict[str, str]] = {}
        for name in self.of:
            x = quote(name)
            query = (
                f"select {x}::varchar, count(*) from {table} where {x} is not null and"
                f" length({x}::varchar) <= 400 group by 1 order by 2 desc, 1 limit {MOST_VALUES}"
            )
            found[name] = self.table(count_texts(con, query))
        return found

    def table(self, counts: dict[str, int]) -> dict[str, str]:
        """Which value stands for which."""
        shapes = shapes_of(counts)
        by_length: dict[int, list[str]] = defaultdict(list)
        for value, count in counts.items():
            if count >= self.times:
                by_length[len(value)].append(value)
        found: dict[str, str] = {}
        for value in counts:
            good = self._frequent_spelling(value, counts, by_length, shape(value) in shapes)
            if good is not None:
                found[value] = good
        return {bad: found.get(good, good) for bad, good in found.items()}

    def _frequent_spelling(
        self,
        value: str,
        counts: dict[str, int],
        by_length: dict[int, list[str]],
        common: bool,
    ) -> str | None:
        """The frequent value that a rare one stands for; None where it stands for itself.

        Args:
            by_length: the frequent values by their length.
            common: whether many values have the form of this one, as codes have.
        """
        if value.isdigit() and common:
            return None  # a number like the others: a typo in it cannot be seen
        nearest = self._nearest(value, counts, by_length)
        if nearest is None:
            return None
        good, distance = nearest
        if counts[good] < self.times * distance * counts[value] * _weigh(value, distance, common):
            return None
        if common and _digits(value) != _digits(good):
            return None
        return good if self._may_be_typo(value, good) else None

    def _may_be_typo(self, value: str, good: str) -> bool:
        """Whether a value may be another one with a typo in it, and is no code."""
        return not is_code(value, good) and is_typo(value, good, self.share)

    def _nearest(
        self, value: str, counts: dict[str, int], by_length: dict[int, list[str]]
    ) -> tuple[str, float] | None:
        """The frequent value that is alone nearest to a rare one, and its distance in letters."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        lists = (by_length.get(size, ()) for size in range(len(value) - 1, len(value) + 2))
        least = self.times * counts[value]
        alike = chain.from_iterable(lists)
        near = [other for other in alike if other != value and counts[other] >= least]
        reach = max(1, int(self.share * len(value)))
        ranked = process.extract(value, near, scorer=OSA.distance, score_cutoff=reach, limit=2)
        if not ranked or (len(ranked) > 1 and ranked[0][1] >= ranked[1][1]):
            return None
        return str(ranked[0][0]), float(ranked[0][1])

    def values(self, facts: RepairFacts) -> dict[str, str]:
        """The value that a rare spelling stands for."""
        return {name: lookup_sql(f"{quote(name)}::varchar", facts, name) for name in self.of}


def _weigh(value: str, distance: float, common: bool) -> float:
    """How many times as frequent as usual the value that another one stands for must be; short
    codes are near each other by nature.
    """
    if not common or len(value) >= SHORT:
        return 1.0
    if distance > 1:
        return math.inf
    return 10.0


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def is_typo(bad: str, good: str, share: float) -> bool:
    """Whether two texts of as many words differ within their words only; another word is no typo.

    >>> is_typo("heart attaxk", "heart attack", 0.34)
    True
    >>> is_typo("non-profit church", "non-profit private", 0.34)
    False
    """
    from rapidfuzz.distance import OSA

    pairs = bad.split(), good.split()
    if len(pairs[0]) != len(pairs[1]):
        return True
    return all(OSA.distance(a, b) <= max(1, share * len(b)) for a, b in zip(*pairs, strict=True))


def is_code(bad: str, good: str) -> bool:
    """Whether two texts differ in a word too short to be misspelt, or in digits only: codes, dates
    and hours are what they say.

    >>> is_code("ak", "al")
    True
    >>> is_code("ak_hf-1", "al_hf-1")
    True
    >>> is_code("11/15/13", "11/1/13")
    True
    >>> is_code("7:10 p.m.", "7:10 a.m.")
    True
    >>> is_code("berlxn", "berlin")
    False
    """
    words: list[str] = re.findall(r"[^\W_]+", bad)
    others: list[str] = re.findall(r"[^\W_]+", good)
    if len(words) != len(others):
        return min(len(bad), len(good)) < LEAST_WORD
    return any(_are_codes(a, b) for a, b in zip(words, others, strict=True) if a != b)


def _are_codes(word: str, other: str) -> bool:
    """Whether one of two words is too short to be misspelt, or both are digits."""
    if min(len(word), len(other)) < LEAST_WORD:
        return True
    return word.isdigit() and other.isdigit()


def shape(value: str) -> str:
    """A text's form: digits as 9, letters as a, all else as it stands.

    >>> shape("al_pn-5c")
    'aa_aa-9a'
    """
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value))


def shapes_of(counts: dict[str, int]) -> set[str]:
    """The forms that at least a hundredth of the rows, and three of them, have."""
    total: dict[str, int] = defaultdict(int)
    for value, count in counts.items():
        total[shape(value)] += count
    least = max(3.0, sum(counts.values()) / 100)
    return {form for form, count in total.items() if count >= least}
