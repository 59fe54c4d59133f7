"""Tokens left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.augmentation.text import Augment, Words


class Delete(Augment):
    """Some tokens are left out; one at least stays.

    Source: Wei and Zou 2019, arXiv 1901.11196.

    >>> Delete().share
    0.1
    """

    method: Literal["delete"] = "delete"

    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The augmented tokens."""
        kept = [i for i in ids if i in words.marks or rng.random() >= self.share]
        if all(i in words.marks for i in kept):
            return list(ids)
        return kept
