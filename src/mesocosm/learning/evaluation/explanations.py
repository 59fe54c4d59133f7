"""Explanations of a prediction: Shapley values of the inputs, importance of words, and the training
rows behind a kernel head.

Knows a loaded version and columns. Gives plain data.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from math import comb
from pathlib import Path
from typing import TypedDict

import numpy as np

from mesocosm.core.values.words import Span, word_places
from mesocosm.learning.arrays import Array, Floats, collect_columns
from mesocosm.learning.export.graph_builder import list_constants
from mesocosm.learning.export.predictor import Version
from mesocosm.learning.features.word_pieces import remove_piece

ROUNDS = 32  # permutations
MAX_WORDS = 60
EXACT_WORDS = 8  # words up to which every subset of them is predicted
MAX_TEXTS = 600  # shortened texts that are predicted for the words of a longer one
Row = Mapping[str, object]


class InputShare(TypedDict):
    """The share of an input, and its standard error."""

    share: float
    error: float


class ShapleyValues(TypedDict):
    """The probability, that of the background, and the share of each input between them."""

    probability: float
    base: float
    inputs: dict[str, InputShare]


class WordShare(TypedDict):
    """A word, and what it adds to the probability (its Shapley value)."""

    word: str
    share: float


class RowContributions(TypedDict):
    """What each training row contributes to a score, besides the bias."""

    bias: float
    rows: list[float]


def shapley_values(
    version: Version, row: Row, background: Sequence[Row], label: str, seed: int = 7
) -> ShapleyValues:
    """Shapley values of the inputs for the probability of `label`, by permutations against rows of
    the training part.

    Every round takes one background row and replaces its inputs by this row's, one after the other
    in a random order; an input's share is the mean change when its turn came. Shares add up to
    `probability` - `base` exactly.

    Returns:
        `probability` of this row (its value, for a number), `base` (the mean over background rows),
            and `inputs`: for each its `share` and the standard `error` of it over rounds.

    Source: Strumbelj and Kononenko 2014, Knowledge and Information Systems 41 (sampling); Lundberg
    and Lee 2017, NIPS.
    """
    rng = random.Random(seed)
    requests: list[Row] = []
    orders: list[list[str]] = []
    for number in range(ROUNDS):
        order = rng.sample(version.inputs, len(version.inputs))
        orders.append(order)
        start = background[number % len(background)]
        requests += _replace_in_turn({name: start.get(name) for name in version.inputs}, row, order)
    p = _predict(version, requests, label).reshape(ROUNDS, -1)
    changes: dict[str, list[float]] = {name: [] for name in version.inputs}
    steps: list[list[float]] = np.diff(p, axis=1).tolist()
    for order, changed in zip(orders, steps, strict=True):
        for name, change in zip(order, changed, strict=True):
            changes[name].append(change)
    return {
        "probability": float(p[0, -1]),
        "base": float(p[:, 0].mean()),
        "inputs": {name: _mean_share(values) for name, values in changes.items()},
    }


def _replace_in_turn(start: Row, row: Row, order: Sequence[str]) -> list[Row]:
    """A background row, and it with one input after the other replaced by this row's."""
    rows = [start]
    for name in order:
        rows.append({**rows[-1], name: row.get(name)})
    return rows


def _mean_share(changes: Sequence[float]) -> InputShare:
    """The mean of an input's changes over the rounds, and its standard error."""
    error = float(np.std(changes) / np.sqrt(len(changes)))
    return {"share": float(np.mean(changes)), "error": error}


def _predict(version: Version, rows: Sequence[Row], label: str) -> Floats:
    """The probability of `label` for each row, float64."""
    outputs = version.outputs(collect_columns(version.inputs, rows), len(rows))
    return outputs[:, version.column(label)].astype(np.float64)


def word_importance(
    version: Version, row: Row, label: str, names: Sequence[str]
) -> dict[str, list[WordShare]]:
    """For each text input of `names`, what each word adds to the probability of `label`: Shapley
    values, the largest first.

    They sum to the probability less that of the text without these words, exactly. Words are those
    of `word_places`: of Chinese too, and single characters of other scripts without spaces. The
    first 60 words of a text are looked at; the others stay in it.

    Source: Shapley 1953; Castro, Gomez and Tejada 2009, Computers and Operations Research 36
    (sampling by permutations); Mitchell et al. 2022, JMLR 23 (a permutation and its reverse).
    """
    found: dict[str, list[WordShare]] = {}
    for name in names:
        text = str(row.get(name) or "")
        cuts = word_places(text)[:MAX_WORDS]
        if len(cuts) < 2:
            continue
        shares = _share_among_words(version, row, label, name, cuts)
        words: list[WordShare] = [
            {"word": text[start:end], "share": share}
            for (start, end), share in zip(cuts, shares, strict=True)
        ]
        found[name] = sorted(words, key=lambda word: -abs(word["share"]))
    return found


def _share_among_words(
    version: Version, row: Row, label: str, name: str, cuts: Sequence[Span]
) -> list[float]:
    """The Shapley value of each word of a text: exact for few words, else by permutations."""
    text, count = str(row[name]), len(cuts)
    orders: list[list[int]] = []
    sets = list(range(2**count)) if count <= EXACT_WORDS else []
    if not sets:
        orders = list(_draw_orders(count))
        sets = sorted({kept for order in orders for kept in _grow_sets(order)})
    shortened = [{**row, name: _keep_words(text, cuts, kept)} for kept in sets]
    value = dict(zip(sets, _predict(version, shortened, label).tolist(), strict=True))
    if orders:
        return _average_changes(value, orders)
    return [_weigh_changes(value, word, count) for word in range(count)]


def _draw_orders(count: int, seed: int = 7) -> Iterator[list[int]]:
    """Random orders of words, each with its reverse."""
    rng = random.Random(seed)
    for _ in range(max(1, min(ROUNDS, MAX_TEXTS // count) // 2)):
        order = rng.sample(range(count), count)
        yield order
        yield order[::-1]


def _grow_sets(order: Sequence[int]) -> list[int]:
    """The sets of words, as bits, that come about when one after the other joins."""
    sets = [0]
    for word in order:
        sets.append(sets[-1] | 1 << word)
    return sets


def _keep_words(text: str, cuts: Sequence[Span], kept: int) -> str:
    """A text without the words whose bit is not set."""
    for word in reversed(range(len(cuts))):
        if not kept >> word & 1:
            text = remove_piece(text, cuts[word])
    return text


def _average_changes(value: Mapping[int, float], orders: Sequence[Sequence[int]]) -> list[float]:
    """The mean change of the value when a word's turn comes."""
    shares = [0.0] * len(orders[0])
    for order in orders:
        sets = _grow_sets(order)
        for at, word in enumerate(order):
            shares[word] += (value[sets[at + 1]] - value[sets[at]]) / len(orders)
    return shares


def _weigh_changes(value: Mapping[int, float], word: int, count: int) -> float:
    """A word's change of every set without it, weighted as all orders would."""
    share = 0.0
    for others in range(2**count):
        if not others >> word & 1:
            size = others.bit_count()
            change = value[others | 1 << word] - value[others]
            share += change / (count * comb(count - 1, size))
    return share


def training_row_contributions(
    version: Version, head: Path, row: Row, label: str
) -> RowContributions | None:
    """What each training row contributes to the score of `label` in the kernel part of a head; None
    where it has none.

    Returns:
        `bias`, and `rows` (one number a training row, in their order). `bias` and all rows sum to
            the part's score before the softmax, exactly.

    Source: the representer theorem (Kimeldorf and Wahba 1971).
    """
    import onnx
    from onnx import numpy_helper

    weights = list_constants(onnx.load(head).graph)
    tensors: dict[str, Floats] = {i.name: numpy_helper.to_array(i) for i in weights}
    part = next((n.removesuffix("_alpha") for n in tensors if n.endswith("_alpha")), None)
    if part is None:
        return None
    alpha, k = tensors[f"{part}_alpha"], version.column(label)
    power = np.zeros(len(alpha))
    for name, x in _read_inputs(version, row).items():
        rows = tensors.get(f"{part}_{name}_rows")
        if rows is not None:
            gamma = float(tensors[f"{part}_{name}_gamma"].reshape(-1)[0])
            # the graph holds the training rows times -2
            power += gamma * _squared_distances(x, rows.astype(np.float64) / -2)
    contributions: list[float] = (np.exp(power) * alpha[:, k]).tolist()
    return {"bias": float(tensors[f"{part}_bias"][k]), "rows": contributions}


def _read_inputs(version: Version, row: Row) -> dict[str, Array]:
    """The features of a row's table, and of its text where it has one, (1, width)."""
    text, table = version.features(collect_columns(version.inputs, [row]), 1)
    inputs = {"table": table}
    if text.shape[1]:
        inputs["text"] = text
    return inputs


def _squared_distances(x: Array, rows: Floats) -> Floats:
    """The squared distances of a row (1, width) to others (width, rows)."""
    first: Floats = x[0].astype(np.float64)
    distances: Floats = ((first[:, None] - rows) ** 2).sum(0)
    return np.maximum(distances, 0)
