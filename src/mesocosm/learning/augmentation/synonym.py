"""Words replaced by near ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.augmentation.text import Augment, Words


class Synonym(Augment):
    """Some whole words become one of the three whole words nearest to them among the base's own
    embeddings.

    Source: Wang and Yang 2015, EMNLP 306.

    >>> Synonym().share
    0.1
    """

    method: Literal["synonym"] = "synonym"

    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The augmented tokens."""
        return [
            rng.choice(words.near(i)) if rng.random() < self.share and words.near(i) else i
            for i in ids
        ]
