"""What one column says of each of its values: format, frequency, spelling, outliers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from mesocosm.data.cleaning.learned_errors import text_patterns
from mesocosm.data.cleaning.learned_errors.text_table import Floats, Ints, TextColumn

NEAR = 2  # edits
MOST_COMPARED = 2500  # distinct values of a column that are compared with each other
PATTERNS: tuple[Callable[[str], str], ...] = (
    text_patterns.pattern_of,
    text_patterns.short_pattern,
    text_patterns.case_of,
    text_patterns.signs_of,
)


class ColumnModel:
    """A column's formats, characters and neighbouring spellings."""

    def __init__(self, column: TextColumn) -> None:
        self.column = column
        told = np.where(column.gaps, 0, column.counts)
        self.shares = [
            text_patterns.count_shares(map(pattern, column.values), told) for pattern in PATTERNS
        ]
        self.trigrams = self._count(text_patterns.trigrams_of)
        self.words = self._count(str.split)
        self.middle, self.spread = _middle_spread(column.numbers[column.codes])
        lengths = np.array([len(v) for v in column.values], np.float64)
        self.length, self.length_spread = _middle_spread(lengths[column.codes])
        self.near = self._find_near()

    def _count(self, split: Callable[[str], list[str]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for value, count in zip(self.column.values, self.column.counts, strict=True):
            for part in set(split(value)):
                found[part] += int(count)
        return found

    def _find_near(self) -> list[list[int]]:
        """For each value, the places of those written almost like it, the most frequent first."""
        column = self.column
        found: list[list[int]] = [[] for _ in column.values]
        texts = [i for i, v in enumerate(column.values) if len(v) >= 3 and not column.gaps[i]]
        often = [i for i in texts if column.counts[i] >= 2]
        if column.is_numeric or not often or len(often) > MOST_COMPARED:
            return found
        rare = [i for i in texts if column.counts[i] <= max(2, int(column.counts.max()) // 4)]
        values = column.values
        far = process.cdist(
            [values[i] for i in rare],
            [values[i] for i in often],
            scorer=DamerauLevenshtein.distance,
            score_cutoff=NEAR,
            dtype=np.uint8,
        )
        for a, b in zip(*np.nonzero(far <= NEAR), strict=True):
            i, j = rare[a], often[b]
            if i != j and column.counts[j] > column.counts[i]:
                found[i].append(j)
        for places in found:
            places.sort(key=lambda j: -int(column.counts[j]))
        return found

    def format_shares(self, text: str) -> list[float]:
        """The share of the rows written in the pattern, short pattern, case and signs of a text."""
        pairs = zip(PATTERNS, self.shares, strict=True)
        return [share.get(pattern(text), 0.0) for pattern, share in pairs]

    def rarest_trigram(self, text: str) -> float:
        """How many rows have the rarest trigram of a text, logarithmic."""
        return float(np.log1p(min(self.trigrams[t] for t in text_patterns.trigrams_of(text))))

    def rarest_word(self, text: str) -> float:
        """How many rows have the rarest word of a text, logarithmic."""
        return float(np.log1p(min((self.words[w] for w in text.split()), default=0)))

    def measure(self, rows: int) -> Floats:
        """A row of features for each distinct value."""
        column = self.column
        near = np.array(
            [np.log(column.counts[n[0]] / c) if n else 0.0 for n, c in self._near_counts()]
        )
        lengths = np.array([len(v) for v in column.values], np.float64)
        z = np.abs(column.numbers - self.middle) / self.spread
        texts = column.values
        decimals = np.array([len(v.partition(".")[2]) for v in texts], np.float64)
        distinct = len(texts) / rows
        parts: list[Floats | float] = [
            column.gaps.astype(np.float64),
            float(column.counts[column.gaps].sum() / rows),
            np.log(column.counts),
            column.counts / rows,
            distinct,
            *np.array([self.format_shares(v) for v in texts], np.float64).T,
            np.array([self.rarest_trigram(v) for v in texts]),
            np.array([self.rarest_word(v) for v in texts]),
            (lengths - self.length) / self.length_spread,
            np.isnan(column.numbers).astype(np.float64),
            column.number_share,
            np.nan_to_num(np.minimum(z, 1e6), nan=-1.0),
            np.where(np.isnan(column.numbers), 0.0, decimals - column.decimals),
            near,
        ]
        return np.stack([np.broadcast_to(p, len(texts)) for p in parts], axis=1)

    def _near_counts(self) -> list[tuple[list[int], int]]:
        counts: Ints = self.column.counts
        return [(near, int(count)) for near, count in zip(self.near, counts, strict=True)]


def _middle_spread(values: Floats) -> tuple[float, float]:
    """The median, and a spread that outliers do not move."""
    told = values[~np.isnan(values)]
    if not len(told):
        return 0.0, 1.0
    low, middle, high = np.percentile(told, (25, 50, 75))
    spread = (high - low) / 1.35 or float(np.abs(told - middle).mean()) or 1.0
    return float(middle), float(spread)
