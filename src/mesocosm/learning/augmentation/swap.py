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

    kind: Literal["swap"] = "swap"

    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The row's tokens anew."""
        said = list(ids)
        for spot in range(len(said) - 1):
            if (
                said[spot] not in words.marks
                and said[spot + 1] not in words.marks
                and rng.random() < self.share
            ):
                said[spot], said[spot + 1] = said[spot + 1], said[spot]
        return said
