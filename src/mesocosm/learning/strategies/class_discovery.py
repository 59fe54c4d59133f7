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

import numpy as np

from mesocosm.core.values.words import can_cut_chinese, segment
from mesocosm.learning.arrays import Array, Floats, Ints, Mask

MIN_ROWS = 5  # different outliers that make a proposal
SAMPLE = 1000  # labelled rows on which the similarity within a class is measured
HEIGHTS = 40  # of the tree that are tried
SEED = 7
Row = Mapping[str, object]
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
        self.middle: Floats = x.mean(0)
        apart = self.placed(x)
        self.means = _mean_directions(apart, y, classes)
        present: list[int] = np.unique(y).tolist()
        self.close = min(_mean_product(apart[y == k], self.means[k]) for k in present)
        self.height = 1.0
        drawn: Ints = np.random.default_rng(SEED).permutation(len(x))[:SAMPLE]
        at = _select_directed(apart, drawn)
        if len(at) >= 2:
            self.height = _find_height(apart[at], y[at])

    def placed(self, x: Array) -> Floats:
        """Directions from the middle, of length 1."""
        return _normalize(x - self.middle)

    def likeness(self, x: Array) -> Floats:
        """How like the nearest class each row is (rows,), as a cosine."""
        return _greatest(self.placed(x) @ self.means.T)


def _normalize(x: Array) -> Floats:
    lengths: Floats = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.maximum(lengths, 1e-12))


def _greatest(x: Floats) -> Floats:
    """The greatest number of each row."""
    return np.asarray(x.max(1))


def _mean_directions(apart: Floats, y: Array, classes: int) -> Floats:
    """The direction of each class from the middle; zeros for one without rows."""
    return _normalize(np.array([_mean_row(apart[y == k]) for k in range(classes)]))


def _mean_row(rows: Floats) -> Floats:
    if not len(rows):
        return np.zeros(rows.shape[1])
    return np.asarray(rows.mean(0))


def _mean_product(rows: Floats, direction: Floats) -> float:
    """How like a direction rows are on average."""
    return float((rows @ direction).mean())


def _find_height(apart: Floats, y: Array) -> float:
    """The height of a tree of rows at which its branches are most like the classes."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from sklearn.metrics import adjusted_rand_score

    tree: Floats = linkage(apart, "average", "cosine")
    heights = np.quantile(tree[:, 2], np.linspace(0.3, 1, HEIGHTS))
    found = [float(adjusted_rand_score(y, fcluster(tree, h, "distance"))) for h in heights]
    return float(np.clip(heights[int(np.argmax(found))], 1e-6, 1.0))


def _select_directed(placed: Floats, at: Ints) -> Ints:
    """Those of the rows that have a direction; what lies in the very middle is like nothing."""
    lengths: Floats = np.linalg.norm(placed[at], axis=1)
    return at[lengths > 0.5]


def propose_classes(
    x: Array, outliers: Mask, known: KnownClasses, least: int = MIN_ROWS
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
    placed = known.placed(x)
    cores = _find_cores(placed, outliers, known.height, least)
    if not cores:
        return []
    centres = _normalize(np.array([placed[core].mean(0) for core in cores]))
    near = placed @ centres.T
    belongs = _assign_rows(near, placed @ known.means.T, cores, known.height)
    made: list[ClassProposal] = []
    for k in range(len(cores)):
        members = np.flatnonzero(belongs == k)
        members = members[np.argsort(-near[members, k], kind="stable")]
        distinct = len(np.unique(x[members[outliers[members]]].round(4), axis=0))
        proposal = _describe_members(members, outliers, near[members, k], centres[k], known)
        if distinct >= least and proposal.close > max(known.close, proposal.alike):
            made.append(proposal)
    return sorted(made, key=lambda g: (-len(g.rows), g.rows))


def _find_cores(placed: Floats, outliers: Mask, height: float, least: int) -> list[Ints]:
    """The outliers that are joined at a height, in groups of `least` and more."""
    from scipy.cluster.hierarchy import fcluster, linkage

    at = _select_directed(placed, np.flatnonzero(outliers))
    if len(at) < max(2, least):
        return []
    labels: Ints = fcluster(linkage(placed[at], "average", "cosine"), height, "distance")
    groups: list[Ints] = [at[labels == k] for k in np.unique(labels)]
    return [group for group in groups if len(group) >= least]


def _assign_rows(near: Floats, to_class: Floats, cores: Sequence[Ints], height: float) -> Ints:
    """The group that each row belongs to; -1 for none.

    Args:
        near: how like each group's centre the rows are (rows, groups); `to_class`, each class.
    """
    nearest, classes = _greatest(near), _greatest(to_class)
    joins: Mask = (nearest > classes) & (nearest > 1 - height)
    belongs: Ints = np.where(joins, near.argmax(1), -1)
    for k, core in enumerate(cores):
        belongs[core] = np.where(near[core, k] > classes[core], k, -1)
    return belongs


def _describe_members(
    members: Ints, outliers: Mask, near: Floats, centre: Floats, known: KnownClasses
) -> ClassProposal:
    """The proposal of a group's members, beside the known classes."""
    like: Floats = centre @ known.means.T
    close = 0.0
    if len(members):
        close = float(near.mean())
    rows: list[int] = members.tolist()
    strange = int(outliers[members].sum())
    return ClassProposal(rows, strange, int(like.argmax()), float(like.max()), close)


def split_words(text: str) -> list[str]:
    """The words of a text; of Chinese, which has no spaces, its words of two characters and more
    where the extra `chinese` is installed, else its pairs of characters.

    >>> split_words("Where is it?")
    ['where', 'is', 'it']
    """
    words: list[str] = []
    runs: list[str] = re.findall(
        r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]{2,}(?:['’][^\W\d_]+)?", text.lower()
    )
    for run in runs:
        if "\u3400" <= run[0] <= "\u9fff":
            words += _split_chinese(run)
        else:
            words.append(run)
    return words


def _split_chinese(run: str) -> list[str]:
    """The words of a run of Chinese characters, or its pairs of characters."""
    if can_cut_chinese():
        return [word for word in segment(run) if len(word) > 1] or [run]
    return [run[i : i + 2] for i in range(max(1, len(run) - 1))]


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
    rarity = {word: math.log(every / n) for word, n in in_all.items()}
    return [
        _name_group(words, len(group), rarity, most)
        for group, words in zip(texts, counts, strict=True)
    ]


def _name_group(words: Counter[str], rows: int, rarity: Mapping[str, float], most: int) -> str:
    """The words of the greatest worth: frequent in the group's rows, and rare in all."""
    worth = {
        word: (n / rows) * rarity[word] for word, n in words.items() if n * 2 >= rows or n >= 3
    }
    best = sorted(worth, key=lambda word: (-worth[word], word))[:most]
    least = 0.4 * max(worth.values(), default=0.0)
    return ", ".join(word for word in best if worth[word] >= least)


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
    classes: list[int] = np.unique(y).tolist()
    each = max(1, most // max(1, len(classes)))
    drawn: Ints = np.random.default_rng(SEED).permutation(len(y))
    positions: list[int] = []
    for k in classes:
        positions += drawn[y[drawn] == k][:each].tolist()
    return sorted(positions)


def oversample_classes(
    more: Sequence[Row], target: str, targets: Sequence[object], varies: bool = False
) -> tuple[list[Row], list[int]]:
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
    times = _count_repeats(_count_new(more, target, counts), _usual_size(counts), varies)
    same: list[int] = []
    for k, row in enumerate(more):
        same += [k] * times.get(str(row.get(target)), 1)
    return [more[k] for k in same], same


def _count_new(more: Sequence[Row], target: str, known: Counter[str]) -> Counter[str]:
    """How many labelled rows there are of each class that the data lack."""
    labels = [str(row[target]) for row in more if isinstance(row.get(target), str)]
    return Counter(label for label in labels if label not in known)


def _count_repeats(new: Counter[str], usual: float, varies: bool) -> dict[str, int]:
    """How often a row of each new class is there, so that the class is as large as usual."""
    wanted, most = usual, MAX_REPEATS[varies]
    if varies:
        wanted *= WEIGHT
    return {label: min(most, max(1, round(wanted / n))) for label, n in new.items()}


def _usual_size(counts: Counter[str]) -> float:
    """The rows of a class, at the median."""
    if not counts:
        return 0.0
    return float(median(counts.values()))


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
    known = _list_known_rows(y, again)
    if not known:
        return x
    draw = np.random.default_rng(seed)
    means: Floats = np.stack([x[at].mean(0) for at in known])
    moved: Array = np.array(x)
    for i in again:
        own: Floats = x[i]
        distances: Floats = ((means - own) ** 2).sum(1)
        near = np.argsort(distances)[:NEAR]
        one, other = draw.choice(known[int(draw.choice(near))], 2, replace=False)
        at: Floats = own + SPREAD * (x[one] - x[other])
        moved[i] = at * np.linalg.norm(own) / max(float(np.linalg.norm(at)), 1e-9)
    return moved


def _list_known_rows(y: Array, again: Sequence[int]) -> list[Ints]:
    """The rows of each class that no repeated row is of, where they are two or more."""
    classes: list[int] = np.setdiff1d(y, y[list(again)]).tolist()
    rows = [np.flatnonzero(y == k) for k in classes]
    return [at for at in rows if len(at) > 1]
