"""How likely each cell is wrong: a model that practised, and labels spread over cells alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mesocosm.data.cleaning.learned_errors.cell_features import Evidence
from mesocosm.data.cleaning.learned_errors.forest import Forest
from mesocosm.data.cleaning.learned_errors.practice_errors import Place
from mesocosm.data.cleaning.learned_errors.text_table import Floats

CLEAN_WEIGHT = 1.0
LABEL_WEIGHT = 6.0


class Labelled(Protocol):
    """A row and its right cells."""

    @property
    def row(self) -> int: ...
    @property
    def right(self) -> Mapping[str, str]: ...


Trials = Sequence[tuple[Evidence, dict[Place, str]]]


def doubt_cells(
    evidence: Evidence, trials: Trials, labels: Sequence[Labelled]
) -> tuple[dict[str, Floats], list[dict[str, Floats]]]:
    """By column the chance that a cell is wrong, for the table and for each copy."""
    names = evidence.table.names
    x, y, w = [], [], []
    for trial, right in trials:
        for name in names:
            wrong = np.zeros(trial.table.rows)
            for row in (r for r, n in right if n == name):
                wrong[row] = 1
            x.append(trial.features[name])
            y.append(wrong)
            w.append(np.full(len(wrong), CLEAN_WEIGHT / len(trials)))
    for name in names:
        rows = [label.row for label in labels if name in label.right]
        wrong = [evidence.table.text(b.row, name) != b.right[name] for b in labels if name in b.right]
        if rows:
            x.append(evidence.features[name][rows])
            y.append(np.array(wrong, np.float64))
            w.append(np.full(len(rows), LABEL_WEIGHT))
    model = Forest.fit(np.concatenate(x), np.concatenate(y) > 0.5, np.concatenate(w), 120)
    doubt = _judge(model, evidence)
    return doubt, [_judge(model, trial) for trial, _ in trials]


def _judge(model: Forest, evidence: Evidence) -> dict[str, Floats]:
    names = evidence.table.names
    chances = model.chances(np.concatenate([evidence.features[n] for n in names]))
    return dict(zip(names, np.split(chances, len(names)), strict=True))
