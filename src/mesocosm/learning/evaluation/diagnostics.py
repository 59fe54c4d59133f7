"""A model looked at beyond its mean: weak slices, robustness, fairness. Knows the parts that each
needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.fairness import measure_fairness
from mesocosm.learning.evaluation.robustness import WAYS, measure_robustness
from mesocosm.learning.evaluation.slices import find_weak_slices

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Parts
    from mesocosm.learning.model import Model

Array = np.ndarray[Any, Any]


def run_diagnostics(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    parts: Parts,
    p: Array,
    said: Callable[[Sequence[str], Array], Array] | None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """What the test rows tell: `slices`, `robustness` and, where declared, `fairness`, with the
    figures that gates bound.

    Args:
        rows: cleaned columns, all parts.
        p: probabilities (test rows, classes).
        said: what the served graph says of changed texts for test rows of those numbers; None where
            no input is text.
    """
    y, test = parts.y["test"], parts.where["test"]
    open_ = {n: [rows[n][i] for i in test] for n in model.inputs if n not in model.reveal}
    found: dict[str, Any] = {"slices": find_weak_slices(open_, kinds, parts.task.wrong(p, parts))}
    for part in found["slices"]:
        say(
            f"weak where {part['where']}:"
            f" "
            f"{'share without an error' if parts.task.many else 'accuracy' if parts.task.classes else 'share without a great error'}"
            f" {part['accuracy']:.3f} on {part['rows']} test rows"
        )
    if said is not None and len(test) and parts.task.classes and not parts.task.many:
        found["robustness"] = measure_robustness(parts.texts["test"], y, said, model.seed)
        found |= {f"{way}_accuracy": found["robustness"][way] for way in WAYS}
        say(
            f"with slips of the finger: accuracy {found['typo_accuracy']:.3f}, in other words:"
            f" {found['paraphrase_accuracy']:.3f} ({found['robustness']['as_they_are']:.3f} as they"
            " are)"
        )
    if model.fair:
        groups = {n: [rows[n][i] for i in test] for n in model.fair.by}
        found["fairness"] = measure_fairness(
            model.fair, groups, kinds, p.argmax(1), y, parts.labels
        )
        found |= {gap: found["fairness"][gap] for gap in ("parity_gap", "odds_gap", "accuracy_gap")}
        say(
            f"between groups by {', '.join(model.fair.by)}: chosen {found['parity_gap']:.3f} apart,"
            f" found or mistaken {found['odds_gap']:.3f} apart"
        )
    return found
