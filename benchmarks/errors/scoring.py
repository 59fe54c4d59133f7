"""How well errors are found and repaired: cell by cell against the clean table."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from errors.clean_tables import Table
from mesocosm.data.cleaning.learned_errors.corrector import LabelledRow, find_errors
from mesocosm.data.cleaning.learned_errors.row_choice import choose_rows
from mesocosm.data.cleaning.repairs.learned import (
    DOUBTED,
    DOUBTED_ALONE,
    SURE,
    SURE_ALONE,
)

LABELLED = 20
DETECTED = 0.5  # chance from which a cell is reported


@dataclass
class Score:
    """Counts over the cells of rows that nobody labelled."""

    errors: int = 0
    cells: int = 0
    detected: int = 0
    hits: int = 0
    changed: int = 0
    fixed: int = 0
    damaged: int = 0
    seconds: float = 0.0
    missed: dict[str, list[int]] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """Precision, recall and F1 of both; the share of right cells damaged."""
        return {
            "detection_f1": 2 * self.hits / max(1, self.detected + self.errors),
            "detection_precision": self.hits / max(1, self.detected),
            "detection_recall": self.hits / max(1, self.errors),
            "repair_f1": 2 * self.fixed / max(1, self.changed + self.errors),
            "repair_precision": self.fixed / max(1, self.changed),
            "repair_recall": self.fixed / max(1, self.errors),
            "damaged": self.damaged / max(1, self.cells - self.errors),
            "changed": self.changed,
            "seconds": self.seconds,
        }


def same(a: str, b: str) -> bool:
    """Whether two texts are one, numbers by their figure."""
    if a == b:
        return True
    try:
        return float(a) == float(b)
    except ValueError:
        return False


def score(
    dirty: Table, clean: Table, kinds: dict[tuple[int, str], str], labelled: int = LABELLED
) -> Score:
    """Label rows by the clean table, find errors, count."""
    began = time.perf_counter()
    rows = choose_rows(dirty, labelled) if labelled else []
    labels = [LabelledRow(r, {n: clean[n][r] for n in clean}) for r in rows]
    found = find_errors(dirty, labels)
    out = Score(seconds=time.perf_counter() - began)
    sure, doubted = (SURE, DOUBTED) if labelled else (SURE_ALONE, DOUBTED_ALONE)
    new = {
        (r.row, r.field): r.new
        for r in found.repairs
        if r.confidence >= sure and found.doubt[r.field][r.row] >= doubted
    }
    skipped = set(rows)
    for name, texts in dirty.items():
        for row, text in enumerate(texts):
            if row in skipped:
                continue
            wrong = not same(text, clean[name][row])
            seen = bool(found.doubt[name][row] >= DETECTED)
            out.cells += 1
            out.errors += wrong
            out.detected += seen
            out.hits += seen and wrong
            made = new.get((row, name))
            good = made is not None and wrong and same(made, clean[name][row])
            out.changed += made is not None
            out.fixed += good
            out.damaged += made is not None and not wrong
            if wrong:
                tally = out.missed.setdefault(kinds.get((row, name), "its own"), [0, 0, 0])
                tally[0] += 1
                tally[1] += seen
                tally[2] += good
    return out
