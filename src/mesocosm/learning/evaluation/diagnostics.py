"""Evaluate a model beyond its mean: weak slices, robustness, fairness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.fairness import GAPS, Fair, measure_fairness
from mesocosm.learning.evaluation.robustness import WAYS, measure_robustness
from mesocosm.learning.evaluation.slices import find_weak_slices

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model

Array = np.ndarray[Any, Any]


def run_diagnostics(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    parts: Splits,
    p: Array,
    predict_texts: Callable[[Sequence[str], Array], Array] | None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Diagnostics on the test rows.

    Args:
        rows: cleaned columns, all parts.
        p: probabilities (test rows, classes).
        predict_texts: what the served graph predicts for changed texts of test rows of given
            numbers; None where no input is text.

    Returns:
        `slices`, `robustness` and, where declared, `fairness`, with the metrics that gates bound.
    """
    found = _find_slices(model, rows, kinds, parts, p, say)
    classes = parts.outcome.classes and not parts.outcome.many
    if predict_texts is not None and len(parts.where["test"]) and classes:
        found |= _measure_robustness(model, parts, predict_texts, say)
    if model.fairness:
        found |= _measure_fairness(model.fairness, rows, kinds, parts, p, say)
    return found


def _find_slices(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    parts: Splits,
    p: Array,
    say: Callable[[str], None],
) -> dict[str, Any]:
    test = parts.where["test"]
    columns = {
        n: [rows[n][i] for i in test] for n in model.features if n not in model.allow_private
    }
    slices = find_weak_slices(columns, kinds, parts.outcome.find_errors(p, parts))
    what = "share of rows without a large error"
    if parts.outcome.many:
        what = "share of rows without an error"
    elif parts.outcome.classes:
        what = "accuracy"
    for part in slices:
        say(
            f"weak slice: {part['where']}: {what} {part['accuracy']:.3f} on {part['rows']} test"
            " rows"
        )
    return {"slices": slices}


def _measure_robustness(
    model: Model,
    parts: Splits,
    predict_texts: Callable[[Sequence[str], Array], Array],
    say: Callable[[str], None],
) -> dict[str, Any]:
    robustness = measure_robustness(parts.texts["test"], parts.y["test"], predict_texts, model.seed)
    say(
        f"robustness: accuracy {robustness['typo']:.3f} with typos, {robustness['paraphrase']:.3f}"
        f" paraphrased ({robustness['as_they_are']:.3f} unmodified)"
    )
    return {"robustness": robustness} | {f"{way}_accuracy": robustness[way] for way in WAYS}


def _measure_fairness(
    fair: Fair,
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    parts: Splits,
    p: Array,
    say: Callable[[str], None],
) -> dict[str, Any]:
    test = parts.where["test"]
    columns = {n: [rows[n][i] for i in test] for n in fair.groups}
    fairness = measure_fairness(fair, columns, kinds, p.argmax(1), parts.y["test"], parts.labels)
    say(
        f"fairness by {', '.join(fair.groups)}: demographic parity gap"
        f" {fairness['parity_gap']:.3f}, equalized odds gap {fairness['odds_gap']:.3f},"
        f" accuracy gap {fairness['accuracy_gap']:.3f}"
    )
    return {"fairness": fairness} | {gap: fairness[gap] for gap in GAPS}
