"""What every task answers: how a column becomes targets, what a head's output means, how it is
judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Task:
    """What a model predicts; learns its facts from the training targets.

    Attributes:
        classes: outputs of a head that are classes; 0 for a number.
        labels: the classes, or none.
        output: what the exported head calls its output.
        many: whether several classes may be there at once.
    """

    classes: int = 0
    labels: list[str] = []
    output = "values"
    many = False

    @property
    def scale(self) -> tuple[float, float] | None:
        """Mean and deviation of a number's training targets; None for classes."""
        return None

    def plain(self, value: Any) -> Any:
        """A cleaned value as a target, None where it is missing."""
        raise NotImplementedError

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Learn the facts of the training targets of the field `name`.

        Raises:
            Wrong: they cannot be learned from.
        """
        raise NotImplementedError

    def known(self, target: Any) -> bool:
        """Whether a target of another part can be judged."""
        return target is not None

    def encode(self, targets: Sequence[Any]) -> Array:
        """Targets as a head learns them, (rows,), or (rows, labels) where several may be there."""
        raise NotImplementedError

    def said(self, logits: Array) -> Array:
        """A head's output as people read it: probabilities (rows, classes), or values (rows, 1) in
        the field's unit.
        """
        raise NotImplementedError

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows on which two outputs say the same."""
        raise NotImplementedError

    def report(self, said: Array, parts: Any, seed: int) -> dict[str, Any]:
        """Figures of the test rows beside baselines, with their intervals and paired tests."""
        raise NotImplementedError

    def against(self, said: Array, other: Array, y: Array) -> dict[str, Any]:
        """Figures of another model's output on the same rows (encoded targets `y`), `gain` over it,
        and `p` of a paired test.
        """
        raise NotImplementedError

    def sentence(self, metrics: dict[str, Any]) -> str:
        """The figures in a line."""
        raise NotImplementedError

    def wrong(self, said: Array, parts: Any) -> Array:
        """Which test rows count as errors where slices are looked for, (rows,)."""
        raise NotImplementedError

    def card(self, head: Any) -> dict[str, Any]:
        """What a version must know to say its predictions."""
        return {"labels": self.labels}
