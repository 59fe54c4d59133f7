"""What augmentation of tokens needs to know of the base: its special tokens, and which words are
similar.

Knows a vocabulary and its vectors.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import Field

from mesocosm.core.settings import Settings
from mesocosm.core.values.words import has_unspaced

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Floats, Ints

MIN_COSINE = 0.55  # of two words' vectors, from which on one may replace the other
NEIGHBOURS = 3
MASKS = ("[MASK]", "<mask>", "[UNK]", "<unk>")  # tokens that hide a word, the best first


def _is_mark(word: str) -> bool:
    """Whether a token is a special one."""
    return word.startswith(("[", "<")) and word.endswith(("]", ">")) and len(word) > 2


def _is_whole(word: str) -> bool:
    """Whether a token is a word of its own."""
    return word.isalpha() and (len(word) > 2 or (len(word) > 1 and has_unspaced(word)))


def _whole_words(vocabulary: Mapping[str, int], vectors: int) -> list[int]:
    """The numbers of the words of their own that have one of so many vectors, in order."""
    return sorted(
        number for word, number in vocabulary.items() if number < vectors and _is_whole(word)
    )


class Tokenizer(Protocol):
    """What is used of a base's tokenizer."""

    def get_vocab(self) -> dict[str, int]: ...


class Words:
    """A base's vocabulary, as augmentation sees it.

    Args:
        tokenizer: of the base.
        vectors: its word embeddings (words, width).
    """

    def __init__(self, tokenizer: Tokenizer, vectors: Floats) -> None:
        import numpy as np

        vocabulary = tokenizer.get_vocab()
        self.marks = {number for word, number in vocabulary.items() if _is_mark(word)}
        self.mask = next((vocabulary[word] for word in MASKS if word in vocabulary), 0)
        self.whole: Ints = np.array(_whole_words(vocabulary, len(vectors)))
        self.vectors: Floats = np.asarray(vectors, dtype=np.float32)
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

        at = int(np.searchsorted(self.whole, word))
        if at == len(self.whole) or self.whole[at] != word:
            return []
        cosines: Floats = self._unit_vectors @ self._unit_vectors[at]
        cosines[at] = -1
        nearest = np.argsort(-cosines)[:NEIGHBOURS]
        return [int(self.whole[i]) for i in nearest if cosines[i] >= MIN_COSINE]

    @cached_property
    def _unit_vectors(self) -> Floats:
        """The whole words' vectors, of length 1."""
        import numpy as np

        vectors: Floats = self.vectors[self.whole]
        lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(lengths, 1e-9)


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
