"""The learning curve of a head: its metrics with a part of the training rows. Knows heads and
tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.model_card import leading_label, leading_metric
from mesocosm.learning.heads.folds import shuffle_rows

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits

Array = np.ndarray[Any, Any]
SHARES = (0.125, 0.25, 0.5)
MAX_ROWS = 5000
MIN_ROWS = 20
METRICS = ("accuracy", "micro_f1", "macro_f1", "auc", "log_loss", "r2", "mae")


def measure_learning_curve(
    head: Any,
    predictions: Array,
    feats: Mapping[str, Array],
    parts: Splits,
    seed: int,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Metrics on the test rows by number of training rows, the version's own last; nested subsets
    of one seeded order, in which a group is together.

    Args:
        head: a fitted head, whose kinds are fitted again on fewer rows, boosted trees with the
            settings that they have.
        predictions: its predictions of the test rows with all training rows.

    Source: Cortes et al. 1993, NIPS (learning curves).
    """
    y, classes, groups = parts.y["train"], parts.outcome.classes, parts.groups.get("train")
    if len(y) > MAX_ROWS:
        return []
    order = shuffle_rows(len(y), np.random.default_rng(seed), groups)
    curve = []
    for share in SHARES:
        pick = np.sort(order[: int(len(y) * share)])
        if len(pick) < MIN_ROWS or (y.ndim == 1 and len(np.unique(y[pick])) < classes):
            continue
        small = head.again(
            feats["train"][pick],
            parts.table["train"][pick],
            y[pick],
            classes,
            seed,
            None if groups is None else groups[pick],
        )
        others = parts.outcome.decode(small.logits(feats["test"], parts.table["test"]))
        curve.append({"rows": len(pick)} | _metrics(parts, predictions, others))
    if not curve:
        return []
    curve.append({"rows": len(y)} | _metrics(parts, predictions, predictions))
    key = leading_metric(curve[-1])
    points = ", ".join(f"{p['rows']} rows {p.get(key, float('nan')):.3f}" for p in curve)
    say(f"learning curve: {points} ({leading_label(curve[-1])} on the test rows)")
    return curve


def _metrics(parts: Splits, predictions: Array, others: Array) -> dict[str, Any]:
    compared = parts.outcome.compare(predictions, others, parts.y["test"])
    return {k: v for k, v in compared.items() if k in METRICS}
