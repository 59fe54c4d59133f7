"""Whether a row's prediction depends on the rows of its batch: measured on the graphs that serve.
Knows graphs and arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mesocosm.learning.arrays import Array
from mesocosm.learning.export.onnx_sessions import session

TOLERANCE = 1e-6  # of a probability, or of a standardized value
ROWS = 8
# texts of other lengths and of odd tokens, padded together with a row
NEIGHBOURS = ("9 " * 24, "radio " * 12, "")
# rows that are run beside the neighbours: each of them costs as many tokens as the longest
# neighbour has
PADDED = 4
Predict = Callable[[Sequence[int], Sequence[str]], Array]
Invariance = dict[str, float]  # as `measure_invariance` gives it
Arrangement = tuple[list[int], int, Sequence[str]]  # order of the rows, batch size, texts beside


def measure_invariance(
    answers: Predict,
    count: int,
    agreement: Callable[[Array, Array], float],
    seed: int = 0,
    known: Array | None = None,
) -> Invariance:
    """How far predictions move when rows are run together, in another order, and beside other rows.

    Args:
        answers: predictions for rows of given numbers that are run together with some texts; only
            those of the rows come back.
        count: how many rows there are to take from.
        agreement: the share of rows on which two predictions decide alike.
        known: the predictions of all rows, run together.

    Returns:
        `rows` that were run, `arrangements` of them, the greatest `difference` from the prediction
            of the row alone, `moved` (the share of decisions that changed) and `invariant`.
    """
    rows = _spread_rows(count)
    if not rows:
        return {"rows": 0, "arrangements": 0, "difference": 0.0, "moved": 0.0, "invariant": True}
    alone: Array = np.vstack([answers([i], ()) for i in rows])
    arranged = _predict_arrangements(answers, rows, seed)
    if known is not None:
        arranged.append((list(range(len(rows))), known[rows]))
    difference = max(float(np.abs(p - alone[order]).max()) for order, p in arranged)
    moved = max(1.0 - agreement(alone[order], p) for order, p in arranged)
    return {
        "rows": len(rows),
        "arrangements": len(arranged),
        "difference": float(f"{difference:.2g}"),
        "moved": round(moved, 4),
        "invariant": difference <= TOLERANCE and moved == 0.0,
    }


def _spread_rows(count: int) -> list[int]:
    """The numbers of a few rows, evenly spread."""
    rows: list[int] = np.unique(
        np.linspace(0, count - 1, min(count, ROWS)).astype(np.int64)
    ).tolist()
    return rows


def _predict_arrangements(
    answers: Predict, rows: Sequence[int], seed: int
) -> list[tuple[list[int], Array]]:
    """The order of the rows, and their predictions, in each arrangement."""
    arranged: list[tuple[list[int], Array]] = []
    for order, size, beside in _arrangements(len(rows), seed):
        positions = [rows[i] for i in order]
        arranged.append((order, _predict_arranged(answers, positions, size, beside)))
    return arranged


def _arrangements(count: int, seed: int) -> Iterator[Arrangement]:
    """All rows together; shuffled in batches of five; some beside the neighbours."""
    rng = np.random.default_rng(seed)
    yield list(range(count)), count, ()
    yield rng.permutation(count).tolist(), 5, ()
    yield rng.permutation(count).tolist()[:PADDED], 2, NEIGHBOURS


def _predict_arranged(
    answers: Predict, rows: Sequence[int], size: int, beside: Sequence[str]
) -> Array:
    return np.vstack([answers(rows[at : at + size], beside) for at in range(0, len(rows), size)])


class GraphProbe:
    """Rows that the exported graphs are run on.

    Args:
        head: the graph of the head.
        texts: the text of each row.
        read: the features (rows, width) of texts.
        seen: features of each row that are no text's (rows, width).
        table: the table features of each row.
    """

    def __init__(
        self,
        head: Path,
        texts: Sequence[str],
        read: Callable[[Sequence[str]], Array],
        seen: Array,
        table: Array,
    ) -> None:
        self.head = session(head)
        self.texts, self.read, self.seen, self.table = texts, read, seen, table

    def predict(self, at: Sequence[int], beside: Sequence[str] = ()) -> Array:
        """The head's output for rows of given numbers, run together with some texts."""
        rows = [*at, *[at[0]] * len(beside)]
        texts = [self.texts[i] for i in at]
        text = self.read([*texts, *beside])
        return self._run_head(np.hstack([text, self.seen[rows]]), self.table[rows])[: len(at)]

    def measure_invariance(
        self, agreement: Callable[[Array, Array], float], features: Array | None = None
    ) -> Invariance:
        """As `measure_invariance`.

        Args:
            features: those of all rows read together, those that are no text's included.
        """
        known = None
        if features is not None:
            known = self._run_head(features, self.table)
        return measure_invariance(self.predict, len(self.table), agreement, known=known)

    def _run_head(self, features: Array, table: Array) -> Array:
        inputs = {"features": features.astype(np.float32), "table": table.astype(np.float32)}
        return np.asarray(self.head.run(None, inputs)[0])
