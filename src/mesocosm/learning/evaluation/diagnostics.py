"""Evaluate a model beyond its mean: weak slices, robustness, fairness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message
from mesocosm.core.messages.stored import read_text
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Columns, Ints, take_rows
from mesocosm.learning.evaluation.fairness import GAPS, Fair, measure_fairness
from mesocosm.learning.evaluation.model_card import OTHER_WAYS
from mesocosm.learning.evaluation.robustness import WAYS, measure_robustness
from mesocosm.learning.evaluation.slices import find_weak_slices

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.outcome import Outcome

PredictTexts = Callable[[Sequence[str], Ints], Array]


@dataclass(frozen=True)
class HeldOutRows:
    """The test rows that diagnostics look at.

    Args:
        model: the settings.
        rows: cleaned columns, all parts.
        kinds: each field's type.
        parts: the dataset by part of the split.
        p: probabilities (test rows, classes).
    """

    model: Model
    rows: Columns
    kinds: Mapping[str, str]
    parts: Splits
    p: Array

    def take(self, names: Iterable[str]) -> Columns:
        """Columns of the test rows."""
        return take_rows(self.rows, names, self.parts.where["test"])


def run_diagnostics(
    model: Model,
    rows: Columns,
    kinds: Mapping[str, str],
    parts: Splits,
    p: Array,
    predict_texts: PredictTexts | None,
    say: Say,
) -> dict[str, Json]:
    """Diagnostics on the test rows.

    Args:
        rows: cleaned columns, all parts.
        p: probabilities (test rows, classes).
        predict_texts: what the served graph predicts for changed texts of test rows of given
            numbers; None where no input is text.

    Returns:
        `slices`, `robustness` and, where declared, `fairness`, with the metrics that gates bound.
    """
    test = HeldOutRows(model, rows, kinds, parts, p)
    found = _find_slices(test, say)
    classes = parts.outcome.classes and not parts.outcome.many
    if predict_texts is not None and len(parts.where["test"]) and classes:
        found |= _measure_robustness(test, predict_texts, say)
    if model.fairness:
        found |= _measure_fairness(model.fairness, test, say)
    return found


def _find_slices(test: HeldOutRows, say: Say) -> dict[str, Json]:
    """Weak slices by the inputs that may be named."""
    model, outcome = test.model, test.parts.outcome
    shown = [name for name in model.features if name not in model.allow_private]
    slices = find_weak_slices(test.take(shown), test.kinds, outcome.find_errors(test.p, test.parts))
    what = _name_rate(outcome)
    for part in slices:
        accuracy, rows = f"{part['accuracy']:.3f}", str(part["rows"])
        where = read_text(part, "where")
        say(Message("progress.weak_slice", where=where, what=what, accuracy=accuracy, rows=rows))
    return {"slices": slices}


def _name_rate(outcome: Outcome) -> Message:
    """What the share of rows without an error is called."""
    if outcome.many:
        return Message("progress.without_error")
    if outcome.classes:
        return Message("progress.accuracy")
    return Message("progress.without_large_error")


def _measure_robustness(
    test: HeldOutRows, predict_texts: PredictTexts, say: Say
) -> dict[str, Json]:
    """Accuracy on changed texts."""
    parts = test.parts
    robustness = measure_robustness(
        parts.texts["test"], parts.y["test"], predict_texts, test.model.seed
    )
    say(
        Message(
            "progress.robustness",
            typo=f"{robustness['typo']:.3f}",
            paraphrase=f"{robustness['paraphrase']:.3f}",
            unmodified=f"{robustness['as_they_are']:.3f}",
        )
    )
    for way, ident in OTHER_WAYS.items():
        if way in robustness:
            say(Message(ident, accuracy=f"{robustness[way]:.3f}"))
    bounded: dict[str, Json] = {f"{way}_accuracy": robustness[way] for way in WAYS}
    return {"robustness": robustness, **bounded}


def _measure_fairness(fair: Fair, test: HeldOutRows, say: Say) -> dict[str, Json]:
    """Rates by declared group, and the gaps between groups."""
    parts = test.parts
    fairness = measure_fairness(
        fair,
        test.take(fair.groups),
        test.kinds,
        test.p.argmax(1),
        parts.y["test"],
        parts.labels,
    )
    say(
        Message(
            "progress.fairness",
            groups=tuple(fair.groups),
            parity=f"{fairness['parity_gap']:.3f}",
            odds=f"{fairness['odds_gap']:.3f}",
            accuracy=f"{fairness['accuracy_gap']:.3f}",
        )
    )
    return {"fairness": fairness} | {gap: fairness[gap] for gap in GAPS}
