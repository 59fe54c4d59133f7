"""Federated averaging: a linear head learnt at several sites at once, whose rows stay where they
are. Knows linear heads and sums.

A site is told the weights and answers with its own, moved by its rows, and with how many rows it
has; nothing else of it is read. On one machine the sites are rows of one snapshot, which tells what
averaging costs before anybody agrees to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Kind

if TYPE_CHECKING:
    import numpy as np

    from mesocosm.learning.features.splits import Parts

    Array = np.ndarray[Any, Any]

STRENGTHS = (0.03, 0.3, 3.0)
FOLDS = 5
TEXT = 4.0  # unit texts are brought to the table's scale, as in the linear head
OF_FEDERATED = ("gain_over_pooled", "gain_over_apart")


class Federated(Kind):
    """Average the weights that several sites learn, round by round, instead of learning from their
    rows in one place.

    With `local: 1` the mean of the sites' steps is the step over all rows, so enough rounds end
    where pooled rows would. More local steps need fewer rounds, and end elsewhere where the sites
    differ.

    Args:
        by: the field that names a row's site; where it is not given, each source of the dataset is
            one.
        rounds: how often the weights go out and come back.
        local: gradient steps that a site takes in a round.

    Source: McMahan et al. 2017, AISTATS (federated averaging).

    >>> Federated().rounds
    200
    """

    short: ClassVar[str] = "rounds"
    by: str | None = None
    rounds: int = Field(200, ge=1, le=10_000)
    local: int = Field(1, ge=1, le=1000)


def federated_head(
    setting: Federated,
    sites: Array,
    text: Array,
    table: Array,
    y: Array,
    classes: int,
    seed: int,
    say: Callable[[str], None],
    groups: Array | None = None,
) -> Any:
    """A linear head whose strength is chosen by what rows are told while they are left out; each
    site judges its own.

    Args:
        sites: the number of each row's site.
        y: class numbers.
    """
    import numpy as np

    from mesocosm.learning.heads.folds import folds
    from mesocosm.learning.heads.kernel import log_loss
    from mesocosm.learning.heads.linear import Linear

    x = np.hstack([text * TEXT, table, np.ones((len(y), 1))]).astype(np.float64)

    def fitted(rows: Array, strength: float) -> Array:
        return _averaged(
            [(x[own], y[own]) for own in _of_sites(rows, sites)],
            classes,
            strength,
            setting.rounds,
            setting.local,
        )

    head = Linear()
    head.name, head.loss, best = "linear", np.inf, STRENGTHS[1]
    head.y_left, head.left_out = y, np.zeros((len(y), classes))
    parts = folds(y, classes, seed, FOLDS, groups)
    for strength in STRENGTHS if parts else ():
        left = np.zeros((len(y), classes))
        for rows, out in parts:
            left[out] = x[out] @ fitted(rows, strength)
        if (loss := log_loss(left, y)) < head.loss:
            head.loss, best, head.left_out = loss, strength, left
    weights = fitted(np.arange(len(y)), best).astype(np.float32)
    head.weights, head.bias = weights[:-1], weights[-1]
    head.weights[: text.shape[1]] *= TEXT
    head.settings = {"strength": best, "sites": len(np.unique(sites)), "rounds": setting.rounds}
    say(
        f"federated: {head.settings['sites']} sites, {setting.rounds} rounds,"
        f" {2 * weights.nbytes:,} bytes to and from a site a round; left-out log-loss"
        f" {head.loss:.4f}"
    )
    return head


def beside_pooled(
    head: Any,
    sites: Array,
    names: Sequence[str],
    said: Array,
    feats: Mapping[str, Array],
    parts: Parts,
    seed: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """What one model of the pooled rows, and each site's own, say on the same test rows; the gain
    is in AUC where there are two classes, else in accuracy.
    """
    import numpy as np

    from mesocosm.learning.evaluation import metrics
    from mesocosm.learning.heads import softmax
    from mesocosm.learning.heads.linear import Linear

    y, text, table, labels = parts.y["test"], feats["train"], parts.table["train"], parts.y["train"]
    mine = metrics.classification_metrics(said, y)
    key = "auc" if parts.task.classes == 2 and mine.get("auc") == mine.get("auc") else "accuracy"

    def figure(rows: Array) -> float:
        other = Linear().fit(text[rows], table[rows], labels[rows], parts.task.classes, seed)
        return float(
            metrics.classification_metrics(
                softmax(other.logits(feats["test"], parts.table["test"])), y
            )[key]
        )

    pooled = figure(np.arange(len(labels)))
    own = [
        figure(rows) if len(np.unique(labels[rows])) == parts.task.classes else None
        for rows in _of_sites(np.arange(len(labels)), sites)
    ]
    known = [f for f in own if f is not None]
    told = {
        "figure": key,
        "pooled": round(pooled, 4),
        "sites": {
            str(n): {"rows": int(np.sum(sites == i)), "alone": None if f is None else round(f, 4)}
            for i, (n, f) in enumerate(zip(names, own, strict=True))
        },
        "rounds": head.settings["rounds"],
    }
    found: dict[str, Any] = {
        "federated": told,
        "gain_over_pooled": round(float(mine[key]) - pooled, 4),
    }
    if known:
        found["gain_over_apart"] = round(float(mine[key]) - float(np.mean(known)), 4)
    say(
        f"federated: {key} {mine[key]:.3f}; learnt from the pooled rows {pooled:.3f}, by one site"
        f" alone {np.mean(known):.3f} in the mean"
        if known
        else f"federated: {key} {mine[key]:.3f}; pooled {pooled:.3f}"
    )
    return found


def _of_sites(rows: Array, sites: Array) -> list[Array]:
    import numpy as np

    return [own for site in np.unique(sites) if len(own := rows[sites[rows] == site])]


def _averaged(
    sites: Sequence[tuple[Array, Array]], classes: int, strength: float, rounds: int, local: int
) -> Array:
    """Weights (columns and a level, classes) after rounds of steps at every site, Nesterov's
    momentum kept where they are averaged.

    The length of a step is what the sites' own greatest curvatures allow, each a single number that
    a site tells once.
    """
    import numpy as np

    total = sum(len(y) for _, y in sites)
    width = sites[0][0].shape[1]
    held = np.full((width, 1), 1 / (strength * total))
    held[-1] = 0.0
    curve = sum(
        len(y) / total * 0.5 * float(np.linalg.norm(x, 2) ** 2) / len(y) for x, y in sites
    ) + float(held.max())
    at = ahead = np.zeros((width, classes))
    pace = 1.0
    for _ in range(rounds):
        moved = np.sum(
            [len(y) / total * _steps(x, y, ahead, held, local, 1 / curve) for x, y in sites], axis=0
        )
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = moved + (pace - 1) / faster * (moved - at)
        at, pace = moved, faster
    return np.asarray(at)


def _steps(x: Array, y: Array, weights: Array, held: Array, count: int, rate: float) -> Array:
    """What a site answers: the weights after its own gradient steps."""
    import numpy as np

    from mesocosm.learning.heads import softmax

    here = weights.copy()
    for _ in range(count):
        p = softmax(x @ here)
        p[np.arange(len(y)), y] -= 1
        here -= rate * (x.T @ p / len(y) + held * here)
    return here
