"""Tokens replaced by the base's mask."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.augmentation.text import Augment, Words


class Mask(Augment):
    """Some tokens become the base's mask token.

    Source: Xie et al. 2017, arXiv 1703.02573 (blanking).

    >>> Mask().share
    0.1
    """

    method: Literal["mask"] = "mask"

    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The augmented tokens."""
        return [
            words.mask if i not in words.marks and rng.random() < self.share else i for i in ids
        ]
