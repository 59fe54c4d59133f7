"""What every way of pretraining answers. Knows torch's tensors, no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.settings import Kind


class Objective(Kind):
    """What a base is to tell of texts.

    Attributes:
        fields: what must be known of a text besides itself; none for most.
    """

    fields: tuple[str, ...] = ()

    def facts(self, told: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """What is to be known of the fields' values before a net is made."""
        del told
        return {}

    def targets(self, facts: Mapping[str, Any], row: Sequence[Any]) -> list[float]:
        """A text's values as numbers, one a field."""
        del facts, row
        return []

    def net(self, encoder: Any, facts: Mapping[str, Any]) -> Any:
        """The net that is trained; `encoder` is a part of it and is what stays."""
        raise NotImplementedError

    def loss(self, net: Any, ids: Any, mask: Any, words: Words, draw: Any, targets: Any) -> Any:
        """The mean loss of a batch of token ids (rows, length) under their mask, a scalar tensor.

        Args:
            draw: a torch generator for whatever is left to chance.
            targets: (rows, fields) in float32, nan for a gap.
        """
        raise NotImplementedError


class Words:
    """What an objective must know of a tokenizer.

    Args:
        mask: the id that stands for a hidden token.
        marks: ids that are no words (ends, gaps).
        count: how many ids there are.
    """

    def __init__(self, mask: int, marks: set[int], count: int) -> None:
        self.mask, self.marks, self.count = mask, marks, count
