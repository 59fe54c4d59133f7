"""The learning curve of a head: its metrics with a part of the training rows. Knows heads and
tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Array, Ints
from mesocosm.learning.evaluation.model_card import leading_label, leading_metric
from mesocosm.learning.heads.folds import shuffle_rows
from mesocosm.learning.metric_names import name_metric

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.heads.head import Head

Point = dict[str, float]  # the number of training rows, and metrics
SHARES = (0.125, 0.25, 0.5)
MAX_ROWS = 5000
MIN_ROWS = 20
METRICS = ("accuracy", "micro_f1", "macro_f1", "auc", "log_loss", "r2", "mae")


def measure_learning_curve(
    head: Head,
    predictions: Array,
    feats: Mapping[str, Array],
    parts: Splits,
    seed: int,
    say: Say,
) -> list[Point]:
    """Metrics on the test rows by number of training rows, the version's own last; nested subsets
    of one seeded order, in which a group is together.

    Args:
        head: a fitted head, whose kinds are fitted again on fewer rows, boosted trees with the
            settings that they have.
        predictions: its predictions of the test rows with all training rows.

    Source: Cortes et al. 1993, NIPS (learning curves).
    """
    y, groups = parts.y["train"], parts.groups.get("train")
    if len(y) > MAX_ROWS:
        return []
    order = shuffle_rows(len(y), np.random.default_rng(seed), groups)
    curve: list[Point] = []
    for share in SHARES:
        pick = np.sort(order[: int(len(y) * share)])
        if _is_enough(y[pick], parts.outcome.classes):
            others = _predict_with(head, pick, feats, parts, seed)
            curve.append({"rows": len(pick)} | _metrics(parts, predictions, others))
    if not curve:
        return []
    curve.append({"rows": len(y)} | _metrics(parts, predictions, predictions))
    key = leading_metric(curve[-1])
    points = tuple(
        Message("progress.curve_point", rows=p["rows"], value=p.get(key, float("nan")))
        for p in curve
    )
    metric = name_metric(leading_label(curve[-1]))
    say(Message("progress.learning_curve", points=points, metric=metric))
    return curve


def _is_enough(y: Array, classes: int) -> bool:
    """Whether a head can be fitted on rows of these targets: every class has one."""
    if len(y) < MIN_ROWS:
        return False
    return y.ndim != 1 or len(np.unique(y)) >= classes


def _predict_with(
    head: Head, pick: Ints, feats: Mapping[str, Array], parts: Splits, seed: int
) -> Array:
    """What a head of the same kind predicts for the test rows, fitted on some training rows."""
    groups = parts.groups.get("train")
    small = head.again(
        feats["train"][pick],
        parts.table["train"][pick],
        parts.y["train"][pick],
        parts.outcome.classes,
        seed,
        None if groups is None else groups[pick],
    )
    return parts.outcome.decode(small.logits(feats["test"], parts.table["test"]))


def _metrics(parts: Splits, predictions: Array, others: Array) -> Point:
    compared: Point = parts.outcome.compare(predictions, others, parts.y["test"])
    return {k: v for k, v in compared.items() if k in METRICS}
