"""Which rows a person should label: those whose doubted cells are of kinds not yet seen."""

from __future__ import annotations

from collections import Counter

import numpy as np

from mesocosm.data.cleaning.learned_errors.cell_features import measure_cells
from mesocosm.data.cleaning.learned_errors.cell_kinds import name_kinds
from mesocosm.data.cleaning.learned_errors.doubt import doubt_cells
from mesocosm.data.cleaning.learned_errors.practice_errors import Practice
from mesocosm.data.cleaning.learned_errors.text_table import Cells, TextTable

SEEN_BEFORE = 0.35  # what a kind of cell is worth once a chosen row has it


def choose_rows(cells: Cells, count: int, seed: int = 0) -> list[int]:
    """The rows to label, the most useful first; cells of a column are of one kind where they are
    written alike and are doubted alike.
    """
    table = TextTable.of(cells)
    if table.rows <= count:
        return list(range(table.rows))
    evidence = measure_cells(table)
    practice = Practice(table, seed)
    practice.fill(0.1)
    copy = measure_cells(TextTable.of(practice.cells))
    doubt, _ = doubt_cells(evidence, [(copy, practice.right)], [])
    named = name_kinds(evidence, doubt)
    kinds = [[f"{n}|{named[n][row]}" for n in table.names] for row in range(table.rows)]
    sizes = Counter(kind for row in kinds for kind in row)
    often = np.array([[min(1.0, sizes[k] / 5) for k in row] for row in kinds])
    worth = np.stack([np.clip(doubt[n], 0.03, 0.9) for n in table.names], axis=1) * often
    return _choose(kinds, worth, count)


def _choose(kinds: list[list[str]], worth: np.ndarray, count: int) -> list[int]:
    left: dict[str, float] = {}
    chosen: list[int] = []
    for _ in range(count):
        scores = [
            -1.0
            if row in chosen
            else sum(w * left.get(k, 1.0) for k, w in zip(kinds[row], worth[row], strict=True))
            for row in range(len(kinds))
        ]
        best = int(np.argmax(scores))
        chosen.append(best)
        for kind in kinds[best]:
            left[kind] = left.get(kind, 1.0) * SEEN_BEFORE
    return chosen
