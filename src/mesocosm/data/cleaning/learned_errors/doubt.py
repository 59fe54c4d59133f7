"""How likely each cell is wrong: a model that practised, and labels spread over cells alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mesocosm.data.cleaning.learned_errors.cell_features import Evidence
from mesocosm.data.cleaning.learned_errors.cell_kinds import name_kinds
from mesocosm.data.cleaning.learned_errors.forest import Forest
from mesocosm.data.cleaning.learned_errors.practice_errors import Place
from mesocosm.data.cleaning.learned_errors.text_table import Floats

LABEL_WEIGHT = 6.0
SPREAD_WEIGHT = 1.5  # of a cell alike a labelled one
MOST_SPREAD = 60  # cells of a kind that take its label
COMMON = 0.03  # of the rows: a kind of more cells is not wrong because one of them was
SUSPECT_WEIGHT = 0.2  # of a cell not spoilt that a model of other columns doubts
FOLDS = 2


class Labelled(Protocol):
    """A row and its right cells."""

    @property
    def row(self) -> int: ...
    @property
    def right(self) -> Mapping[str, str]: ...


Trials = Sequence[tuple[Evidence, dict[Place, str]]]


@dataclass
class Examples:
    """Cells to train on: features, whether wrong, weight and which columns' part they are."""

    x: list[Floats] = field(default_factory=list)
    wrong: list[Floats] = field(default_factory=list)
    weight: list[Floats] = field(default_factory=list)
    part: list[Floats] = field(default_factory=list)

    def add(self, x: Floats, wrong: Floats, weight: float, part: int) -> None:
        """Add the cells of one column."""
        self.x.append(x)
        self.wrong.append(wrong)
        self.weight.append(np.full(len(wrong), weight))
        self.part.append(np.full(len(wrong), float(part)))

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """All of them."""
        return (
            np.concatenate(self.x),
            np.concatenate(self.wrong),
            np.concatenate(self.weight),
            np.concatenate(self.part),
        )


def doubt_cells(
    evidence: Evidence, trials: Trials, labels: Sequence[Labelled]
) -> tuple[dict[str, Floats], list[dict[str, Floats]]]:
    """By column the chance that a cell is wrong, for the table and for each copy."""
    practised = _list_practised(evidence, trials)
    x, wrong, weight, part = practised.arrays()
    weight = _weigh_suspects(x, wrong, weight, part)
    model = Forest.fit(x, wrong > 0.5, weight, 100)
    doubt = _judge(model, evidence)
    if labels:
        told = _list_labelled(evidence, labels, doubt)
        lx, lwrong, lweight, _ = told.arrays()
        model = Forest.fit(
            np.concatenate([x, lx]),
            np.concatenate([wrong, lwrong]) > 0.5,
            np.concatenate([weight, lweight]),
            100,
        )
        doubt = _judge(model, evidence)
    return doubt, [_judge(model, trial) for trial, _ in trials]


def _list_practised(evidence: Evidence, trials: Trials) -> Examples:
    found = Examples()
    for trial, right in trials:
        for at, name in enumerate(evidence.table.names):
            wrong = np.zeros(trial.table.rows)
            wrong[[row for row, column in right if column == name]] = 1
            found.add(trial.features[name], wrong, 1.0 / len(trials), at % FOLDS)
    return found


def _weigh_suspects(x: Floats, wrong: Floats, weight: Floats, part: Floats) -> Floats:
    """The table's own errors stand in the copies as if right: those that a model of the other
    columns doubts weigh little.
    """
    out = weight.copy()
    for fold in range(FOLDS):
        own = part == fold
        if own.all() or not own.any():
            continue
        model = Forest.fit(x[~own], wrong[~own] > 0.5, weight[~own], 40)
        suspect = own & (wrong < 0.5)
        out[suspect] *= np.where(model.chances(x[suspect]) >= 0.5, SUSPECT_WEIGHT, 1.0)
    return out


def _list_labelled(
    evidence: Evidence, labels: Sequence[Labelled], doubt: dict[str, Floats]
) -> Examples:
    """The labelled cells, and those alike where all labelled ones of their kind agree."""
    found = Examples()
    kinds = name_kinds(evidence, doubt)
    for name in evidence.table.names:
        told = [label for label in labels if name in label.right]
        by_kind: dict[str, set[bool]] = {}
        for label in told:
            wrong = evidence.table.text(label.row, name) != label.right[name]
            by_kind.setdefault(kinds[name][label.row], set()).add(wrong)
            found.add(
                evidence.features[name][[label.row]], np.array([float(wrong)]), LABEL_WEIGHT, 0
            )
        rows = {label.row for label in told}
        for kind, said in by_kind.items():
            alike = [r for r, k in enumerate(kinds[name]) if k == kind and r not in rows]
            common = len(alike) > COMMON * evidence.table.rows
            if len(said) == 1 and alike and not (common and True in said):
                alike = alike[:: max(1, len(alike) // MOST_SPREAD)]
                wrong_all = np.full(len(alike), float(said.pop()))
                found.add(evidence.features[name][alike], wrong_all, SPREAD_WEIGHT, 0)
    return found


def _judge(model: Forest, evidence: Evidence) -> dict[str, Floats]:
    names = evidence.table.names
    chances = model.chances(np.concatenate([evidence.features[n] for n in names]))
    return dict(zip(names, np.split(chances, len(names)), strict=True))
