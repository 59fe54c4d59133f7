"""Federated averaging: a linear head trained at several sites at once, whose rows stay where they
are. Knows linear heads and sums.

A site receives the weights and returns its own, after steps on its rows, and its number of rows;
nothing else of it is read. On one machine the sites are rows of one snapshot, which measures the
cost of averaging before anybody agrees to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import Json, Record
from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array, Floats, Ints
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.heads.head import Head
    from mesocosm.learning.heads.selection import TrainingRows


STRENGTHS = (0.03, 0.3, 3.0)
FOLDS = 5
TEXT = 4.0  # unit texts are brought to the table's scale, as in the linear head
FEDERATED_METRICS = ("gain_over_pooled", "gain_over_apart")


class Federated(Settings):
    """Average the weights that several sites train, round by round, instead of training on their
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


def fit_federated_head(setting: Federated, sites: Array, rows: TrainingRows, say: Say) -> Head:
    """A linear head trained by federated averaging; its strength is chosen by the cross-validated
    loss, which each site measures on its own rows.

    Args:
        sites: the number of each row's site.
        rows: with class numbers as targets.
    """
    import numpy as np

    from mesocosm.learning.heads.folds import make_folds
    from mesocosm.learning.heads.kernel import log_loss
    from mesocosm.learning.heads.linear import Linear

    y, classes = rows.y, rows.classes
    x: Floats = np.hstack([rows.text * TEXT, rows.table, np.ones((len(y), 1))]).astype(np.float64)

    def train(pick: Ints, strength: float) -> Floats:
        data = [(x[own], y[own]) for own in _split_by_site(pick, sites)]
        return _average_weights(data, classes, strength, setting)

    head = Linear()
    head.name, head.loss, best = "linear", np.inf, STRENGTHS[1]
    head.y_left, head.left_out = y, np.zeros((len(y), classes))
    folds = make_folds(y, classes, rows.seed, FOLDS, rows.groups)
    for strength in STRENGTHS if folds else ():
        left = np.zeros((len(y), classes))
        for pick, out in folds:
            left[out] = x[out] @ train(pick, strength)
        loss = log_loss(left, y)
        if loss < head.loss:
            head.loss, best, head.left_out = loss, strength, left
    weights = train(np.arange(len(y)), best).astype(np.float32)
    head.weights, head.bias = weights[:-1], weights[-1]
    head.weights[: rows.text.shape[1]] *= TEXT
    head.settings = {"strength": best, "sites": len(np.unique(sites)), "rounds": setting.rounds}
    say(
        Message(
            "progress.federated",
            sites=len(np.unique(sites)),
            rounds=setting.rounds,
            bytes=2 * weights.nbytes,
            loss=head.loss,
        )
    )
    return head


def compare_with_pooled(
    head: Head,
    predictions: Array,
    feats: Mapping[str, Array],
    parts: Splits,
    seed: int,
    say: Say,
) -> dict[str, Json]:
    """Metrics of a model of the pooled rows, and of each site's own, on the same test rows; the
    gain is in AUC for two classes, else in accuracy.

    Args:
        predictions: the federated model's probabilities of the test rows (rows, classes).
        feats: text features by part.
        parts: with the site of each training row.
    """
    import numpy as np

    from mesocosm.learning.evaluation import metrics
    from mesocosm.learning.heads import softmax
    from mesocosm.learning.heads.linear import Linear
    from mesocosm.learning.strategies.domain_adaptation import select_metric

    y, labels, classes = parts.y["test"], parts.y["train"], parts.outcome.classes
    text, table = feats["train"], parts.table["train"]
    ours = metrics.classification_metrics(predictions, y)
    key = select_metric(ours, classes)

    def evaluate(rows: Ints) -> float:
        other = Linear().fit(text[rows], table[rows], labels[rows], classes, seed)
        probabilities = softmax(other.logits(feats["test"], parts.table["test"]))
        return metrics.classification_metrics(probabilities, y)[key]

    pooled = evaluate(np.arange(len(labels)))
    sites = _evaluate_sites(parts, evaluate)
    result: dict[str, Json] = {
        "federated": {
            "figure": key,
            "pooled": round(pooled, 4),
            "sites": {name: site.to_json() for name, site in sites.items()},
            "rounds": head.settings["rounds"],
        },
        "gain_over_pooled": round(ours[key] - pooled, 4),
    }
    line = Message("progress.federated_pooled", metric=key, ours=ours[key], pooled=pooled)
    alone = [site.alone for site in sites.values() if site.alone is not None]
    if alone:
        mean = float(np.mean(alone))
        result["gain_over_apart"] = round(ours[key] - mean, 4)
        line = Message(
            "progress.federated_sites", metric=key, ours=ours[key], pooled=pooled, alone=mean
        )
    say(line)
    return result


@dataclass(frozen=True, slots=True)
class Site(Record):
    """A site's training rows, and the metric of a model of these alone; None where they lack a
    class.
    """

    rows: int
    alone: float | None

    def to_json(self) -> dict[str, Json]:
        """The site as metrics hold it, to four places."""
        alone = self.alone
        if alone is not None:
            alone = round(alone, 4)
        return {"rows": self.rows, "alone": alone}


def _evaluate_sites(parts: Splits, evaluate: Callable[[Ints], float]) -> dict[str, Site]:
    """Each site with the metric of a model of its own rows, where these have every class."""
    import numpy as np

    assert parts.sites is not None
    labels = parts.y["train"]
    sites: dict[str, Site] = {}
    by_site = _split_by_site(np.arange(len(labels)), parts.sites)
    for name, rows in zip(parts.site_names, by_site, strict=True):
        alone = None
        if len(np.unique(labels[rows])) == parts.outcome.classes:
            alone = evaluate(rows)
        sites[str(name)] = Site(len(rows), alone)
    return sites


def _split_by_site(rows: Ints, sites: Array) -> list[Ints]:
    """Row numbers by site, those of sites that have any."""
    import numpy as np

    by_site = [rows[sites[rows] == site] for site in np.unique(sites)]
    return [own for own in by_site if len(own)]


def _average_weights(
    sites: Sequence[tuple[Floats, Array]], classes: int, strength: float, setting: Federated
) -> Floats:
    """Weights (columns and a level, classes) after rounds of steps at every site, Nesterov's
    momentum kept where they are averaged.

    The step size follows from the sites' own greatest curvatures, each a single number that a site
    sends once.
    """
    import numpy as np

    total = sum(len(y) for _, y in sites)
    width = sites[0][0].shape[1]
    held = np.full((width, 1), 1 / (strength * total))
    held[-1] = 0.0
    curvatures = [
        len(y) / total * 0.5 * float(np.linalg.norm(x, 2) ** 2) / len(y) for x, y in sites
    ]
    rate = 1 / (sum(curvatures) + float(held.max()))
    at: Floats = np.zeros((width, classes))
    ahead, pace = at, 1.0
    for _ in range(setting.rounds):
        steps = [
            len(y) / total * _take_steps(x, y, ahead, held, setting.local, rate) for x, y in sites
        ]
        moved: Floats = np.sum(steps, axis=0)
        faster = (1 + math.sqrt(1 + 4 * pace**2)) / 2
        ahead = moved + (pace - 1) / faster * (moved - at)
        at, pace = moved, faster
    return at


def _take_steps(
    x: Floats, y: Array, weights: Floats, held: Floats, count: int, rate: float
) -> Floats:
    """What a site returns: the weights after its own gradient steps."""
    import numpy as np

    from mesocosm.learning.heads import softmax

    here: Floats = weights.copy()
    for _ in range(count):
        p: Floats = np.asarray(softmax(x @ here))
        p[np.arange(len(y)), y] -= 1
        here -= rate * (x.T @ p / len(y) + held * here)
    return here
