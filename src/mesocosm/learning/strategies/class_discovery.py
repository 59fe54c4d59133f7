"""Requests of a kind that a model was never taught: those it is not sure of, or that are like
nothing it knows, and like each other, as proposals for classes. Knows features, probabilities and
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
LEAST = 5  # strange rows, each unlike the others, that make a proposal
SAMPLE = 1000  # labelled rows on which it is seen how alike those of one class are
HEIGHTS = 40  # that are tried
SEED = 7
AGAIN = (
    10,
    40,
)  # times that a row of a class that people named is taught at most: as it is, and varied
WEIGHT = 3.0  # times the rows of a known class that a new one is worth where they are varied
NEAR = 10  # known classes nearest to a new one, whose rows tell how those of one class differ
SPREAD = 0.8  # of such a difference that a row is moved by


@dataclass(frozen=True)
class Group:
    """Rows that are more like each other than like any class.

    Args:
        rows: their positions, the most typical first.
        strange: how many of them the model is not sure of, or are like nothing it knows.
        nearest: the position of the class that they are most like.
        alike: how like it their centre is, as a cosine, and `close`, how like their centre they are
            on average.
    """

    rows: list[int]
    strange: int
    nearest: int
    alike: float
    close: float


class Known:
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
        self.means = _unit(
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
        at = _directed(apart, np.random.default_rng(SEED).permutation(len(x))[:SAMPLE])
        if len(at) < 2:
            return
        tree = linkage(apart[at], "average", "cosine")
        heights = np.quantile(tree[:, 2], np.linspace(0.3, 1, HEIGHTS))
        found = [adjusted_rand_score(y[at], fcluster(tree, h, "distance")) for h in heights]
        self.height = float(np.clip(heights[int(np.argmax(found))], 1e-6, 1.0))

    def placed(self, x: Array) -> Array:
        """Directions from the middle, of length 1."""
        return _unit(x - self.middle)

    def likeness(self, x: Array) -> Array:
        """How like the nearest class each row is (rows,), as a cosine."""
        return np.asarray((self.placed(x) @ self.means.T).max(1))


def _unit(x: Array) -> Array:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))


def _directed(placed: Array, at: Array) -> Array:
    """Those of the rows that have a direction; what lies in the very middle is like nothing."""
    return np.asarray(at[np.linalg.norm(placed[at], axis=1) > 0.5])


def groups(x: Array, strange: Array, known: Known, least: int = LEAST) -> list[Group]:
    """Groups of rows that no class explains, the largest first.

    Strange rows are joined by average linkage up to the known classes' height. A row stays in, or a
    sure one joins, the group whose centre it is nearer to than to any class: a model is often sure
    of what it never saw. Rows that hang together less than the loosest class does have nothing in
    common but to be strange. A group whose centre is as like a class as its own rows are like the
    centre is that class, asked for in unusual words, and none.

    Args:
        x: features (rows, width).
        strange: which rows the model is not sure of, or are like nothing it knows (rows,).
        least: strange rows that make a group; one that says the same as another counts once.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    placed = known.placed(x)
    at = _directed(placed, np.flatnonzero(strange))
    if len(at) < max(2, least):
        return []
    labels = fcluster(linkage(placed[at], "average", "cosine"), known.height, "distance")
    cores = [at[labels == k] for k in np.unique(labels) if (labels == k).sum() >= least]
    if not cores:
        return []
    centres = _unit(np.array([placed[core].mean(0) for core in cores]))
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
        apart = len(np.unique(x[mine[strange[mine]]].round(4), axis=0))
        if apart >= least and close > max(known.close, like.max()):
            made.append(
                Group(
                    [int(i) for i in mine],
                    int(strange[mine].sum()),
                    int(like.argmax()),
                    float(like.max()),
                    close,
                )
            )
    return sorted(made, key=lambda g: (-len(g.rows), g.rows))


def said_in(text: str) -> list[str]:
    """The words of a text; of Chinese, which has no spaces, its pairs of characters.

    >>> said_in("Where is it?"), said_in("我的包裹")
    (['where', 'is', 'it'], ['我的', '的包', '包裹'])
    """
    found: list[str] = []
    for run in re.findall(
        r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]{2,}(?:['’][^\W\d_]+)?", text.lower()
    ):
        found += (
            [run[i : i + 2] for i in range(max(1, len(run) - 1))]
            if "\u3400" <= run[0] <= "\u9fff"
            else [run]
        )
    return found


def names(texts: Sequence[Sequence[str]], rest: Sequence[str], most: int = 3) -> list[str]:
    """A working name of each group: the words that come in many of its rows and in few others.

    Args:
        texts: of each group.
        rest: texts of no group.

    Source: Grootendorst 2022, arXiv 2203.05794 (class-based TF-IDF).

    >>> names([["the storm took my roof", "a storm, the roof is off"], ["is the shop open"]], ["the parcel", "my parcel is late", "a lost parcel"])
    ['roof, storm, off', 'open, shop']
    """
    counted = [Counter(w for text in group for w in set(said_in(text))) for group in texts]
    elsewhere = Counter(w for text in rest for w in set(said_in(text)))
    every = sum(len(group) for group in texts) + len(rest)
    in_all = sum(counted, elsewhere)
    made = []
    for group, words in zip(texts, counted, strict=True):
        worth = {
            w: (n / len(group)) * math.log(every / in_all[w])
            for w, n in words.items()
            if n * 2 >= len(group) or n >= 3
        }
        best = sorted(worth, key=lambda w: (-worth[w], w))[:most]
        top = worth[best[0]] if best else 0.0
        made.append(", ".join(w for w in best if worth[w] >= 0.4 * top))
    return made


def balanced(y: Array, most: int) -> list[int]:
    """Positions of at most `most` rows, as many of each class as there are and the number allows.

    >>> balanced(np.array([0, 0, 0, 0, 1]), 4)
    [0, 2, 4]
    """
    classes = np.unique(y)
    each = max(1, most // max(1, len(classes)))
    drawn = np.random.default_rng(SEED).permutation(len(y))
    return sorted(int(i) for k in classes for i in drawn[y[drawn] == k][:each])


def as_often(
    more: Sequence[Mapping[str, Any]], target: str, taught: Sequence[Any], varies: bool = False
) -> tuple[list[Mapping[str, Any]], list[int]]:
    """Labelled rows with those of classes that the data lack again and again, until such a class
    has as many as the others at the median; and which row each is.

    A class of six rows beside seventy of a hundred is seldom said, however well it is told from
    them.

    Args:
        varies: whether what comes again is then varied; it may be worth more.

    >>> rows, same = as_often([{"y": "new"}, {"y": "old"}], "y", ["old"] * 4 + ["else"] * 4)
    >>> [r["y"] for r in rows], same
    (['new', 'new', 'new', 'new', 'old'], [0, 0, 0, 0, 1])
    """
    counts = Counter(str(v) for v in taught if v is not None)
    named = Counter(
        str(r[target])
        for r in more
        if isinstance(r.get(target), str) and str(r[target]) not in counts
    )
    usual = median(counts.values()) if counts else 0
    times = {
        label: min(AGAIN[varies], max(1, round(usual * (WEIGHT if varies else 1) / n)))
        for label, n in named.items()
    }
    same = [k for k, r in enumerate(more) for _ in range(times.get(str(r.get(target)), 1))]
    return [more[k] for k in same], same


def varied(x: Array, y: Array, again: Sequence[int], seed: int) -> Array:
    """Features with those of rows that come again moved as rows of one class differ: by the
    difference of two rows of a known class that is near.

    Copies teach one point; how the rows of a wish differ from each other is much the same for all
    wishes, and the known ones show it.

    Args:
        x: features (rows, width).
        y: class numbers.
        again: the rows that come again.

    Source: Schwartz et al. 2018, arXiv 1806.04734 (differences within a class carried to another).

    >>> x = np.eye(6)[[0, 1, 2, 3, 4, 5, 5]]
    >>> moved = varied(x, np.array([0, 0, 1, 1, 2, 2, 2]), [6], 0)
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
