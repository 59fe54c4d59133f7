"""Leaks: rows of the test part that the training part holds too, and inputs that tell the target by
themselves.

Knows cleaned columns. Says what it found in plain records; values of rows are not in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.core.hashing import digest
from mesocosm.learning.features.tabular import DATES, day_of

SURE = 0.999  # accuracy on test rows above which one input alone is taken for a leak
LEAST = 50  # test rows under which nothing is said


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
    """The accuracy on test rows of the best rule on one input that the training rows teach.

    A category says the class most frequent with it; a number is cut into as many ranges as there
    are classes, at most eight, by a tree; a text says a class whose whole name it holds.
    """
    if kind in DATES:
        values, kind = [day_of(v) for v in values], "number"
    if all(isinstance(target[i], float) for i in test):
        return _same(values, kind, test, target)
    if kind in ("number", "integer"):
        from sklearn.tree import DecisionTreeClassifier

        told = np.array([np.nan if v is None else float(v) for v in values])[:, None]
        tree = DecisionTreeClassifier(
            max_leaf_nodes=min(8, max(2, len({target[i] for i in train}))), random_state=0
        )
        tree.fit(told[list(train)], [target[i] for i in train])
        return float(np.mean(tree.predict(told[list(test)]) == np.array([target[i] for i in test])))
    if kind == "image":
        return 0.0
    if kind == "text":
        classes = sorted({str(target[i]) for i in train}, key=len, reverse=True)

        def named(text: Any) -> str | None:
            return next((c for c in classes if c.lower() in str(text or "").lower()), None)

        return float(np.mean([named(values[i]) == target[i] for i in test]))
    most: dict[Any, Counter[Any]] = {}
    for i in train:
        most.setdefault(values[i], Counter())[target[i]] += 1
    said = {v: c.most_common(1)[0][0] for v, c in most.items()}
    return float(np.mean([said.get(values[i]) == target[i] for i in test]))


def _same(values: Sequence[Any], kind: str, test: Sequence[int], target: Sequence[Any]) -> float:
    """For a number to predict: how much of it a straight line on another number tells, R2; 0 for
    other inputs.
    """
    if kind not in ("number", "integer"):
        return 0.0
    both = np.array([(float(values[i]), target[i]) for i in test if values[i] is not None])
    if len(both) < LEAST or not both.std(0).all():
        return 0.0
    return float(np.corrcoef(both.T)[0, 1] ** 2)


def find_leaks(
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    inputs: Sequence[str],
    where: Mapping[str, Sequence[int]],
    target: Sequence[Any],
) -> dict[str, Any]:
    """Rows shared by training and test, and inputs that tell the target: `shared` (count) and
    `telling` (accuracy by input).
    """
    train, test = where["train"], where["test"]
    found: dict[str, Any] = {"shared": count_shared_rows(rows, inputs, train, test), "telling": {}}
    common = Counter(target[i] for i in test).most_common(1)[0][1] / max(1, len(test))
    if len(test) < LEAST or common > 0.95:
        return found
    for name in inputs:
        right = single_input_accuracy(rows[name], kinds[name], train, test, target)
        if right >= SURE:
            found["telling"][name] = round(right, 4)
    return found
