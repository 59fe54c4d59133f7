"""Whether an answer whose label came back was right, and why labels tell nothing where they do not.
Knows answers and held-out rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesocosm.core.hashing import digest
from mesocosm.monitoring.drift.reference import ReferenceSample, absolute_error
from mesocosm.monitoring.labels.accuracy_test import FEW, WITHIN, Answer, Labelled, compare
from mesocosm.serving.model_instance import ModelInstance

Row = Mapping[str, Any]
LabelReader = Callable[[Callable[[Row], bool] | None], Labelled]


def is_right(
    row: Mapping[str, Any], known: ReferenceSample, unit: ModelInstance | None
) -> bool | None:
    """Whether a labelled answer was right, or within the usual error where it is a number; None
    where that cannot be told.
    """
    output = row["output"]
    if "probability" in output:
        return bool(str(output["label"]) == row["label"])
    if (
        "value" not in output
        or unit is None
        or (away := absolute_error(output["value"], row["label"])) is None
    ):
        return None
    known.meet(unit)
    near = known.calibration().near
    return None if near is None else away <= near


def explain_unknown(
    labels: int, judged: int, known: ReferenceSample, unit: ModelInstance | None
) -> str:
    """Why the labels of a version's answers tell nothing of them; empty where they do, or where
    none came.

    Args:
        labels: how many came back.
        judged: how many of them tell whether the answer was right.
    """
    if not labels or unit is None:
        return ""
    known.meet(unit)
    held = known.calibration().rows
    if held < FEW:
        return (
            f"not known: {held} held-out rows tell how often answers should be right, and {FEW} are"
            " needed"
        )
    return (
        ""
        if judged >= FEW
        else f"not known: {judged} of {FEW} labels that can be compared with the answers came back"
    )


def read_labels(
    judged: Sequence[tuple[Row, bool]],
    now: ModelInstance | None,
    known: ReferenceSample,
    without: int | None = None,
) -> LabelReader:
    """What labels say of logged answers of a version, to rows of which a condition holds.

    Args:
        judged: each with its label, in the order in which the labels came, and whether it was
            right.
        known: the version's calibration.
        without: how many answers of the same time no label came back for.
    """

    def told(holds: Callable[[Row], bool] | None) -> Labelled:
        mine = [(r, right) for r, right in judged if holds is None or holds(r["input"]["clean"])]
        answers = [
            Answer(
                float(r["output"].get("probability", WITHIN)),
                right,
                digest(r["input"]["clean"], size=8),
                r["label"] if "probability" in r["output"] else "",
            )
            for r, right in mine
        ]
        if len(answers) < FEW or now is None:
            return Labelled(
                len(answers), sum(a.right for a in answers), sum(a.probability for a in answers)
            )
        known.meet(now)
        return compare(answers, known.calibration(), without if holds is None else None)

    return told
