"""A challenger compared with the champion: both on the same rows, and whether it is promoted.

Knows two versions, the rows that they are evaluated on and the numbers that decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import NewClassScores, ScoreComparison, VersionComparison
from mesocosm.core.messages import Text
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.learning.tasks.task import Task
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import StoredVersion, load_row_version
from mesocosm.lifecycle.access.training_job import TrainingJob

if TYPE_CHECKING:
    from mesocosm.learning.export.predictor import Version

Row = Mapping[str, object]
FEW = 20  # labelled rows under which recent feedback decides nothing
MOST_OFTEN = 0.5  # lower bound of the share of requests of new classes that it names
MARGIN = 0.02  # held-out accuracy a challenger may lose where recent labels favour it


def decide_promotion(both: VersionComparison, missed: Sequence[Text]) -> tuple[bool, str]:
    """Whether the challenger becomes champion, and why, in a sentence.

    Args:
        both: the comparison that `compare` returns.
        missed: the gates that the challenger misses, each as a sentence.

    >>> row = {"champion": .8, "challenger": .8, "difference": 0, "interval": [-.1, .1]}
    >>> row |= {"rows": 100}
    >>> both = {"held_out": row, "recent": row | {"rows": 0}}
    >>> from textwrap import fill
    >>> promoted, why = decide_promotion(both, [])
    >>> print(promoted, fill(why, 84), sep="\\n")
    False
    kept the champion: on 100 held-out rows the challenger is 0.800 against 0.800 (95 %
    interval of the difference -0.100 to 0.100), no proven gain
    >>> new = {"labels": ["gift"], "rows": 8, "right": 7}
    >>> promoted, why = decide_promotion(both | {"new": new}, [])
    >>> print(promoted, fill(why, 84), sep="\\n")
    True
    promoted the challenger: it names 7 of 8 requests of classes that the champion lacks
    (gift); on 100 held-out rows it is 0.800 against 0.800, no proven loss
    """
    held, recent, new = both["held_out"], both["recent"], both.get("new")
    if missed:
        return (
            False,
            f"kept the champion: the challenger misses its gates ({'; '.join(map(str, missed))})",
        )
    loses = _is_proven_loss(held)
    if new and lower_bound(new["right"], new["rows"]) > MOST_OFTEN:
        return _decide_by_new_classes(held, new, loses)
    if recent["rows"] >= FEW:
        return _decide_by_recent(held, recent, loses)
    return _decide_by_gain(held, "held-out")


def _decide_by_gain(rows: ScoreComparison, label: str) -> tuple[bool, str]:
    """The decision by whether a gain on rows of a kind is proven."""
    compared = _compare_in_words(rows, label)
    if rows["interval"][0] <= 0:
        return False, f"kept the champion: {compared}, no proven gain"
    return True, f"promoted the challenger: {compared}"


def _is_proven_loss(rows: ScoreComparison) -> bool:
    """Whether the challenger loses more than may be, and the interval proves it."""
    return rows["difference"] < -MARGIN and rows["interval"][1] < 0


def _decide_by_recent(
    held: ScoreComparison, recent: ScoreComparison, loses: bool
) -> tuple[bool, str]:
    """The decision by enough labelled requests; a gain on them must outweigh a proven loss on
    held-out rows (`loses`).
    """
    label, loss = "recent labelled", -held["difference"]
    promoted, why = _decide_by_gain(recent, label)
    if promoted and loses and recent["difference"] < loss:
        compared = _compare_in_words(recent, label)
        return False, f"kept the champion: {compared}, but it loses {loss:.3f} on held-out rows"
    return promoted, why


def _compare_in_words(rows: ScoreComparison, label: str) -> str:
    """Both scores on rows of a kind, with the interval of their difference."""
    low, high = rows["interval"]
    return (
        f"on {rows['rows']} {label} rows the challenger is {rows['challenger']:.3f} against"
        f" {rows['champion']:.3f} (95 % interval of the difference {low:.3f} to {high:.3f})"
    )


def _decide_by_new_classes(
    held: ScoreComparison, new: NewClassScores, loses: bool
) -> tuple[bool, str]:
    """The decision for a challenger that names classes that the champion lacks."""
    named = (
        f"it names {new['right']} of {new['rows']} requests of classes that the champion lacks"
        f" ({', '.join(new['labels'])})"
    )
    compared = (
        f"on {held['rows']} held-out rows it is {held['challenger']:.3f} against"
        f" {held['champion']:.3f}"
    )
    if loses:
        return False, f"kept the champion: {named}, but {compared}, a proven loss"
    return True, f"promoted the challenger: {named}; {compared}, no proven loss"


def compare(
    training: TrainingJob,
    champion: StoredVersion,
    challenger: StoredVersion,
    feedback: Sequence[Row],
) -> VersionComparison:
    """Both versions on held-out rows, on recent feedback and on labels that the champion lacks.

    Args:
        training: what the challenger was trained from.
        champion: the record of the version that serves.
        challenger: the record of the new one.
        feedback: labelled requests that neither was trained on.
    """
    target = training.model.target
    shared: dict[object, object] = {}
    nets = [load_row_version(training.spec, v, shared) for v in (champion, challenger)]
    task = recorded_task(champion["recipe"])
    held = _read_held_out(training)[: task.most_compared]
    compared: VersionComparison = {
        "held_out": _compare_scores(task, nets, held, target),
        "recent": _compare_scores(task, nets, feedback, target),
    }
    new = None
    if task.has_class:
        new = _count_new_classes(nets, feedback, target)
    if new:
        compared["new"] = new
    return compared


def _read_held_out(training: TrainingJob) -> list[Row]:
    """The test rows that have a label."""
    model = training.model
    fields = list(dict.fromkeys([*model.features, model.target]))
    columns, split = read_columns(training.spec, training.snapshot, fields)
    held: list[Row] = []
    for i, part in enumerate(split):
        if part == "test" and columns[model.target][i] is not None:
            held.append({name: columns[name][i] for name in fields})
    return held


def _count_new_classes(
    nets: Sequence[Version], rows: Sequence[Row], target: str
) -> NewClassScores | None:
    """How many requests with a label that the champion lacks the challenger names; None where
    there are none.
    """
    new = [row for row in rows if str(row[target]) not in nets[0].labels]
    if not new:
        return None
    truths = [str(row[target]) for row in new]
    predictions = zip(nets[1].predict(new), truths, strict=True)
    right = sum(prediction["label"] == truth for prediction, truth in predictions)
    return {"labels": sorted(set(truths)), "rows": len(new), "right": right}


def lower_bound(right: int, rows: int) -> float:
    """The lower bound of a share, by Wilson's score interval (95 %, one-sided).

    Source: Wilson 1927, Journal of the American Statistical Association 22.

    >>> [round(lower_bound(right, rows), 2) for right, rows in ((4, 4), (9, 10), (3, 5))]
    [0.6, 0.65, 0.27]
    """
    z, share = 1.645, right / rows
    wide = z * math.sqrt((share * (1 - share) + z * z / (4 * rows)) / rows)
    return (share + z * z / (2 * rows) - wide) / (1 + z * z / rows)


def _compare_scores(
    task: Task, nets: Sequence[Version], rows: Sequence[Row], target: str
) -> ScoreComparison:
    """The mean score of both on the same rows, as the task has it, and the 95 % bootstrap interval
    of their difference.
    """
    import numpy as np

    if not rows:
        return {
            "rows": 0,
            "champion": 0.0,
            "challenger": 0.0,
            "difference": 0.0,
            "interval": [0.0, 0.0],
        }
    champion, challenger = (np.array(_score_rows(task, net, rows, target)) for net in nets)
    gap = challenger - champion
    rng = np.random.default_rng(7)
    means = [float(gap[rng.integers(0, len(gap), len(gap))].mean()) for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "rows": len(rows),
        "champion": round(float(champion.mean()), 4),
        "challenger": round(float(challenger.mean()), 4),
        "difference": round(float(gap.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def _score_rows(task: Task, net: Version, rows: Sequence[Row], target: str) -> list[float]:
    """How right a version is on each row."""
    pairs = zip(net.predict(rows), rows, strict=True)
    return [float(task.score(net, prediction, row[target])) for prediction, row in pairs]
