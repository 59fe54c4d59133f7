"""Leakage: test rows that are training rows too, and inputs that predict the target by themselves.

Knows cleaned columns. Gives plain records without values of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mesocosm.core.hashing import digest
from mesocosm.core.records import Record
from mesocosm.learning.arrays import Columns, Floats, read_numbers
from mesocosm.learning.features.tabular import DATES, day_of

LEAK_ACCURACY = 0.999  # accuracy on test rows from which on one input alone is taken for a leak
MIN_ROWS = 50  # test rows under which no input is tested
MAX_MAJORITY = 0.95  # share of the most frequent class above which accuracy says too little
NUMBERS = ("number", "integer")
# values of one input, training rows, test rows and targets to a class for each test row
Rule = Callable[
    [Sequence[object], Sequence[int], Sequence[int], Sequence[object]], Sequence[object]
]


@dataclass(frozen=True, slots=True)
class Leaks(Record):
    """What leaks from the training rows into the test rows.

    Args:
        shared: test rows that equal a training row in every input.
        telling: the accuracy of the inputs that predict the target by themselves.
    """

    shared: int
    telling: Mapping[str, float]


def count_shared_rows(
    rows: Columns,
    inputs: Sequence[str],
    train: Sequence[int],
    test: Sequence[int],
) -> int:
    """How many test rows equal a training row in every input."""
    seen = {_fingerprint_row(rows, inputs, i) for i in train}
    return sum(_fingerprint_row(rows, inputs, i) in seen for i in test)


def _fingerprint_row(rows: Columns, inputs: Sequence[str], row: int) -> str:
    return digest([str(rows[name][row]) for name in inputs])


def single_input_accuracy(
    values: Sequence[object],
    kind: str,
    train: Sequence[int],
    test: Sequence[int],
    target: Sequence[object],
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
    predicted = _rule_of(kind)(values, train, test, target)
    hits = [p == target[i] for p, i in zip(predicted, test, strict=True)]
    return float(np.mean(hits))


def _rule_of(kind: str) -> Rule:
    """The rule that predicts a class from one input of a type."""
    if kind in NUMBERS:
        return _predict_by_tree
    if kind == "text":
        return _predict_by_name
    return _predict_by_majority


def _predict_by_tree(
    values: Sequence[object], train: Sequence[int], test: Sequence[int], target: Sequence[object]
) -> Sequence[object]:
    """Ranges of a number, as many as there are classes and at most eight."""
    from sklearn.tree import DecisionTreeClassifier

    column = read_numbers(values)[:, None]
    classes = len({target[i] for i in train})
    tree = DecisionTreeClassifier(max_leaf_nodes=min(8, max(2, classes)), random_state=0)
    tree.fit(column[list(train)], [target[i] for i in train])
    predicted: Sequence[object] = tree.predict(column[list(test)])
    return list(predicted)


def _predict_by_name(
    values: Sequence[object], train: Sequence[int], test: Sequence[int], target: Sequence[object]
) -> Sequence[object]:
    """A class whose whole name is in a text."""
    classes = sorted({str(target[i]) for i in train}, key=len, reverse=True)

    def find_name(text: object) -> str | None:
        lowered = str(text or "").lower()
        return next((c for c in classes if c.lower() in lowered), None)

    return [find_name(values[i]) for i in test]


def _predict_by_majority(
    values: Sequence[object], train: Sequence[int], test: Sequence[int], target: Sequence[object]
) -> Sequence[object]:
    """The most frequent class of each value."""
    counts: dict[object, Counter[object]] = {}
    for i in train:
        counts.setdefault(values[i], Counter())[target[i]] += 1
    majority = {v: c.most_common(1)[0][0] for v, c in counts.items()}
    return [majority.get(values[i]) for i in test]


def _r2(
    values: Sequence[object], kind: str, test: Sequence[int], target: Sequence[object]
) -> float:
    """R2 of a straight line from one number to the target; 0 for other inputs."""
    if kind not in NUMBERS:
        return 0.0
    present = [i for i in test if values[i] is not None]
    if len(present) < MIN_ROWS:
        return 0.0
    x, y = read_numbers(values[i] for i in present), read_numbers(target[i] for i in present)
    both = np.column_stack([x, y])
    deviations: Floats = both.std(0)
    if not deviations.all():
        return 0.0
    correlations: Floats = np.corrcoef(both.T)
    return float(correlations[0, 1] ** 2)


def find_leaks(
    rows: Columns,
    kinds: Mapping[str, str],
    inputs: Sequence[str],
    where: Mapping[str, Sequence[int]],
    target: Sequence[object],
) -> Leaks:
    """Rows shared by training and test, and inputs that predict the target by themselves.

    Args:
        where: the rows' numbers by part of the split.
    """
    train, test = where["train"], where["test"]
    telling: dict[str, float] = {}
    found = Leaks(count_shared_rows(rows, inputs, train, test), telling)
    majority = Counter(target[i] for i in test).most_common(1)[0][1] / max(1, len(test))
    if len(test) < MIN_ROWS or majority > MAX_MAJORITY:
        return found
    for name in inputs:
        accuracy = single_input_accuracy(rows[name], kinds[name], train, test, target)
        if accuracy >= LEAK_ACCURACY:
            telling[name] = round(accuracy, 4)
    return found
