"""The diagnosis of a drift: its kind, its root cause, what it costs and its remediation.

A pure function of evidence (`monitoring.evidence` gathers it); raises no alert and repairs nothing.
A source comes before the world: what is missing, recoded or in another unit explains wrong
predictions, and only without it do labels show concept drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mesocosm.catalog.contents import DriftedFeature
from mesocosm.catalog.records import Diagnosis
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json
from mesocosm.monitoring.drift.category_changes import Change
from mesocosm.monitoring.labels.accuracy_test import FEW, Labelled


@dataclass(frozen=True)
class Evidence:
    """What was found about every cause.

    Args:
        found: features whose distributions drifted, the smallest p-value first.
        changes: changes of fields at their source, `schema` and `missing` before `unit`.
        labelled: what labels show of all predictions.
        usual: what they show of predictions for rows inside the training range; where inputs
            drifted, only these tell of concept drift.
        weights: by class, live over training frequency, where that alone explains the drift.
        lost: accuracy lost, estimated from the predictions' own probabilities; None where unknown.
        undone: of a unit change, the accuracy lost by it, and the share of predictions that change
            when it is undone.
        tolerance: accuracy that may be lost before a drift is harmful.
    """

    found: Sequence[DriftedFeature] = ()
    changes: Sequence[Change] = ()
    labelled: Labelled = Labelled()
    usual: Labelled = Labelled()
    weights: Mapping[str, float] | None = None
    lost: float | None = None
    undone: tuple[float | None, float | None] = (None, None)
    tolerance: float = 0.02

    @property
    def names(self) -> tuple[str, ...]:
        """The three features that drifted most."""
        return tuple(str(f["feature"]) for f in self.found[:3])


def diagnose(evidence: Evidence) -> Diagnosis:
    """Diagnose a drift: a source first, then concept drift, label shift and covariate shift.

    >>> str(diagnose(Evidence(found=[{"feature": "age"}])).why)
    'covariate shift (age); accuracy loss unknown'
    """
    if evidence.changes:
        return _diagnose_source(evidence)
    labelled = evidence.labelled
    if evidence.found:
        labelled = evidence.usual
    if labelled.worse:
        return _diagnose_concept(labelled)
    if evidence.weights:
        return _diagnose_label_shift(evidence, evidence.weights)
    return _diagnose_covariate_shift(evidence)


def _diagnose_concept(labelled: Labelled) -> Diagnosis:
    return Diagnosis(
        "concept",
        round(labelled.gap, 4),
        "retrain",
        labelled.why,
        {
            "labelled": labelled.rows,
            "right": labelled.right,
            "expected": round(labelled.expected, 1),
        },
    )


def _diagnose_label_shift(evidence: Evidence, weights: Mapping[str, float]) -> Diagnosis:
    ratios = tuple(f"{label} {w:.2f}" for label, w in weights.items())
    remedy = "nothing"
    if (evidence.lost or 0) > evidence.tolerance:
        remedy = "recalibrate"
    return Diagnosis(
        "label",
        evidence.lost,
        remedy,
        Message("monitoring.label_shift", ratios=ratios),
        {"weights": dict(weights)},
    )


def _diagnose_covariate_shift(evidence: Evidence) -> Diagnosis:
    if evidence.labelled.worse:
        return _diagnose_measured_loss(evidence)
    shift, lost = Message("monitoring.covariate_shift", fields=evidence.names), evidence.lost
    if lost is None:
        return Diagnosis(
            "covariate", None, "label rows", Message("monitoring.loss_unknown", shift=shift)
        )
    why = Message("monitoring.loss_estimated", shift=shift, lost=lost)
    if lost <= evidence.tolerance:
        remedy = "nothing"
    elif evidence.labelled.rows >= FEW:
        remedy = "retrain"
    else:
        remedy = "label rows"
    return Diagnosis("covariate", lost, remedy, why)


def _diagnose_measured_loss(evidence: Evidence) -> Diagnosis:
    """Covariate shift under which labels show that the model errs more often."""
    labelled = evidence.labelled
    why = Message(
        "monitoring.covariate_shift_measured",
        fields=evidence.names,
        right=labelled.right,
        rows=labelled.rows,
        criterion=labelled.criterion,
        expected=labelled.expected,
    )
    if evidence.usual.rows < FEW:
        why = Message("monitoring.too_few_usual", why=why)
    detail = {"labelled": labelled.rows}
    return Diagnosis("covariate", round(labelled.gap, 4), "retrain", why, detail)


def _diagnose_source(evidence: Evidence) -> Diagnosis:
    """A change at the source, and what it costs until it is fixed."""
    first, *others = evidence.changes
    harm, why = _measure_harm(evidence, first)
    detail: dict[str, Json] = {"feature": first.field, **first.detail}
    if first.kind == "unit":
        detail["changed"] = evidence.undone[1]
    why = _name_others(why, others[:3])
    if others:
        detail["also"] = [{"feature": c.field, "kind": c.kind, "why": str(c.why)} for c in others]
    if evidence.labelled.worse:
        why = Message("monitoring.source_first", why=why)
    return Diagnosis(first.kind, harm, "fix the source", why, detail)


def _measure_harm(evidence: Evidence, change: Change) -> tuple[float | None, Text]:
    """The accuracy that a change at the source costs, None where it is not known, and the change in
    words.
    """
    if change.kind == "unit":
        undone = _describe_undone(*evidence.undone)
        why = Message("monitoring.source_changed", why=change.why, undone=undone)
        return evidence.undone[0], why
    if evidence.labelled.rows >= FEW:
        return round(max(0.0, evidence.labelled.gap), 4), change.why
    if change.kind != "schema":
        return evidence.lost, change.why
    # confidence on codes that the model never saw says nothing of how often it is right
    return None, Message("monitoring.loss_unknown", shift=change.why)


def _name_others(why: Text, others: Sequence[Change]) -> Text:
    """A sentence about one change with what else changed."""
    for number, other in enumerate(others):
        joint = "monitoring.and_also" if number else "monitoring.also"
        why = Message(joint, why=why, other=other.why)
    return why


def _describe_undone(harm: float | None, changed: float | None) -> Text:
    """What a unit change costs, in words; empty where nothing is known."""
    words: Text = ""
    if changed is not None:
        words = Message("monitoring.predictions_change", share=changed)
    if harm is not None:
        words = Message("monitoring.accuracy_lost", before=words, harm=harm)
    return words
