"""Neighbouring tokens swapped."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.augmentation.text import Augment, Words


class Swap(Augment):
    """Some tokens change places with the next one.

    Source: Wei and Zou 2019, arXiv 1901.11196.

    >>> Swap().share
    0.1
    """

    method: Literal["swap"] = "swap"

    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The augmented tokens."""
        swapped = list(ids)
        for i in range(len(swapped) - 1):
            if words.marks.intersection(swapped[i : i + 2]):
                continue
            if rng.random() < self.share:
                swapped[i], swapped[i + 1] = swapped[i + 1], swapped[i]
        return swapped
