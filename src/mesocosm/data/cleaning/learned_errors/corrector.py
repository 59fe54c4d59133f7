"""Which cells are wrong and what they should be: models that practise on the table with errors put
in, and on the rows that a person labelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mesocosm.data.cleaning.learned_errors.candidates import Candidate, describe, suggest
from mesocosm.data.cleaning.learned_errors.cell_features import Evidence, measure_cells
from mesocosm.data.cleaning.learned_errors.dependencies import find_whole_groups
from mesocosm.data.cleaning.learned_errors.doubt import doubt_cells
from mesocosm.data.cleaning.learned_errors.forest import Forest
from mesocosm.data.cleaning.learned_errors.practice_errors import Place, Practice
from mesocosm.data.cleaning.learned_errors.text_edits import Edit, learn_edits
from mesocosm.data.cleaning.learned_errors.text_table import Cells, Floats, TextTable

BY_ROWS = ("vote", "near", "around", "common")  # makers that go by other rows
LIKELY = 0.5  # doubt
DOUBTED = 0.15  # the least doubt of a cell for which candidates are looked for
PRACTICE = 0.1  # of the cells of a copy
WANTED_CELLS = 12_000  # that are practised on
MOST_COPIES = 6
LABEL_WEIGHT = 8.0
MOST_RANKED = 4000  # wrong cells that the ranking practises on


@dataclass(frozen=True)
class LabelledRow:
    """A row of the table and its cells as a person says they should be."""

    row: int
    right: Mapping[str, str]


@dataclass(frozen=True)
class CellRepair:
    """One cell that is to change: where, from what, to what, how sure, and what suggested it."""

    row: int
    field: str
    found: str
    new: str
    confidence: float
    step: str


@dataclass
class Found:
    """What was found in a table.

    Args:
        doubt: by column, how likely each cell is wrong.
        repairs: the best candidate of each doubted cell, whatever its confidence.
    """

    doubt: dict[str, Floats] = field(default_factory=dict)
    repairs: list[CellRepair] = field(default_factory=list)


@dataclass
class _Trial:
    """A copy of the table with errors, measured."""

    evidence: Evidence
    right: dict[Place, str]


def find_errors(cells: Cells, labels: Sequence[LabelledRow], seed: int = 0) -> Found:
    """Measure, practise, score every cell, and rank what each doubted one may have been."""
    table = TextTable.of(cells)
    if not table.rows:
        return Found()
    evidence = measure_cells(table)
    edits = _learn_all(table, labels)
    trials = _practise(table, edits, seed)
    doubt, practised = doubt_cells(evidence, [(t.evidence, t.right) for t in trials], labels)
    ranking = _fit_ranking(evidence, trials, practised, labels, edits, doubt)
    found = Found(doubt)
    found.repairs = _drop_groups(table, _rank_all(evidence, ranking, edits, doubt), doubt)
    return found


def _learn_all(table: TextTable, labels: Sequence[LabelledRow]) -> dict[str, list[Edit]]:
    edits: dict[str, list[Edit]] = {name: [] for name in table.names}
    for label in labels:
        for name, right in label.right.items():
            edits[name] += learn_edits(table.text(label.row, name), right)
    return {name: _drop_contradicted(table, name, some, labels) for name, some in edits.items()}


def _drop_contradicted(
    table: TextTable, name: str, edits: list[Edit], labels: Sequence[LabelledRow]
) -> list[Edit]:
    """The edits that would change no cell which a person said is right."""
    right = {b.right[name] for b in labels if b.right.get(name) == table.text(b.row, name)}
    return [edit for edit in edits if all(edit.do(text) in (None, text) for text in right)]


def _practise(table: TextTable, edits: dict[str, list[Edit]], seed: int) -> list[_Trial]:
    cells = table.rows * len(table.names)
    copies = min(MOST_COPIES, max(1, round(WANTED_CELLS / max(1, cells))))
    trials = []
    for number in range(copies):
        practice = Practice(table, seed + number, edits)
        practice.fill(PRACTICE)
        trials.append(_Trial(measure_cells(TextTable.of(practice.cells)), practice.right))
    return trials


def _fit_ranking(
    evidence: Evidence,
    trials: list[_Trial],
    practised: list[dict[str, Floats]],
    labels: Sequence[LabelledRow],
    edits: dict[str, list[Edit]],
    doubt: dict[str, Floats],
) -> Forest:
    parts: list[Floats] = []
    hits: list[bool] = []
    weights: list[float] = []

    def learn(
        known: Evidence, row: int, name: str, right: str, doubts: dict[str, Floats], weight: float
    ) -> None:
        candidates = suggest(known, row, name, edits)
        if candidates:
            parts.append(describe(known, row, name, candidates, doubts))
            hits.extend(c.text == right for c in candidates)
            weights.extend([weight] * len(candidates))

    most = MOST_RANKED // len(trials)
    for trial, doubts in zip(trials, practised, strict=True):
        for row, name in list(trial.right)[:most]:
            learn(trial.evidence, row, name, trial.right[row, name], doubts, 1.0)
        for name, column in doubts.items():
            for row in np.flatnonzero(column >= 0.5)[: most // 4]:
                if (int(row), name) not in trial.right:
                    text = trial.evidence.table.text(int(row), name)
                    learn(trial.evidence, int(row), name, text, doubts, 1.0)
    for label in labels:
        for name, right in label.right.items():
            if right != evidence.table.text(label.row, name) or doubt[name][label.row] > DOUBTED:
                learn(evidence, label.row, name, right, doubt, LABEL_WEIGHT)
    if not parts:
        return Forest.constant(0.0)
    return Forest.fit(np.concatenate(parts), np.array(hits), np.array(weights))


def _rank_all(
    evidence: Evidence, ranking: Forest, edits: dict[str, list[Edit]], doubt: dict[str, Floats]
) -> list[CellRepair]:
    """The best candidate of each doubted cell; all are scored at once."""
    asked: list[tuple[int, str, list[Candidate]]] = []
    parts: list[Floats] = []
    for name in evidence.table.names:
        for row in map(int, np.flatnonzero(doubt[name] >= DOUBTED)):
            candidates = suggest(evidence, row, name, edits)
            if candidates:
                asked.append((row, name, candidates))
                parts.append(describe(evidence, row, name, candidates, doubt))
    if not parts:
        return []
    chances = ranking.chances(np.concatenate(parts))
    each = np.split(chances, np.cumsum([len(p) for p in parts])[:-1])
    return [_choose(evidence, *cell, own) for cell, own in zip(asked, each, strict=True)]


def _drop_groups(
    table: TextTable, repairs: list[CellRepair], doubt: dict[str, Floats]
) -> list[CellRepair]:
    """The repairs without those that other rows suggest for a whole population."""
    kept = []
    for name in table.names:
        own = [r for r in repairs if r.field == name]
        by_rows = [r.row for r in own if r.step in BY_ROWS and doubt[name][r.row] >= LIKELY]
        whole = find_whole_groups(table, name, np.array(by_rows, np.int64)) if by_rows else set()
        kept += [r for r in own if r.row not in whole]
    return kept


def _choose(
    evidence: Evidence, row: int, name: str, candidates: list[Candidate], chances: Floats
) -> CellRepair:
    best = int(np.argmax(chances))
    chosen = candidates[best]
    step = max(chosen.by, key=lambda maker: chosen.by[maker])
    text = evidence.table.text(row, name)
    return CellRepair(row, name, text, chosen.text, float(chances[best]), step)
