"""What every fitted head has: the interface by which heads are compared, refitted and exported."""

from __future__ import annotations

from typing import Protocol, Self

from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Ints

Groups = Ints | None  # the number of each row's group; None where each row is one of its own
HeadSettings = dict[str, Json]  # what was chosen for a head, as the card shows it
Tensors = dict[str, Array]  # of an exported graph, by name
Spans = tuple[int, ...]  # how many columns of the table each input has


class Head(Protocol):
    """A fitted head.

    Attributes:
        name: of its kind, as progress and the card show it.
        loss: cross-validated; not finite where no row was left out.
        settings: what was chosen for it, as the card shows it.
        left_out: held-out scores (rows, outputs); of fewer rows where not all were left out.
        y_left: the targets of these rows.
    """

    settings: HeadSettings
    left_out: Array
    y_left: Array

    @property
    def name(self) -> str: ...

    @property
    def loss(self) -> float: ...

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Head:
        """A head of the same kind, fitted on other rows."""
        ...

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        ...

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph, a dict per part."""
        ...


class Trainable(Protocol):
    """A head that is not fitted yet, or may be fitted again."""

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Fit the head on rows."""
        ...
