"""What changes of a row's tokens need to know of the base: its marks, and which words are near each
other.

Knows a vocabulary and its vectors.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Kind

NEAR = 0.55


class Words:
    """A base's vocabulary.

    Args:
        tokenizer: of the base.
        vectors: its word embeddings (words, width).
    """

    def __init__(self, tokenizer: Any, vectors: Any) -> None:
        import numpy as np

        self.said: dict[str, int] = tokenizer.get_vocab()
        by_id = {i: w for w, i in self.said.items()}
        self.marks = {
            i
            for i, w in by_id.items()
            if w.startswith(("[", "<")) and w.endswith(("]", ">")) and len(w) > 2
        }
        self.mask = next(
            (self.said[w] for w in ("[MASK]", "<mask>", "[UNK]", "<unk>") if w in self.said), 0
        )
        self.whole = np.array(
            sorted(i for i, w in by_id.items() if w.isalpha() and len(w) > 2 and i < len(vectors))
        )
        self.vectors = np.asarray(vectors, dtype=np.float32)
        self._near: dict[int, list[int]] = {}

    def near(self, word: int) -> list[int]:
        """Up to three whole words whose vectors are nearest to a whole word's, none under a cosine
        of 0.55.
        """
        import numpy as np

        if word not in self._near:
            found: list[int] = []
            spot = np.searchsorted(self.whole, word)
            if spot < len(self.whole) and self.whole[spot] == word:
                if not hasattr(self, "unit"):
                    mine = self.vectors[self.whole]
                    self.unit = mine / np.maximum(np.linalg.norm(mine, axis=1, keepdims=True), 1e-9)
                likeness = self.unit @ self.unit[spot]
                likeness[spot] = -1
                found = [
                    int(self.whole[i]) for i in np.argsort(-likeness)[:3] if likeness[i] >= NEAR
                ]
            self._near[word] = found
        return self._near[word]


class Augment(Kind):
    """A change of some of a row's tokens.

    Args:
        share: the chance that a token is changed.
    """

    of: ClassVar[str] = "texts"
    share: float = Field(0.1, gt=0, lt=1)

    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The tokens of a row, said in another way; marks at its ends stay."""
        raise NotImplementedError
