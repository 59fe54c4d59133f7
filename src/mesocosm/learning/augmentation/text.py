"""What augmentation of tokens needs to know of the base: its special tokens, and which words are
similar.

Knows a vocabulary and its vectors.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Settings

MIN_COSINE = 0.55  # of two words' vectors, from which on one may replace the other
NEIGHBOURS = 3


class Words:
    """A base's vocabulary, as augmentation sees it.

    Args:
        tokenizer: of the base.
        vectors: its word embeddings (words, width).
    """

    def __init__(self, tokenizer: Any, vectors: Any) -> None:
        import numpy as np

        vocabulary: dict[str, int] = tokenizer.get_vocab()
        by_id = {i: w for w, i in vocabulary.items()}
        self.marks = {
            i
            for i, w in by_id.items()
            if w.startswith(("[", "<")) and w.endswith(("]", ">")) and len(w) > 2
        }
        self.mask = next(
            (vocabulary[w] for w in ("[MASK]", "<mask>", "[UNK]", "<unk>") if w in vocabulary), 0
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
        if word not in self._near:
            self._near[word] = self._find_near(word)
        return self._near[word]

    def _find_near(self, word: int) -> list[int]:
        import numpy as np

        at = np.searchsorted(self.whole, word)
        if at == len(self.whole) or self.whole[at] != word:
            return []
        cosines = self._unit_vectors @ self._unit_vectors[at]
        cosines[at] = -1
        nearest = np.argsort(-cosines)[:NEIGHBOURS]
        return [int(self.whole[i]) for i in nearest if cosines[i] >= MIN_COSINE]

    @cached_property
    def _unit_vectors(self) -> Any:
        """The whole words' vectors, of length 1."""
        import numpy as np

        vectors = self.vectors[self.whole]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


class Augment(Settings):
    """A change of some of a row's tokens.

    Args:
        share: the chance that a token is changed.
    """

    of: ClassVar[str] = "text"
    share: float = Field(0.1, gt=0, lt=1)

    @abstractmethod
    def apply(self, ids: Sequence[int], words: Words, rng: random.Random) -> list[int]:
        """The augmented tokens of a row; special tokens at its ends stay."""
