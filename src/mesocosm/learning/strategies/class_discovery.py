"""Class discovery: requests of which a model is not confident, or that are out of distribution, and
that are similar to each other, as proposals for new classes. Knows features, probabilities and
words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MIN_ROWS = 5  # different outliers that make a proposal
SAMPLE = 1000  # labelled rows on which the similarity within a class is measured
HEIGHTS = 40  # of the tree that are tried
SEED = 7
MAX_REPEATS = (10, 40)  # of a row of a new class in the training rows: unchanged, and varied
WEIGHT = 3.0  # times the rows of a known class that a new one is worth where they are varied
NEAR = 10  # known classes nearest to a new one, whose rows show how those of one class differ
SPREAD = 0.8  # of such a difference that a row is moved by


@dataclass(frozen=True)
class ClassProposal:
    """A proposed class: rows that are more similar to each other than to any known class.

    Args:
        rows: their positions, the most typical first.
        outliers: how many of them the model is not confident of, or are out of distribution.
        nearest: the position of the class that they are most like.
        alike: how like it their centre is, as a cosine, and `close`, how like their centre they are
            on average.
    """

    rows: list[int]
    outliers: int
    nearest: int
    alike: float
    close: float


class KnownClasses:
    """How the rows of known classes lie: their middle, each class's direction from it, and how
    alike the rows of one class are.

    Args:
        x: features (rows, width) of labelled rows.
        y: their classes (rows,), positions among `classes`.

    The height at which a tree of rows falls into classes is the one that finds the known classes
    best (adjusted Rand index), so a desk with seventy fine intents has small proposals and one with
    eight has broad ones. `close` is how like its middle the loosest class is.

    Source: Hubert and Arabie 1985, Journal of Classification 2; Sokal and Michener 1958 (average
    linkage).
    """

    def __init__(self, x: Array, y: Array, classes: int) -> None:
        from scipy.cluster.hierarchy import fcluster, linkage
        from sklearn.metrics import adjusted_rand_score

        self.middle = x.mean(0)
        apart = self.placed(x)
        self.means = _normalize(
            np.array(
                [
                    apart[y == k].mean(0) if (y == k).any() else np.zeros(x.shape[1])
                    for k in range(classes)
                ]
            )
        )
        self.close, self.height = (
            float(min((apart[y == k] @ self.means[k]).mean() for k in np.unique(y))),
            1.0,
        )
        at = _select_directed(apart, np.random.default_rng(SEED).permutation(len(x))[:SAMPLE])
        if len(at) < 2:
            return
        tree = linkage(apart[at], "average", "cosine")
        heights = np.quantile(tree[:, 2], np.linspace(0.3, 1, HEIGHTS))
        found = [adjusted_rand_score(y[at], fcluster(tree, h, "distance")) for h in heights]
        self.height = float(np.clip(heights[int(np.argmax(found))], 1e-6, 1.0))

    def placed(self, x: Array) -> Array:
        """Directions from the middle, of length 1."""
        return _normalize(x - self.middle)

    def likeness(self, x: Array) -> Array:
        """How like the nearest class each row is (rows,), as a cosine."""
        return np.asarray((self.placed(x) @ self.means.T).max(1))


def _normalize(x: Array) -> Array:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))


def _select_directed(placed: Array, at: Array) -> Array:
    """Those of the rows that have a direction; what lies in the very middle is like nothing."""
    return np.asarray(at[np.linalg.norm(placed[at], axis=1) > 0.5])


def propose_classes(
    x: Array, outliers: Array, known: KnownClasses, least: int = MIN_ROWS
) -> list[ClassProposal]:
    """Groups of rows that no class explains, the largest first.

    Unusual rows are joined by average linkage up to the known classes' height. A row stays in, or a
    sure one joins, the group whose centre it is nearer to than to any class: a model is often sure
    of what it never saw. Rows that hang together less than the loosest class does have nothing in
    common but to be unusual. A group whose centre is as like a class as its own rows are like the
    centre is that class, asked for in unusual words, and none.

    Args:
        x: features (rows, width).
        outliers: which rows the model is not confident of, or are out of distribution (rows,).
        least: outliers that make a group; duplicates count once.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    placed = known.placed(x)
    at = _select_directed(placed, np.flatnonzero(outliers))
    if len(at) < max(2, least):
        return []
    labels = fcluster(linkage(placed[at], "average", "cosine"), known.height, "distance")
    cores = [at[labels == k] for k in np.unique(labels) if (labels == k).sum() >= least]
    if not cores:
        return []
    centres = _normalize(np.array([placed[core].mean(0) for core in cores]))
    near, to_class = placed @ centres.T, placed @ known.means.T
    nearer = near.max(1) > to_class.max(1)
    belongs = np.where(nearer & (near.max(1) > 1 - known.height), near.argmax(1), -1)
    for k, core in enumerate(cores):
        belongs[core] = np.where(near[core, k] > to_class[core].max(1), k, -1)
    made = []
    for k in range(len(cores)):
        mine = np.flatnonzero(belongs == k)
        mine = mine[np.argsort(-near[mine, k], kind="stable")]
        like = centres[k] @ known.means.T
        close = float(near[mine, k].mean()) if len(mine) else 0.0
        apart = len(np.unique(x[mine[outliers[mine]]].round(4), axis=0))
        if apart >= least and close > max(known.close, like.max()):
            made.append(
                ClassProposal(
                    [int(i) for i in mine],
                    int(outliers[mine].sum()),
                    int(like.argmax()),
                    float(like.max()),
                    close,
                )
            )
    return sorted(made, key=lambda g: (-len(g.rows), g.rows))


def split_words(text: str) -> list[str]:
    """The words of a text; of Chinese, which has no spaces, its pairs of characters.

    >>> split_words("Where is it?"), split_words("我的包裹")
    (['where', 'is', 'it'], ['我的', '的包', '包裹'])
    """
    words: list[str] = []
    for run in re.findall(
        r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]{2,}(?:['’][^\W\d_]+)?", text.lower()
    ):
        if "\u3400" <= run[0] <= "\u9fff":
            words += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        else:
            words.append(run)
    return words


def name_groups(texts: Sequence[Sequence[str]], rest: Sequence[str], most: int = 3) -> list[str]:
    """A working name of each group: the words that come in many of its rows and in few others.

    Args:
        texts: of each group.
        rest: texts of no group.

    Source: Grootendorst 2022, arXiv 2203.05794 (class-based TF-IDF).

    >>> storm = ["the storm took my roof", "a storm, the roof is off"]
    >>> rest = ["the parcel", "my parcel is late", "a lost parcel"]
    >>> name_groups([storm, ["is the shop open"]], rest)
    ['roof, storm, off', 'open, shop']
    """
    counts = [_count_words(group) for group in texts]
    in_all = sum(counts, _count_words(rest))
    every = sum(map(len, texts)) + len(rest)
    names = []
    for group, words in zip(texts, counts, strict=True):
        worth = {
            word: (n / len(group)) * math.log(every / in_all[word])
            for word, n in words.items()
            if n * 2 >= len(group) or n >= 3
        }
        best = sorted(worth, key=lambda word: (-worth[word], word))[:most]
        least = 0.4 * max(worth.values(), default=0.0)
        names.append(", ".join(word for word in best if worth[word] >= least))
    return names


def _count_words(texts: Sequence[str]) -> Counter[str]:
    """In how many texts each word comes."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(split_words(text)))
    return counts


def sample_balanced(y: Array, most: int) -> list[int]:
    """Positions of at most `most` rows, as many of each class as there are and the number allows.

    >>> sample_balanced(np.array([0, 0, 0, 0, 1]), 4)
    [0, 2, 4]
    """
    classes = np.unique(y)
    each = max(1, most // max(1, len(classes)))
    drawn = np.random.default_rng(SEED).permutation(len(y))
    positions: list[int] = []
    for k in classes:
        positions += drawn[y[drawn] == k][:each].tolist()
    return sorted(positions)


def oversample_classes(
    more: Sequence[Mapping[str, Any]], target: str, targets: Sequence[Any], varies: bool = False
) -> tuple[list[Mapping[str, Any]], list[int]]:
    """Labelled rows with those of classes that the data lack repeated, until such a class has as
    many as the others at the median; and which row each is.

    A class of six rows among seventy of a hundred is seldom predicted, however distinct it is.

    Args:
        more: the labelled rows.
        targets: the targets of the data.
        varies: whether repeated rows are then varied, so that they may weigh more.

    >>> more = [{"y": "new"}, {"y": "old"}]
    >>> rows, same = oversample_classes(more, "y", ["old"] * 4 + ["else"] * 4)
    >>> [r["y"] for r in rows], same
    (['new', 'new', 'new', 'new', 'old'], [0, 0, 0, 0, 1])
    """
    counts = Counter(str(v) for v in targets if v is not None)
    labels = [row[target] for row in more if isinstance(row.get(target), str)]
    new = Counter(label for label in labels if label not in counts)
    usual = median(counts.values()) if counts else 0
    weight = WEIGHT if varies else 1
    times = {
        label: min(MAX_REPEATS[varies], max(1, round(usual * weight / n)))
        for label, n in new.items()
    }
    same: list[int] = []
    for k, row in enumerate(more):
        same += [k] * times.get(str(row.get(target)), 1)
    return [more[k] for k in same], same


def vary_features(x: Array, y: Array, again: Sequence[int], seed: int) -> Array:
    """Features with those of repeated rows moved as rows of one class differ: by the difference of
    two rows of a known class that is near.

    Copies are one point; how the rows of an intent differ from each other is much the same for all
    intents, and the known ones show it.

    Args:
        x: features (rows, width).
        y: class numbers.
        again: the repeated rows.

    Source: Schwartz et al. 2018, arXiv 1806.04734 (differences within a class carried to another).

    >>> x = np.eye(6)[[0, 1, 2, 3, 4, 5, 5]]
    >>> moved = vary_features(x, np.array([0, 0, 1, 1, 2, 2, 2]), [6], 0)
    >>> bool((moved[:6] == x[:6]).all())
    True
    >>> bool((moved[6] == x[6]).all())
    False
    >>> round(float(np.linalg.norm(moved[6])), 6)
    1.0
    """
    new = set(y[list(again)].tolist())
    rows = {k: np.flatnonzero(y == k) for k in np.unique(y).tolist() if k not in new}
    rows = {k: at for k, at in rows.items() if len(at) > 1}
    if not rows:
        return x
    draw, known = np.random.default_rng(seed), list(rows)
    means = np.stack([x[at].mean(0) for at in rows.values()])
    moved = np.array(x)
    for i in again:
        near = np.argsort(((means - x[i]) ** 2).sum(1))[:NEAR]
        one, other = draw.choice(rows[known[int(draw.choice(near))]], 2, replace=False)
        at = x[i] + SPREAD * (x[one] - x[other])
        moved[i] = at * np.linalg.norm(x[i]) / max(float(np.linalg.norm(at)), 1e-9)
    return moved
