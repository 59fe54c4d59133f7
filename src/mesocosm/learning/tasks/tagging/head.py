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
        has_inner: whether the weights are (2 width, tags): the second half is added for parts of a
            text that begin inside of a token.
    """

    weights: Floats
    bias: Floats
    strength: float
    has_inner: bool = False

    @property
    def own_weights(self) -> Floats:
        """The weights of parts that begin a token."""
        return self.weights[: len(self.weights) // 2] if self.has_inner else self.weights


@dataclass(frozen=True)
class WordStates:
    """States of texts' tokens, and which of them are words.

    Args:
        states: (length, width) of each text.
        parts: the token of each word of each text; -1 where the text was truncated.
        tags: the tag of each word.
    """

    states: Sequence[Floats]
    parts: Sequence[PartTokens]
    tags: Sequence[Sequence[str]]

    @property
    def splits_tokens(self) -> bool:
        """Whether a word begins inside of a token."""
        return any(any(parts.inside) for parts in self.parts)

    def words(self) -> tuple[Floats, list[str], Ints]:
        """The states (words, width), tags and text numbers of all words that were read; (words,
        2 width) where words begin inside of tokens.
        """
        states: list[Floats] = []
        tags: list[str] = []
        texts: list[int] = []
        inside: list[bool] = []
        for number, (state, parts) in enumerate(zip(self.states, self.parts, strict=True)):
            for token, within, tag in zip(*parts, self.tags[number], strict=True):
                if token >= 0:
                    states.append(state[token])
                    tags.append(tag)
                    texts.append(number)
                    inside.append(within)
        x: Floats = np.stack(states)
        if self.splits_tokens:
            x = np.hstack([x, x * np.array(inside, x.dtype)[:, None]])
        return x, tags, np.array(texts)


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
    return LinearHead(
        weights.astype(np.float32), bias.astype(np.float32), strength, data.splits_tokens
    )


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
    width = states.shape[1]
    own, inner = weights[:width], weights[width:]
    logits: Floats = np.zeros((len(parts.tokens), len(bias)))
    logits[:, 0] = 10.0
    for word, (token, inside) in enumerate(zip(*parts, strict=True)):
        if token >= 0:
            logits[word] = states[token] @ own + bias
            if inside and len(inner):
                logits[word] += states[token] @ inner
    return logits
