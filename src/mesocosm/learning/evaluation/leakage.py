"""Leakage: test rows that are training rows too, and inputs that predict the target by themselves.

Knows cleaned columns. Gives plain records without values of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.core.hashing import digest
from mesocosm.learning.features.tabular import DATES, day_of

LEAK_ACCURACY = 0.999  # accuracy on test rows from which on one input alone is taken for a leak
MIN_ROWS = 50  # test rows under which no input is tested
MAX_MAJORITY = 0.95  # share of the most frequent class above which accuracy says too little
NUMBERS = ("number", "integer")


def count_shared_rows(
    rows: Mapping[str, Sequence[Any]],
    inputs: Sequence[str],
    train: Sequence[int],
    test: Sequence[int],
) -> int:
    """How many test rows equal a training row in every input."""
    seen = {digest([str(rows[n][i]) for n in inputs]) for i in train}
    return sum(digest([str(rows[n][i]) for n in inputs]) in seen for i in test)


def single_input_accuracy(
    values: Sequence[Any],
    kind: str,
    train: Sequence[int],
    test: Sequence[int],
    target: Sequence[Any],
) -> float:
    """The accuracy on test rows of the best rule on one input that fits the training rows.

    A category predicts its most frequent class; a number is cut into as many ranges as there are
    classes, at most eight, by a tree; a text predicts a class whose whole name it contains. For a
    number as target it is R2 of a straight line.
    """
    if kind in DATES:
        values, kind = [day_of(v) for v in values], "number"
    if all(isinstance(target[i], float) for i in test):
        return _r2(values, kind, test, target)
    if kind == "image":
        return 0.0
    if kind in NUMBERS:
        predicted = _predict_by_tree(values, train, test, target)
    elif kind == "text":
        predicted = _predict_by_name(values, train, test, target)
    else:
        predicted = _predict_by_majority(values, train, test, target)
    return float(np.mean([p == target[i] for p, i in zip(predicted, test, strict=True)]))


def _predict_by_tree(
    values: Sequence[Any], train: Sequence[int], test: Sequence[int], target: Sequence[Any]
) -> list[Any]:
    from sklearn.tree import DecisionTreeClassifier

    column = np.array([np.nan if v is None else float(v) for v in values])[:, None]
    classes = len({target[i] for i in train})
    tree = DecisionTreeClassifier(max_leaf_nodes=min(8, max(2, classes)), random_state=0)
    tree.fit(column[list(train)], [target[i] for i in train])
    return list(tree.predict(column[list(test)]))


def _predict_by_name(
    values: Sequence[Any], train: Sequence[int], test: Sequence[int], target: Sequence[Any]
) -> list[str | None]:
    classes = sorted({str(target[i]) for i in train}, key=len, reverse=True)

    def find_name(text: Any) -> str | None:
        lowered = str(text or "").lower()
        return next((c for c in classes if c.lower() in lowered), None)

    return [find_name(values[i]) for i in test]


def _predict_by_majority(
    values: Sequence[Any], train: Sequence[int], test: Sequence[int], target: Sequence[Any]
) -> list[Any]:
    counts: dict[Any, Counter[Any]] = {}
    for i in train:
        counts.setdefault(values[i], Counter())[target[i]] += 1
    majority = {v: c.most_common(1)[0][0] for v, c in counts.items()}
    return [majority.get(values[i]) for i in test]


def _r2(values: Sequence[Any], kind: str, test: Sequence[int], target: Sequence[Any]) -> float:
    """R2 of a straight line from one number to the target; 0 for other inputs."""
    if kind not in NUMBERS:
        return 0.0
    both = np.array([(float(values[i]), target[i]) for i in test if values[i] is not None])
    if len(both) < MIN_ROWS or not both.std(0).all():
        return 0.0
    return float(np.corrcoef(both.T)[0, 1] ** 2)


def find_leaks(
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    inputs: Sequence[str],
    where: Mapping[str, Sequence[int]],
    target: Sequence[Any],
) -> dict[str, Any]:
    """Rows shared by training and test, and inputs that predict the target by themselves.

    Args:
        where: the rows' numbers by part of the split.

    Returns:
        `shared` (a count) and `telling` (accuracy by input).
    """
    train, test = where["train"], where["test"]
    found: dict[str, Any] = {"shared": count_shared_rows(rows, inputs, train, test), "telling": {}}
    majority = Counter(target[i] for i in test).most_common(1)[0][1] / max(1, len(test))
    if len(test) < MIN_ROWS or majority > MAX_MAJORITY:
        return found
    for name in inputs:
        accuracy = single_input_accuracy(rows[name], kinds[name], train, test, target)
        if accuracy >= LEAK_ACCURACY:
            found["telling"][name] = round(accuracy, 4)
    return found
