"""Explanations of a prediction: Shapley values of the inputs, importance of words, and the training
rows behind a kernel head.

Knows a loaded version and columns. Gives plain data.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.export.predictor import Version
from mesocosm.learning.features.word_pieces import piece_spans, remove_piece

Array = np.ndarray[Any, Any]
ROUNDS = 32  # permutations
MAX_WORDS = 60
Row = Mapping[str, Any]


def shapley_values(
    version: Version, row: Row, background: Sequence[Row], label: str, seed: int = 7
) -> dict[str, Any]:
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
        now = {name: background[number % len(background)].get(name) for name in version.inputs}
        order = rng.sample(version.inputs, len(version.inputs))
        orders.append(order)
        requests.append(dict(now))
        for name in order:
            now = now | {name: row.get(name)}
            requests.append(now)
    p = _predict(version, requests, label).reshape(ROUNDS, -1)
    changes: dict[str, list[float]] = {name: [] for name in version.inputs}
    for order, steps in zip(orders, np.diff(p, axis=1), strict=True):
        for name, change in zip(order, steps, strict=True):
            changes[name].append(float(change))
    return {
        "probability": float(p[0, -1]),
        "base": float(p[:, 0].mean()),
        "inputs": {
            n: {"share": float(np.mean(v)), "error": float(np.std(v) / np.sqrt(len(v)))}
            for n, v in changes.items()
        },
    }


def _predict(version: Version, rows: Sequence[Row], label: str) -> Array:
    """The probability of `label` for each row, float64."""
    columns = {name: [row.get(name) for row in rows] for name in version.inputs}
    return version.outputs(columns, len(rows))[:, version.column(label)].astype(float)


def word_importance(
    version: Version, row: Row, label: str, names: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """For each text input of `names`, how much the probability of `label` falls when a word is left
    out; the largest change first.

    In scripts without spaces between words (Chinese, Japanese, Thai) single characters are left
    out. The first 60 pieces of a text are looked at; the others stay in it.

    Source: Li, Monroe and Jurafsky 2016, arXiv 1612.08220 (erasure).
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        text = str(row.get(name) or "")
        cuts = piece_spans(text)[:MAX_WORDS]
        if len(cuts) < 2:
            continue
        requests = [dict(row)] + [{**row, name: remove_piece(text, cut)} for cut in cuts]
        p = _predict(version, requests, label)
        importance = [
            {"word": text[a:b], "share": float(p[0] - left_out)}
            for (a, b), left_out in zip(cuts, p[1:], strict=True)
        ]
        found[name] = sorted(importance, key=lambda f: -abs(f["share"]))
    return found


def training_row_contributions(
    version: Version, head: Path, row: Row, label: str
) -> dict[str, Any] | None:
    """What each training row contributes to the score of `label` in the kernel part of a head; None
    where it has none.

    Returns:
        `bias`, and `rows` (one number a training row, in their order). `bias` and all rows sum to
            the part's score before the softmax, exactly.

    Source: the representer theorem (Kimeldorf and Wahba 1971).
    """
    import onnx
    from onnx import numpy_helper

    tensors = {i.name: numpy_helper.to_array(i) for i in onnx.load(head).graph.initializer}
    part = next((n.removesuffix("_alpha") for n in tensors if n.endswith("_alpha")), None)
    if part is None:
        return None
    text, table = version.features({n: [row.get(n)] for n in version.inputs}, 1)
    inputs = {"table": table}
    if text.shape[1]:
        inputs["text"] = text
    power = np.zeros(len(tensors[f"{part}_alpha"]))
    for name, x in inputs.items():
        rows = tensors.get(f"{part}_{name}_rows")
        if rows is not None:
            gamma = float(tensors[f"{part}_{name}_gamma"].reshape(-1)[0])
            # the graph holds the training rows times -2
            difference = x[0].astype(float)[:, None] - rows.astype(float) / -2
            power += gamma * np.maximum((difference**2).sum(0), 0)
    k = version.column(label)
    return {
        "bias": float(tensors[f"{part}_bias"][k]),
        "rows": (np.exp(power) * tensors[f"{part}_alpha"][:, k]).tolist(),
    }
