"""A drift diagnosed: of what kind it is, whether it harms, and what would mend it.

Knows distributions and what a unit says of rows; raises nothing and repairs nothing. Harm is
accuracy that is lost, estimated before labels come: by the probabilities of the unit itself, held
against those on held-out rows.

Evidence is gathered first, of every cause (`gather_evidence`); then a pure function draws the conclusion
(`diagnose`). A source comes before the
world: what is missing, recoded or in another unit explains wrong answers, and only without it do
labels tell that the link itself changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesocosm.monitoring.drift.feature_tests import collect_columns, find_drifted
from mesocosm.monitoring.drift.source_changes import Change, find_changes
from mesocosm.monitoring.labels.accuracy_test import FEW, Labelled
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import spell

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Diagnosis:
    """What a drift is.

    `kind` is `schema`, `missing`, `unit`, `concept`, `label` or `covariate`; `harm` the accuracy
    lost, None where it is not known; `remedy` is `mend the source`, `recalibrate`, `retrain`,
    `label rows` or `nothing`; `why` says so in a sentence.
    """

    kind: str
    harm: float | None
    remedy: str
    why: str
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The diagnosis as plain data."""
        return {
            "kind": self.kind,
            "harm": self.harm,
            "remedy": self.remedy,
            "why": self.why,
            **self.detail,
        }


Verdict = Diagnosis


@dataclass(frozen=True)
class Evidence:
    """What was found of every cause.

    Args:
        found: features whose distributions moved, the surest first.
        changes: what was done to fields at their source, `schema` and `missing` before `unit`.
        labelled: what labels say of all answers.
        usual: what they say of answers to rows that lie where the training rows do; where inputs
            moved, only these tell of the link.
        weights: how many times more often each class comes, where that alone explains the drift.
        lost: accuracy that the answers' own probabilities tell is lost; None where they do not.
        undone: of a unit, the accuracy lost by it, and the share of answers that change when it is
            undone.
        tolerance: accuracy that may be lost before a drift is harmful.
    """

    found: Sequence[Mapping[str, Any]] = ()
    changes: Sequence[Change] = ()
    labelled: Labelled = Labelled()
    usual: Labelled = Labelled()
    weights: Mapping[str, float] | None = None
    lost: float | None = None
    undone: tuple[float | None, float | None] = (None, None)
    tolerance: float = 0.02


def diagnose(evidence: Evidence) -> Diagnosis:
    """What the evidence says. The source comes first, then the link, then what comes in.

    >>> diagnose(Evidence(found=[{"feature": "age"}])).why
    'other rows come in (age); what it costs is not known'
    """
    if evidence.changes:
        return _diagnose_source(evidence)
    told = evidence.usual if evidence.found else evidence.labelled
    if told.worse:
        return Diagnosis(
            "concept",
            round(told.gap, 4),
            "retrain",
            told.why,
            {"labelled": told.rows, "right": told.right, "expected": round(told.expected, 1)},
        )
    lost, names = evidence.lost, ", ".join(str(f["feature"]) for f in evidence.found[:3])
    if evidence.weights:
        moved = ", ".join(f"{label} {w:.2f}" for label, w in evidence.weights.items())
        why = (
            f"the classes come in other shares ({moved} times what they were), and rows of each"
            " look as before"
        )
        return Diagnosis(
            "label",
            lost,
            "recalibrate" if (lost or 0) > evidence.tolerance else "nothing",
            why,
            {"weights": dict(evidence.weights)},
        )
    if evidence.labelled.worse:
        gap = round(evidence.labelled.gap, 4)
        said = (
            f"{evidence.labelled.right} of {evidence.labelled.rows} labelled answers were"
            f" {evidence.labelled.found}, where {evidence.labelled.expected:.0f} were expected"
        )
        where = (
            ""
            if evidence.usual.rows >= FEW
            else (
                "; whether the link itself changed is not known, since few labelled rows lie where"
                " the training rows do"
            )
        )
        return Diagnosis(
            "covariate",
            gap,
            "retrain",
            f"other rows come in ({names}), and the model errs on them: {said}{where}",
            {"labelled": evidence.labelled.rows},
        )
    if lost is None:
        return Diagnosis(
            "covariate",
            None,
            "label rows",
            f"other rows come in ({names}); what it costs is not known",
        )
    amount = f"about {lost:.3f} of accuracy is lost, as the answers' own probabilities tell"
    if lost <= evidence.tolerance:
        return Diagnosis("covariate", lost, "nothing", f"other rows come in ({names}); {amount}")
    return Diagnosis(
        "covariate",
        lost,
        "retrain" if evidence.labelled.rows >= FEW else "label rows",
        f"other rows come in ({names}), and {amount}",
    )


def _diagnose_source(evidence: Evidence) -> Diagnosis:
    """What was done at the source, and what it costs meanwhile."""
    first, *others = evidence.changes
    why = first.why
    harm: float | None = None
    detail: dict[str, Any] = {"feature": first.field, **first.detail}
    if first.kind == "unit":
        harm, changed = evidence.undone
        share = (
            f"; {changed:.0%} of the answers change when it is undone"
            if changed is not None
            else ""
        )
        loses = f", and about {harm:.3f} of accuracy is lost meanwhile" if harm is not None else ""
        why = f"{why}: its source changed, not the world{share}{loses}"
        detail["changed"] = changed
    elif evidence.labelled.rows >= FEW:
        harm = round(max(0.0, evidence.labelled.gap), 4)
    elif first.kind != "schema":
        harm = evidence.lost
    else:  # how sure a model is of codes that it never saw says nothing of how often it is right
        why += "; what it costs is not known"
    if others:
        why += "; also " + "; ".join(c.why for c in others[:3])
        detail["also"] = [{"feature": c.field, "kind": c.kind, "why": c.why} for c in others]
    if evidence.labelled.worse:
        why += (
            "; whether the answers are wrong for another reason too is not known until the source"
            " is mended"
        )
    return Diagnosis(first.kind, harm, "mend the source", why, detail)


def gather_evidence(
    found: Sequence[Mapping[str, Any]],
    training: Mapping[str, Any],
    live: Rows,
    predict: Callable[[Rows], Sequence[Mapping[str, Any]]],
    held: Rows,
    said: Callable[[Callable[[Mapping[str, Any]], bool] | None], Labelled],
    tolerance: float,
    level: float,
    units: Mapping[str, str | None] | None = None,
    changes: Sequence[Change] | None = None,
    sent: Sequence[Any] | None = None,
) -> Evidence:
    """The evidence of every cause.

    Args:
        found: the features that differ, worst first.
        live: cleaned live rows.
        predict: what the unit says of cleaned rows.
        held: cleaned held-out rows, each with its `_label`.
        said: what labels say of answers, to rows of which a condition holds where one is given.
        tolerance: accuracy that may be lost before a drift is called harmful.
        level: false alarms accepted for one look.
        units: what numbers are measured in, by feature.
        changes: what was done to fields, where that was looked for already.
        sent: values of the first changed field as they came, before a recipe clipped them; those of
            `live` where there are none.
    """
    if changes is None:
        changes = find_changes(
            training, {n: [r.get(n) for r in live] for n in training}, level, units
        )
    now, before = list(predict(live)), list(predict(held)) if held else []
    sure_now, sure_before = _mean_confidence(now), _mean_confidence(before)
    lost = (
        round(max(0.0, sure_before - sure_now), 4)
        if sure_now is not None and sure_before is not None
        else None
    )
    undone: tuple[float | None, float | None] = (None, None)
    if changes and changes[0].kind == "unit":
        name, times, plus = changes[0].field, changes[0].detail["factor"], changes[0].detail["plus"]
        if changes[0].detail["share"] >= 1:
            values = sent if sent is not None else [row.get(name) for row in live]
            low, high = training[name].get("clip") or (float("-inf"), float("inf"))
            mended = [
                dict(row)
                | {name: min(max((v - plus) / times, low), high) if v is not None else None}
                for row, v in zip(live, values, strict=True)
            ]
            undone = _counterfactual(now, list(predict(mended)))
    labelled = said(None)
    usual = said(_usual_rows(found, training)) if labelled.worse else labelled
    weights = None if changes else estimate_label_shift(now, before, held, live, training, level)
    return Evidence(found, changes, labelled, usual, weights, lost, undone, tolerance)


def diagnose_drift(*words: Any, **more: Any) -> Diagnosis:
    """Diagnose a drift; the arguments are those of `gather_evidence`."""
    return diagnose(gather_evidence(*words, **more))


def _usual_rows(
    found: Sequence[Mapping[str, Any]], training: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a row lies where most training rows do, in every feature that moved."""
    import numpy as np

    ends = {
        f["feature"]: np.quantile(training[f["feature"]]["numbers"], [0.05, 0.95])
        for f in found
        if "numbers" in training.get(f["feature"], {})
    }
    values = {
        f["feature"]: training[f["feature"]]["counts"]
        for f in found
        if "counts" in (known := training.get(f["feature"], {})) and is_complete(known)
    }

    def within(row: Mapping[str, Any]) -> bool:
        inside = all(
            row.get(n) is not None and low <= row[n] <= high for n, (low, high) in ends.items()
        )
        return inside and all(spell(row.get(n)) in counts for n, counts in values.items())

    return within


def _mean_confidence(said: Rows) -> float | None:
    """The accuracy that probabilities promise on average."""
    known = [
        float(s["probability"]) for s in said if isinstance(s.get("probability"), (int, float))
    ]
    return sum(known) / len(known) if known and len(known) == len(said) else None


def _counterfactual(now: Rows, mended: Rows) -> tuple[float | None, float | None]:
    """The accuracy lost by answering as `now` where `mended` knows better, and the share of answers
    that differ.
    """
    if not now or not all("probabilities" in s for s in mended):
        return None, None
    lost = sum(
        max(0.0, float(b["probability"]) - float(b["probabilities"].get(a["label"], 0.0)))
        for a, b in zip(now, mended, strict=True)
    )
    changed = sum(a["label"] != b["label"] for a, b in zip(now, mended, strict=True))
    return round(lost / len(now), 4), round(changed / len(now), 4)


def estimate_label_shift(
    now: Rows, before: Rows, held: Rows, live: Rows, training: Mapping[str, Any], level: float
) -> dict[str, float] | None:
    """How many times more often each class comes, where that alone explains the drift (black-box
    shift estimation).

    Source: Lipton, Wang and Smola 2018, arXiv:1802.03916
    """
    import numpy as np

    labels = sorted({str(r[HELD_LABEL]) for r in held})
    if not 2 <= len(labels) <= 50 or len(held) < 100 or not all("probability" in s for s in now):
        return None
    index = {label: i for i, label in enumerate(labels)}
    table, share = np.zeros((len(labels), len(labels))), np.zeros(len(labels))
    for row, one in zip(held, before, strict=True):
        if one["label"] in index:
            table[index[one["label"]], index[str(row[HELD_LABEL])]] += 1 / len(held)
    for one in now:
        if one["label"] in index:
            share[index[one["label"]]] += 1 / len(now)
    weights = np.clip(np.linalg.lstsq(table, share, rcond=None)[0], 0.0, None)
    if np.abs(weights - 1).max() < 0.3 or not weights.sum():
        return None
    draw = np.random.default_rng(7)
    p = np.array([weights[index[str(r[HELD_LABEL])]] for r in held])
    again = [held[i] for i in draw.choice(len(held), 2000, p=p / p.sum())]
    expected: dict[str, Any] = {}
    for name, values in collect_columns(again).items():
        if name in training:
            expected[name] = (
                {
                    "numbers": (
                        np.quantile(
                            np.asarray(values, dtype=float), np.linspace(0, 1, 200)
                        ).tolist()
                    ),
                    "rows": len(held),
                }
                if "numbers" in training[name]
                else {
                    "counts": {
                        spell(v): round(values.count(v) * len(held) / 2000) for v in set(values)
                    }
                }
            )
    found, _ = find_drifted(expected, collect_columns(live), max(level, 0.01))
    return (
        None
        if found
        else {label: round(float(w), 2) for label, w in zip(labels, weights, strict=True)}
    )
