"""Why a model said what it said: each input's share, each word's, and the training rows behind a
kernel head.

Knows a loaded version and columns. Gives plain data.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.export.predictor import Version
from mesocosm.learning.features.word_pieces import spans, without

Array = np.ndarray[Any, Any]
ROUNDS = 32
MOST_WORDS = 60


def shapley_values(
    version: Version,
    row: Mapping[str, Any],
    background: Sequence[Mapping[str, Any]],
    label: str,
    seed: int = 7,
) -> dict[str, Any]:
    """Shapley values of the inputs for the probability of `label`, by permutations against rows of
    the training part.

    Every round takes one background row and changes its inputs to this row's, one after the other
    in a random order; an input's share is the mean change when its turn came. Shares add up to
    `probability` - `base` exactly.

    Returns:
        `probability` of this row (its value, for a number), `base` (the mean over background rows),
        and `inputs`: for each its `share` and the standard `error` of it over rounds.

    Source: Strumbelj and Kononenko 2014, Knowledge and Information Systems 41 (sampling); Lundberg
    and Lee 2017, NIPS.
    """
    rng = random.Random(seed)
    asked: list[Mapping[str, Any]] = []
    orders: list[list[str]] = []
    for number in range(ROUNDS):
        now = {name: background[number % len(background)].get(name) for name in version.inputs}
        order = rng.sample(version.inputs, len(version.inputs))
        orders.append(order)
        asked.append(dict(now))
        for name in order:
            now = now | {name: row.get(name)}
            asked.append(now)
    columns = {name: [r[name] for r in asked] for name in version.inputs}
    p = version.outputs(columns, len(asked))[:, version.column(label)].astype(float)
    steps = np.diff(p.reshape(ROUNDS, -1), axis=1)
    each: dict[str, list[float]] = {name: [] for name in version.inputs}
    for order, changes in zip(orders, steps, strict=True):
        for name, change in zip(order, changes, strict=True):
            each[name].append(float(change))
    return {
        "probability": float(p[len(version.inputs)]),
        "base": float(p.reshape(ROUNDS, -1)[:, 0].mean()),
        "inputs": {
            n: {"share": float(np.mean(v)), "error": float(np.std(v) / np.sqrt(len(v)))}
            for n, v in each.items()
        },
    }


def word_importance(
    version: Version, row: Mapping[str, Any], label: str, names: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """For each text input of `names`, how much the probability of `label` falls when a word is left
    out; the greatest first.

    In scripts without spaces between words (Chinese, Japanese, Thai) single characters are left
    out. The first 60 pieces of a text are looked at; the others stay in it.

    Source: Li, Monroe and Jurafsky 2016, arXiv 1612.08220 (erasure).
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        text = str(row.get(name) or "")
        cuts = spans(text)[:MOST_WORDS]
        if len(cuts) < 2:
            continue
        said = [text[a:b] for a, b in cuts]
        asked = [dict(row)] + [{**row, name: without(text, cut)} for cut in cuts]
        columns = {n: [r.get(n) for r in asked] for n in version.inputs}
        p = version.outputs(columns, len(asked))[:, version.column(label)].astype(float)
        found[name] = sorted(
            ({"word": w, "share": float(p[0] - p[i + 1])} for i, w in enumerate(said)),
            key=lambda f: -abs(f["share"]),
        )
    return found


def training_row_contributions(
    version: Version, head: Path, row: Mapping[str, Any], label: str
) -> dict[str, Any] | None:
    """What each training row adds to the score of `label` in the kernel part of a head; None where
    it has none.

    Returns:
        `bias`, and `rows` (one number a training row, in their order). `bias` and all rows sum to
        the part's score before the softmax, exactly.

    Source: the representer theorem (Kimeldorf and Wahba 1971).
    """
    import onnx
    from onnx import numpy_helper

    held = {i.name: numpy_helper.to_array(i) for i in onnx.load(head).graph.initializer}
    part = next((n.removesuffix("_alpha") for n in held if n.endswith("_alpha")), None)
    if part is None:
        return None
    columns = {n: [row.get(n)] for n in version.inputs}
    text, table = version.features(columns, 1)
    given = {"table": table, **({"text": text} if text.shape[1] else {})}
    power = np.zeros(len(held[f"{part}_alpha"]))
    for what, x in given.items():
        kept = held.get(f"{part}_{what}_rows")
        if kept is not None:
            kept = kept.astype(float) / -2
            power += float(held[f"{part}_{what}_gamma"].reshape(-1)[0]) * np.maximum(
                ((x[0].astype(float)[:, None] - kept) ** 2).sum(0), 0
            )
    k = version.column(label)
    return {
        "bias": float(held[f"{part}_bias"][k]),
        "rows": (np.exp(power) * held[f"{part}_alpha"][:, k]).tolist(),
    }
