"""Whether a labelled prediction was right, and why labels show nothing where they do not. Knows
predictions and held-out rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mesocosm.catalog.rows import LabelledRow
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message, Text
from mesocosm.core.values.numbers import to_float
from mesocosm.monitoring.drift.reference import ReferenceSample, absolute_error
from mesocosm.monitoring.labels.accuracy_test import FEW, WITHIN, Answer, Labelled, compare
from mesocosm.serving.model_instance import ModelInstance

Row = Mapping[str, object]
LabelReader = Callable[[Callable[[Row], bool] | None], Labelled]


def is_right(row: LabelledRow, known: ReferenceSample, model: ModelInstance | None) -> bool | None:
    """Whether a labelled prediction was right, or within the usual error where it is a number; None
    where that is not known.
    """
    output = row["output"]
    if "probability" in output:
        return str(output["label"]) == row["label"]
    if "value" not in output or model is None:
        return None
    error = absolute_error(output["value"], row["label"])
    if error is None:
        return None
    return _is_near(error, known, model)


def _is_near(error: float, known: ReferenceSample, model: ModelInstance) -> bool | None:
    """Whether an error is within the usual one; None where that is not known."""
    known.meet(model)
    near = known.calibration().near
    if near is None:
        return None
    return error <= near


def explain_unknown(
    labels: int, judged: int, known: ReferenceSample, model: ModelInstance | None
) -> Text:
    """Explain why labels show nothing of a version's predictions; empty where they do, or where
    none were received.

    Args:
        labels: how many were received.
        judged: how many of them show whether the prediction was right.
    """
    if not labels or model is None:
        return ""
    known.meet(model)
    held = known.calibration().rows
    if held < FEW:
        return Message("monitoring.too_few_held_out", held=held, needed=FEW)
    if judged >= FEW:
        return ""
    return Message("monitoring.too_few_labels", labels=judged, needed=FEW)


def read_labels(
    judged: Sequence[tuple[LabelledRow, bool]],
    now: ModelInstance | None,
    known: ReferenceSample,
    without: int | None = None,
) -> LabelReader:
    """A function: what labels show of logged predictions of a version, of rows of which a condition
    holds.

    Args:
        judged: each with its label, in the order in which the labels were received, and whether it
            was right.
        known: the version's calibration.
        without: how many predictions of the same time have no label.
    """

    def read(condition: Callable[[Row], bool] | None) -> Labelled:
        if condition is None:
            answers = [_to_answer(row, right) for row, right in judged]
            return _compare_answers(answers, now, known, without)
        answers = [_to_answer(row, right) for row, right in judged if condition(_clean(row))]
        return _compare_answers(answers, now, known)

    return read


def _compare_answers(
    answers: Sequence[Answer],
    now: ModelInstance | None,
    known: ReferenceSample,
    without: int | None = None,
) -> Labelled:
    """What labels show; of few answers, and without a version, only their counts."""
    if len(answers) < FEW or now is None:
        right = sum(a.right for a in answers)
        return Labelled(len(answers), right, sum(a.probability for a in answers))
    known.meet(now)
    return compare(answers, known.calibration(), without)


def _clean(row: LabelledRow) -> Row:
    return row["input"]["clean"]


def _to_answer(row: LabelledRow, right: bool) -> Answer:
    output, content = row["output"], digest(row["input"]["clean"], size=8)
    if "probability" not in output:
        return Answer(WITHIN, right, content)
    return Answer(to_float(output["probability"]), right, content, row["label"])
