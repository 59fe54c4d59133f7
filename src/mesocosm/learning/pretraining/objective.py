"""The interface of all pretraining objectives. Knows torch's tensors, no texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.settings import Settings


class Objective(Settings):
    """What a base is trained to predict from texts.

    Attributes:
        fields: the labels that are needed besides the text; none for most.
    """

    fields: tuple[str, ...] = ()

    def facts(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Facts of the fields' values that the net is built from."""
        del columns
        return {}

    def targets(self, facts: Mapping[str, Any], row: Sequence[Any]) -> list[float]:
        """A text's values as numbers, one a field."""
        del facts, row
        return []

    @abstractmethod
    def net(self, encoder: Any, facts: Mapping[str, Any]) -> Any:
        """The net that is trained; `encoder` is a part of it, and what is kept."""

    @abstractmethod
    def loss(
        self, net: Any, ids: Any, mask: Any, words: Vocabulary, draw: Any, targets: Any
    ) -> Any:
        """The mean loss of a batch of token ids (rows, length) under their mask, a scalar tensor.

        Args:
            draw: a torch generator for random choices.
            targets: (rows, fields) in float32, nan for a gap.
        """


class Vocabulary:
    """What an objective needs of a tokenizer.

    Args:
        mask: the id of a masked token.
        marks: ids of special tokens (ends, padding).
        count: how many ids there are.
    """

    def __init__(self, mask: int, marks: set[int], count: int) -> None:
        self.mask, self.marks, self.count = mask, marks, count
