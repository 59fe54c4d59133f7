"""A linear head over the states of words. Knows arrays and scikit-learn, and no net."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.heads.folds import Groups
from mesocosm.learning.tasks.tagging.parts import PartTokens

STRENGTHS = (0.1, 1.0, 10.0)
MAX_SEARCH_WORDS = 20_000  # words up to which the strength is chosen by cross-validation
FOLDS = 3
WIDE = 4  # states that a part of a text is tagged by, where it is no word between spaces


class _Regression(Protocol):
    """What is used of a logistic regression."""

    classes_: Ints
    coef_: Floats
    intercept_: Floats

    def fit(self, x: Floats, y: Ints, /) -> Self: ...


@dataclass(frozen=True)
class LinearHead:
    """Weights (width, tags) and bias (tags,) of a fitted head, and its strength.

    Args:
        is_wide: whether the weights are (4 width, tags): of a part of a text its own state, this
            again where it begins inside of a token, and the states of the parts before and after.
    """

    weights: Floats
    bias: Floats
    strength: float
    is_wide: bool = False

    @property
    def own_weights(self) -> Floats:
        """The weights of a part's own state."""
        return self.weights[: len(self.weights) // WIDE] if self.is_wide else self.weights


@dataclass(frozen=True)
class WordStates:
    """States of texts' tokens, and which of them are words.

    Args:
        states: (length, width) of each text.
        parts: the token of each word of each text; -1 where the text was truncated.
        tags: the tag of each word.
        is_wide: whether the states beside a word are seen too, as characters need it.
    """

    states: Sequence[Floats]
    parts: Sequence[PartTokens]
    tags: Sequence[Sequence[str]]
    is_wide: bool = False

    def words(self) -> tuple[Floats, list[str], Ints]:
        """The features (words, width), tags and text numbers of all words that were read."""
        features: list[Floats] = []
        tags: list[str] = []
        texts: list[int] = []
        for number, (state, parts) in enumerate(zip(self.states, self.parts, strict=True)):
            read = [i for i, token in enumerate(parts.tokens) if token >= 0]
            features.append(_part_features(state, parts, self.is_wide)[read])
            tags += [self.tags[number][i] for i in read]
            texts += [number] * len(read)
        return np.vstack(features), tags, np.array(texts)


def _part_features(states: Floats, parts: PartTokens, is_wide: bool) -> Floats:
    """The features of a text's words (words, width), or (words, 4 width); 0 past the truncation."""
    tokens: Ints = np.array(parts.tokens, np.int64)
    own: Floats = states[tokens] * (tokens >= 0)[:, None]
    if not is_wide:
        return own
    nothing = np.zeros_like(own[:1])
    before, after = np.vstack([nothing, own[:-1]]), np.vstack([own[1:], nothing])
    inside: Floats = own * np.array(parts.inside, own.dtype)[:, None]
    return np.hstack([own, inside, before, after])


def fit_head(data: WordStates, tags: Sequence[str], seed: int, groups: Groups) -> LinearHead:
    """A logistic regression over the states of words; its strength is chosen by cross-validation,
    where texts, or groups of texts, are left out.

    Args:
        tags: all tags, in the order of the head's outputs.
    """
    x, word_tags, text = data.words()
    number = {tag: k for k, tag in enumerate(tags)}
    y: Ints = np.array([number[tag] for tag in word_tags])
    group = text
    if groups is not None:
        group = groups[text]
    scale = float(np.sqrt((x**2).mean())) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strength = _choose_strength(x / scale, y, group, seed)
        regression = _regression(strength, seed).fit(x / scale, y)
    weights: Floats = np.zeros((x.shape[1], len(tags)))
    bias: Floats = np.full(len(tags), -10.0)
    classes, coefficients = regression.classes_, regression.coef_
    if len(classes) == 2:
        weights[:, classes] = np.vstack([-coefficients, coefficients]).T / 2 / scale
        bias[classes] = np.r_[-regression.intercept_, regression.intercept_] / 2
    else:
        weights[:, classes], bias[classes] = coefficients.T / scale, regression.intercept_
    return LinearHead(weights.astype(np.float32), bias.astype(np.float32), strength, data.is_wide)


def _regression(strength: float, seed: int) -> _Regression:
    from sklearn.linear_model import LogisticRegression

    regression: _Regression = LogisticRegression(
        C=strength, max_iter=200, tol=1e-3, random_state=seed
    )
    return regression


def _choose_strength(x: Floats, y: Ints, group: Ints, seed: int) -> float:
    """The strength of the highest cross-validated accuracy; the middle one of many words."""
    from sklearn.model_selection import GroupKFold, cross_val_score

    folds = min(FOLDS, len(np.unique(group)))
    if len(x) > MAX_SEARCH_WORDS or folds < 2:
        return STRENGTHS[1]

    def accuracy(strength: float) -> float:
        scores: Floats = cross_val_score(
            _regression(strength, seed),
            x,
            y,
            groups=group,
            cv=GroupKFold(folds),
            error_score=np.nan,
        )
        return float(np.nanmean(scores))

    return max(STRENGTHS, key=accuracy)


def word_logits(states: Floats, parts: PartTokens, weights: Floats, bias: Floats) -> Floats:
    """Logits of words (words, tags); a word past the truncation has the first tag, `O`."""
    is_wide = len(weights) == WIDE * states.shape[1]
    features = _part_features(states, parts, is_wide)
    # row by row: a product of matrices may differ in the last bit
    logits: Floats = np.zeros((len(features), len(bias)))
    for word, row in enumerate(features):
        logits[word] = row @ weights + bias
    missing = [word for word, token in enumerate(parts.tokens) if token < 0]
    logits[missing] = 0.0
    logits[missing, 0] = 10.0
    return logits
