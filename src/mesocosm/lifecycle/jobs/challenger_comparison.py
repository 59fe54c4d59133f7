"""A challenger compared with the champion: both on the same rows, and whether it is promoted.

Knows two versions, the rows that they are evaluated on and the numbers that decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.learning.tasks.task import Task
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import load_version
from mesocosm.lifecycle.access.training_job import TrainingJob

FEW = 20  # labelled rows under which recent feedback decides nothing
MOST_OFTEN = 0.5  # lower bound of the share of requests of new classes that it names
MARGIN = 0.02  # held-out accuracy a challenger may lose where recent labels favour it


def decide_promotion(both: Mapping[str, Any], missed: Sequence[str]) -> tuple[bool, str]:
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
        return False, f"kept the champion: the challenger misses its gates ({'; '.join(missed)})"
    loses = held["difference"] < -MARGIN and held["interval"][1] < 0
    if new and lower_bound(new["right"], new["rows"]) > MOST_OFTEN:
        return _decide_by_new_classes(held, new, loses)
    rows, label = held, "held-out"
    if recent["rows"] >= FEW:
        rows, label = recent, "recent labelled"
    low, high = rows["interval"]
    compared = (
        f"on {rows['rows']} {label} rows the challenger is {rows['challenger']:.3f} against"
        f" {rows['champion']:.3f} (95 % interval of the difference {low:.3f} to {high:.3f})"
    )
    if low <= 0:
        return False, f"kept the champion: {compared}, no proven gain"
    if rows is recent and loses and recent["difference"] < -held["difference"]:
        loss = -held["difference"]
        return False, f"kept the champion: {compared}, but it loses {loss:.3f} on held-out rows"
    return True, f"promoted the challenger: {compared}"


def _decide_by_new_classes(
    held: Mapping[str, Any], new: Mapping[str, Any], loses: bool
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
    champion: Mapping[str, Any],
    challenger: Mapping[str, Any],
    feedback: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Both versions on held-out rows, on recent feedback and on labels that the champion lacks.

    Args:
        training: what the challenger was trained from.
        champion: the record of the version that serves.
        challenger: the record of the new one.
        feedback: labelled requests that neither was trained on.
    """
    model = training.model
    fields = list(dict.fromkeys([*model.features, model.target]))
    rows, split = read_columns(training.spec, training.snapshot, fields)
    held = [
        {name: rows[name][i] for name in fields}
        for i, part in enumerate(split)
        if part == "test" and rows[model.target][i] is not None
    ]
    shared_bases: dict[Any, Any] = {}
    nets = [load_version(training.spec, v, shared=shared_bases) for v in (champion, challenger)]
    task = recorded_task(champion["recipe"])
    held = held[: task.most_compared]
    compared = {
        "held_out": _compare_scores(task, nets, held, model.target),
        "recent": _compare_scores(task, nets, feedback, model.target),
    }
    if task.has_class:
        compared |= _count_new_classes(nets, feedback, model.target)
    return compared


def _count_new_classes(
    nets: Sequence[Any], rows: Sequence[Mapping[str, Any]], target: str
) -> dict[str, Any]:
    """How many requests with a label that the champion lacks the challenger names; nothing where
    there are none.
    """
    new = [row for row in rows if str(row[target]) not in nets[0].labels]
    if not new:
        return {}
    truths = [str(row[target]) for row in new]
    predictions = zip(nets[1].predict(new), truths, strict=True)
    right = sum(prediction["label"] == truth for prediction, truth in predictions)
    return {"new": {"labels": sorted(set(truths)), "rows": len(new), "right": right}}


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
    task: Task, nets: Sequence[Any], rows: Sequence[Mapping[str, Any]], target: str
) -> dict[str, Any]:
    """The mean score of both on the same rows, as the task has it, and the 95 % bootstrap interval
    of their difference.
    """
    import numpy as np

    if not rows:
        none = {"rows": 0, "champion": 0.0, "challenger": 0.0, "difference": 0.0}
        return none | {"interval": [0.0, 0.0]}
    scores = []
    for net in nets:
        pairs = zip(net.predict(rows), rows, strict=True)
        values = [task.score(net, prediction, row[target]) for prediction, row in pairs]
        scores.append(np.array(values, dtype=np.float64))
    gap = scores[1] - scores[0]
    rng = np.random.default_rng(7)
    means = [float(gap[rng.integers(0, len(gap), len(gap))].mean()) for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "rows": len(rows),
        "champion": round(float(scores[0].mean()), 4),
        "challenger": round(float(scores[1].mean()), 4),
        "difference": round(float(gap.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }
