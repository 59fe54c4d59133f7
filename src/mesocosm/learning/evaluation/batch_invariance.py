"""Whether a row's answer depends on the rows beside it: measured on the graphs that serve. Knows
graphs and arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.export.onnx_sessions import session

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-6  # of a probability, or of a standardised value
ROWS = 8
NEIGHBOURS = (
    "9 " * 24,
    "radio " * 12,
    "",
)  # texts of other lengths and of odd tokens, padded together with a row
# rows that are asked beside the neighbours: each of them costs as many tokens as the longest
# neighbour has
PADDED = 4


def measure_invariance(
    answers: Callable[[Sequence[int], Sequence[str]], Array],
    count: int,
    agreement: Callable[[Array, Array], float],
    seed: int = 0,
    known: Array | None = None,
) -> dict[str, Any]:
    """How far answers move when rows are answered together, in another order, and beside other
    rows.

    Args:
        answers: what is answered for rows of some numbers that are asked together with some texts;
            only the rows' own answers come back.
        count: how many rows there are to take from.
        agreement: the share of rows on which two answers decide alike.
        known: the answers of all rows, asked together.

    Returns:
        `rows` that were asked, `arrangements` of them, the greatest `difference` from the answer of
        the row alone, `moved` (the share of decisions that changed) and `invariant`.
    """
    rows = np.unique(np.linspace(0, count - 1, min(count, ROWS)).astype(int)).tolist()
    if not rows:
        return {"rows": 0, "arrangements": 0, "difference": 0.0, "moved": 0.0, "invariant": True}
    alone = np.vstack([answers([i], ()) for i in rows])
    found = [
        (order, _arranged(answers, [rows[i] for i in order], size, beside))
        for order, size, beside in _arrangements(len(rows), seed)
    ]
    found += [(list(range(len(rows))), known[rows])] if known is not None else []
    difference = max(float(np.abs(one - alone[order]).max()) for order, one in found)
    moved = max(1.0 - agreement(alone[order], one) for order, one in found)
    return {
        "rows": len(rows),
        "arrangements": len(found),
        "difference": float(f"{difference:.2g}"),
        "moved": round(moved, 4),
        "invariant": difference <= TOLERANCE and moved == 0.0,
    }


def _arrangements(count: int, seed: int) -> Iterator[tuple[list[int], int, Sequence[str]]]:
    """Which rows in which order, how many are asked together, and what is asked beside them."""
    rng = np.random.default_rng(seed)
    yield list(range(count)), count, ()
    yield rng.permutation(count).tolist(), 5, ()
    yield rng.permutation(count).tolist()[:PADDED], 2, NEIGHBOURS


def _arranged(
    answers: Callable[[Sequence[int], Sequence[str]], Array],
    rows: Sequence[int],
    size: int,
    beside: Sequence[str],
) -> Array:
    return np.vstack([answers(rows[at : at + size], beside) for at in range(0, len(rows), size)])


class GraphProbe:
    """Rows that the exported graphs are asked about.

    Args:
        head: the graph of the head.
        texts: the text of each row.
        read: the features (rows, width) of texts.
        seen: features of each row that are no text's (rows, width).
        table: the table block of each row.
    """

    def __init__(
        self,
        head: Path,
        texts: Sequence[str],
        read: Callable[[Sequence[str]], Array],
        seen: Array,
        table: Array,
    ) -> None:
        self.head, self.texts, self.read, self.seen, self.table = (
            session(head),
            texts,
            read,
            seen,
            table,
        )

    def answers(self, at: Sequence[int], beside: Sequence[str] = ()) -> Array:
        """What the head gives for rows of some numbers, asked together with some texts."""
        rows = [*at, *[at[0]] * len(beside)]
        return self._head(
            np.hstack([self.read([*(self.texts[i] for i in at), *beside]), self.seen[rows]]),
            self.table[rows],
        )[: len(at)]

    def measure_invariance(
        self, agreement: Callable[[Array, Array], float], features: Array | None = None
    ) -> dict[str, Any]:
        """As `invariance`; `features` are those of all rows read together, those that are no text's
        included.
        """
        return measure_invariance(
            self.answers,
            len(self.table),
            agreement,
            known=self._head(features, self.table) if features is not None else None,
        )

    def _head(self, features: Array, table: Array) -> Array:
        given = {"features": features.astype(np.float32), "table": table.astype(np.float32)}
        return np.asarray(self.head.run(None, given)[0])
