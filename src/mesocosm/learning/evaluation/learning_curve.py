"""The learning curve of a head: what it reaches with a part of the training rows. Knows heads and
tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.model_card import LEADING, leading_metric
from mesocosm.learning.heads.folds import mixed

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Parts

Array = np.ndarray[Any, Any]
SHARES = (0.125, 0.25, 0.5)
MOST_ROWS = 5000
LEAST_ROWS = 20


def measure_learning_curve(
    head: Any,
    said: Array,
    feats: Mapping[str, Array],
    parts: Parts,
    seed: int,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Figures on the test rows by number of training rows, the version's own last; nested parts of
    one seeded order, in which a group is together.

    Args:
        head: a fitted head, whose kinds are fitted again on fewer rows, trees with the settings
            that they have.
        said: what it says of the test rows with all of them.

    Source: Cortes et al. 1993, NIPS (learning curves).
    """
    y, classes = parts.y["train"], parts.task.classes
    if len(y) > MOST_ROWS:
        return []
    groups = parts.groups.get("train")
    order = mixed(len(y), np.random.default_rng(seed), groups)
    found = []
    for share in SHARES:
        pick = np.sort(order[: int(len(y) * share)])
        if len(pick) < LEAST_ROWS or (y.ndim == 1 and len(np.unique(y[pick])) < classes):
            continue
        small = head.again(
            feats["train"][pick],
            parts.table["train"][pick],
            y[pick],
            classes,
            seed,
            None if groups is None else groups[pick],
        )
        found.append(
            {"rows": len(pick)}
            | _figures(parts, said, small.logits(feats["test"], parts.table["test"]))
        )
    if not found:
        return []
    found.append({"rows": len(y)} | _figures(parts, said, None))
    key = leading_metric(found[-1])
    say(
        "with "
        + ", ".join(f"{one['rows']} rows {one.get(key, float('nan')):.3f}" for one in found)
        + f" ({LEADING[key]} on the test rows)"
    )
    return found


def _figures(parts: Parts, said: Array, logits: Array | None) -> dict[str, Any]:
    other = said if logits is None else parts.task.said(logits)
    return {
        k: v
        for k, v in parts.task.against(said, other, parts.y["test"]).items()
        if k in ("accuracy", "micro_f1", "macro_f1", "auc", "log_loss", "r2", "mae")
    }
