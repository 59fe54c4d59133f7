"""What every way of pretraining answers. Knows torch's tensors, no texts."""

from __future__ import annotations

from typing import Any

from mesocosm.base.kinds import Kind


class Objective(Kind):
    """What a base is to tell of texts that have no label."""

    def net(self, encoder: Any) -> Any:
        """The net that is trained; `encoder` is a part of it and is what stays."""
        raise NotImplementedError

    def loss(self, net: Any, ids: Any, mask: Any, words: Words, draw: Any) -> Any:
        """The mean loss of a batch of token ids (rows, length) under their mask, a scalar tensor.

        Args:
            draw: a torch generator for whatever is left to chance.
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
