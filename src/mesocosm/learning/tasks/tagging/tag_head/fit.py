"""Fit a linear-chain conditional random field over the states and letters of texts. Knows torch.

Source: Lafferty, McCallum and Pereira 2001, Conditional Random Fields, ICML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.heads.folds import Groups
from mesocosm.learning.tasks.tagging.parts import PartTokens
from mesocosm.learning.tasks.tagging.tag_head.head import TagHead, part_features
from mesocosm.learning.tasks.tagging.tag_head.letters import (
    BUCKETS,
    KnownSpans,
    collect_spans,
    list_features,
    list_kinds,
)
from mesocosm.learning.tasks.tagging.words import allowed_transitions

STRENGTHS = (10.0, 3.0)  # of the penalty on the weights of states
OF_LETTERS = 0.1  # of the penalty on the weights of letters
OF_TRANSITIONS = 0.01
MAX_SEARCH_WORDS = 20_000  # words up to which the strength is chosen by cross-validation
FOLDS = 2
STEPS = 60  # of the quasi-Newton method
MOST_STEPS = 8_000_000  # texts times parts times pairs of tags, that are held at a time
FORBIDDEN = -1e4


@dataclass(frozen=True)
class TaggedStates:
    """States of training texts' tokens, their parts, and the tags of these.

    Args:
        states: (length, width) of each text.
        parts: the token of each part of each text; -1 where the text was truncated.
        words: the parts themselves.
        tags: the tag of each part.
        is_wide: whether the states beside a part are read too, as characters need it.
    """

    states: Sequence[Floats]
    parts: Sequence[PartTokens]
    words: Sequence[Sequence[str]]
    tags: Sequence[Sequence[str]]
    is_wide: bool = False

    def pick(self, rows: Sequence[int] | Ints) -> TaggedStates:
        """Some of the texts."""
        return TaggedStates(
            [self.states[i] for i in rows],
            [self.parts[i] for i in rows],
            [self.words[i] for i in rows],
            [self.tags[i] for i in rows],
            self.is_wide,
        )


def fit_head(data: TaggedStates, tags: Sequence[str], groups: Groups) -> TagHead:
    """The field of the highest likelihood of the tags under a penalty, whose strength is chosen by
    cross-validation, where texts, or groups of texts, are left out.

    Args:
        tags: all tags, in the order of the scores.
        groups: the number of each text's group; a span that no other group has is not known while
            this is fitted, as the spans of new texts may be unknown.
    """
    group: Ints = np.arange(len(data.states)) if groups is None else groups
    return _fit(data, tags, group, _choose_strength(data, tags, group))


def _choose_strength(data: TaggedStates, tags: Sequence[str], group: Ints) -> float:
    """The strength of the lowest loss on texts left out; the first one of many words."""
    from sklearn.model_selection import GroupKFold

    folds = min(FOLDS, len(np.unique(group)))
    if sum(map(len, data.tags)) > MAX_SEARCH_WORDS or folds < 2:
        return STRENGTHS[0]
    parts: list[tuple[Ints, Ints]] = list(GroupKFold(folds).split(group, groups=group))

    def loss(strength: float) -> float:
        lost = 0.0
        for train, left in parts:
            head = _fit(data.pick(train), tags, group[train], strength)
            lost += _loss_of(head, data.pick(left), tags)
        return lost

    return min(STRENGTHS, key=loss)


def _loss_of(head: TagHead, data: TaggedStates, tags: Sequence[str]) -> float:
    """The negative log-likelihood of texts' tags."""
    chain = torch.tensor(head.transitions, dtype=torch.float32) + _forbid(tags)
    lost = 0.0
    for rows in _divide(data, len(tags)):
        part = data.pick(rows)
        scores = [head.score(*of) for of in zip(part.states, part.parts, part.words, strict=True)]
        batch = _make_batch(part, tags, np.zeros((sum(map(len, part.tags)), 0), np.int64))
        laid = batch.lay_out(torch.tensor(np.vstack(scores), dtype=torch.float32))
        lost += float(batch.negative_log_likelihood(laid, chain))
    return lost


def _divide(data: TaggedStates, tags: int) -> list[list[int]]:
    """The numbers of the texts that have a part which is read, in batches of alike lengths whose
    steps take bounded memory.
    """
    read = [i for i, parts in enumerate(data.parts) if parts.tokens and parts.tokens[0] >= 0]
    batches: list[list[int]] = []
    for i in sorted(read, key=lambda i: len(data.tags[i])):
        places = len(data.tags[i]) * tags * tags
        if not batches or places * (len(batches[-1]) + 1) > MOST_STEPS:
            batches.append([])
        batches[-1].append(i)
    return batches


@dataclass(frozen=True)
class _Batch:
    """Texts of different lengths side by side.

    Args:
        letters: rows of weights of each part (parts, features).
        place: where each part lies among (texts x longest) places.
        shape: texts, longest.
        counted: (texts, longest) whether a part lies there whose tag is counted.
        y: (texts, longest) numbers of tags.
    """

    letters: torch.Tensor
    place: torch.Tensor
    shape: tuple[int, int]
    counted: torch.Tensor
    y: torch.Tensor

    def lay_out(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores of parts (parts, tags) as (texts, longest, tags)."""
        texts, longest = self.shape
        laid = scores.new_zeros(texts * longest, scores.shape[1])
        return laid.index_copy(0, self.place, scores).view(texts, longest, -1)

    def negative_log_likelihood(self, scores: torch.Tensor, chain: torch.Tensor) -> torch.Tensor:
        """The sum over all texts; `scores` (texts, longest, tags), `chain` (tags + 1, tags)."""
        first = scores[:, 0] + chain[-1]
        total, own = first, first.gather(1, self.y[:, :1])[:, 0]
        for at in range(1, self.shape[1]):
            here, before = self.counted[:, at], self.y[:, at - 1]
            now = self.y[:, at]
            step = torch.logsumexp(total[:, :, None] + chain[None, :-1], 1) + scores[:, at]
            total = torch.where(here[:, None], step, total)
            gained = chain[before, now] + scores[:, at].gather(1, now[:, None])[:, 0]
            own = own + torch.where(here, gained, torch.zeros_like(gained))
        return (torch.logsumexp(total, 1) - own).sum()


def _make_batch(data: TaggedStates, tags: Sequence[str], letters: Ints) -> _Batch:
    """The parts of all texts, and where they lie; parts past the truncation are not counted."""
    number = {tag: k for k, tag in enumerate(tags)}
    lengths = [len(of) for of in data.tags]
    longest = max(1, *lengths) if lengths else 1
    y = np.zeros((len(lengths), longest), np.int64)
    counted = np.zeros((len(lengths), longest), bool)
    place: list[int] = []
    for row, of in enumerate(data.tags):
        y[row, : len(of)] = [number[tag] for tag in of]
        counted[row, : len(of)] = np.array(data.parts[row].tokens) >= 0
        place += range(row * longest, row * longest + len(of))
    return _Batch(
        torch.tensor(letters),
        torch.tensor(place, dtype=torch.int64),
        (len(lengths), longest),
        torch.tensor(counted),
        torch.tensor(y),
    )


def _read_letters(data: TaggedStates, known: KnownSpans, group: Ints | None = None) -> Ints:
    """What is read of the letters of all parts, (parts, features)."""
    of_texts = [
        list_features(words, known, -1 if group is None else int(group[i]))
        for i, words in enumerate(data.words)
        if len(words)
    ]
    width = max((of.shape[1] for of in of_texts), default=1)
    nothing = known.rows + BUCKETS
    padded = [
        np.pad(of, ((0, 0), (0, width - of.shape[1])), constant_values=nothing) for of in of_texts
    ]
    return np.vstack([np.zeros((0, width), np.int64), *padded])


def _forbid(tags: Sequence[str]) -> torch.Tensor:
    return torch.tensor(np.where(allowed_transitions(tags), 0.0, FORBIDDEN), dtype=torch.float32)


def _fit(data: TaggedStates, tags: Sequence[str], group: Ints, strength: float) -> TagHead:
    """The field of one strength."""
    kinds = list_kinds(tags)
    known = collect_spans(kinds, data.words, data.tags, group.tolist())
    read = [
        states[[token for token in parts.tokens if token >= 0]]
        for states, parts in zip(data.states, data.parts, strict=True)
    ]
    own = np.vstack(read)
    center: Floats = own.mean(0)
    scale = float(np.sqrt(((own - center) ** 2).mean())) or 1.0
    batches: list[tuple[torch.Tensor, _Batch]] = []
    for rows in _divide(data, len(tags)):
        part = data.pick(rows)
        letters = _read_letters(part, known, group[rows])
        features = [
            part_features((states - center) / scale, parts, data.is_wide)
            for states, parts in zip(part.states, part.parts, strict=True)
        ]
        x = torch.tensor(np.vstack(features), dtype=torch.float32)
        batches.append((x, _make_batch(part, tags, letters)))
    field = _Field(batches[0][0].shape[1], known.rows + BUCKETS + 1, len(tags))
    field.fit(batches, _forbid(tags), strength)
    weights, bias, chain, of_letters = (tensor.detach().numpy() for tensor in field.parameters)
    of_letters[-1] = 0.0
    return TagHead(
        (weights / scale).astype(np.float32),
        bias,
        center.astype(np.float32),
        chain,
        of_letters,
        known,
        strength,
    )


class _Field:
    """Weights of states, of letters and of neighbouring tags.

    Args:
        width: of the features of a part.
        rows: of the weights of letters; the last one stays zero.
        tags: how many.
    """

    def __init__(self, width: int, rows: int, tags: int) -> None:
        shapes = ((width, tags), (tags,), (tags + 1, tags), (rows, tags))
        self.parameters = [torch.zeros(shape, requires_grad=True) for shape in shapes]
        self.nothing = rows - 1

    def fit(
        self, batches: Sequence[tuple[torch.Tensor, _Batch]], wrong: torch.Tensor, strength: float
    ) -> None:
        """Minimize the penalized negative log-likelihood from zero.

        Args:
            batches: the features of parts (parts, width), and what they are of.
        """
        optimizer = torch.optim.LBFGS(
            self.parameters, max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe"
        )
        weights, bias, chain, letters = self.parameters
        penalties = ((strength, weights), (OF_LETTERS, letters), (OF_TRANSITIONS, chain))

        def loss() -> float:
            optimizer.zero_grad()
            total = 0.0
            for x, batch in batches:
                of_letters = torch.nn.functional.embedding_bag(
                    batch.letters, letters, mode="sum", padding_idx=self.nothing
                )
                scores = batch.lay_out(x @ weights + bias + of_letters)
                lost = batch.negative_log_likelihood(scores, chain + wrong)
                torch.autograd.backward(lost)
                total += float(lost)
            for size, tensor in penalties:
                penalty = 0.5 * size * (tensor**2).sum()
                torch.autograd.backward(penalty)
                total += float(penalty)
            return total

        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # steps along a text are small: threads wait for each other
        try:
            optimizer.step(loss)
        finally:
            torch.set_num_threads(threads)
