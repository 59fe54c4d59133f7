"""A head over the states of words: what it holds, and the scores that it gives. Knows arrays, and
no net.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from mesocosm.learning.arrays import Floats
from mesocosm.learning.heads.head import Tensors
from mesocosm.learning.tasks.tagging.parts import PartTokens
from mesocosm.learning.tasks.tagging.tag_head.letters import (
    KnownSpans,
    list_features,
    list_kinds,
    read_spans,
)

WIDE = 4  # states that a part of a text is tagged by, where it is no word between spaces


@dataclass(frozen=True)
class TagHead:
    """A linear-chain conditional random field over the states of a text's parts.

    Args:
        weights: (width, tags), or (4 width, tags): of a part of a text its own state, this again
            where it begins inside of a token, and the states of the parts before and after.
        bias: (tags,).
        center: (width,), taken from each state.
        transitions: (tags + 1, tags) from each tag to each, and to the first tag in the last row.
        letters: weights of what is read of the letters, (rows, tags); the last row is zero. None
            where no letters are read.
        known: the spans of the training texts.
        strength: of the penalty on the weights.
    """

    weights: Floats
    bias: Floats
    center: Floats
    transitions: Floats
    letters: Floats | None
    known: KnownSpans
    strength: float

    @property
    def is_wide(self) -> bool:
        """Whether the states beside a part are read too."""
        return len(self.weights) == WIDE * len(self.center)

    @property
    def own_weights(self) -> Floats:
        """The weights of a part's own state."""
        return self.weights[: len(self.center)]

    @property
    def own_bias(self) -> Floats:
        """The bias of a part's own state as it is, not centered."""
        bias: Floats = self.bias - self.center @ self.own_weights
        return bias

    def replace_states(self, weights: Floats, bias: Floats) -> TagHead:
        """A head of these weights of the states only, as gradients found them."""
        return replace(
            self,
            weights=weights,
            bias=bias,
            center=np.zeros_like(self.center),
            transitions=np.zeros_like(self.transitions),
            letters=None,
            known=KnownSpans(self.known.kinds),
        )

    def score(self, states: Floats, parts: PartTokens, words: Sequence[str]) -> Floats:
        """The scores of a text's parts (parts, tags), whatever the tags beside them; a part past
        the truncation has the first tag, `O`.
        """
        features = part_features(states - self.center, parts, self.is_wide)
        # row by row: a product of matrices may differ in the last bit
        scores: Floats = np.zeros((len(features), len(self.bias)))
        for part, row in enumerate(features):
            scores[part] = row @ self.weights + self.bias
        if self.letters is not None and len(words):
            scores += self.letters[list_features(words, self.known)].sum(1)
        missing = [part for part, token in enumerate(parts.tokens) if token < 0]
        scores[missing] = 0.0
        scores[missing, 0] = 100.0
        return scores

    def tensors(self) -> Tensors:
        """What is kept of the head."""
        kept: Tensors = {
            "weights": self.weights,
            "bias": self.bias,
            "center": self.center,
            "transitions": self.transitions,
        }
        if self.letters is not None:
            kept |= {"letters": self.letters, **self.known.tensors()}
        return kept


def read_head(tensors: Tensors, tags: Sequence[str], width: int) -> TagHead:
    """A head out of its tensors; one of an earlier release has weights and a bias only.

    Args:
        width: of a state.
    """
    floats = {name: x for name, x in tensors.items() if np.issubdtype(x.dtype, np.floating)}
    read = cast("dict[str, Floats]", floats)
    return TagHead(
        read["weights"],
        read["bias"],
        read.get("center", np.zeros(width, np.float32)),
        read.get("transitions", np.zeros((len(tags) + 1, len(tags)), np.float32)),
        read.get("letters"),
        read_spans(list_kinds(tags), tensors),
        0.0,
    )


def part_features(states: Floats, parts: PartTokens, is_wide: bool) -> Floats:
    """The features of a text's parts (parts, width), or (parts, 4 width); 0 past the truncation."""
    tokens = np.array(parts.tokens, np.int64)
    own: Floats = states[tokens] * (tokens >= 0)[:, None]
    if not is_wide:
        return own
    nothing = np.zeros_like(own[:1])
    before, after = np.vstack([nothing, own[:-1]]), np.vstack([own[1:], nothing])
    inside: Floats = own * np.array(parts.inside, own.dtype)[:, None]
    return np.hstack([own, inside, before, after])
