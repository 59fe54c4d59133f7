"""Continual learning of a text generator: a warm start from the previous version, elastic weight
consolidation, and its retention on the previous test rows.

Knows the parts of generation and what `continual` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mesocosm.learning.base_models import Base
from mesocosm.learning.strategies.continual import (
    IMPORTANCE_FILE,
    MIN_TEST_ROWS,
    Anchor,
    PreviousVersion,
    estimate_fisher,
)
from mesocosm.learning.tasks.generation.net import CausalModel, answer_losses, encode_examples
from mesocosm.learning.tasks.generation.prompt import Prompter, format_inputs, read_answer

Say = Callable[[str], None]
Examples = tuple[list[list[int]], Any]  # token ids, and which of them a loss counts
DELTA, NET = "delta.safetensors", "trunk.net."


def warm_start(
    past: PreviousVersion, writer: CausalModel, base: Base, method: str, say: Say
) -> bool:
    """Copy the previous version's trained weights into a model that is about to be trained; whether
    it did.
    """
    import torch
    from safetensors.torch import load_file

    if past.folder is None or not (past.folder / DELTA).is_file():
        return False
    card = json.loads((past.folder / "card.json").read_text(encoding="utf-8"))
    trained = {n: p for n, p in writer.trunk.net.named_parameters() if p.requires_grad}
    weights = load_file(past.folder / DELTA)
    old = (card.get("weights"), card.get("method"), _shapes(weights))
    if old != (base.weights, method, _shapes(trained)):
        say(f"restarting from scratch: {past.version} has another base or method")
        return False
    with torch.no_grad():
        for name, weight in trained.items():
            weight.copy_(weights[name])
    _anchor_weights(past, writer, weights)
    past.tell(bool(writer.anchor), say)
    return True


def _anchor_weights(past: PreviousVersion, writer: CausalModel, weights: Mapping[str, Any]) -> None:
    """Anchor a model at the previous version's weights, where their importance is known."""
    from safetensors.torch import load_file

    if past.folder is None or not past.setting.ewc:
        return
    path = past.folder / IMPORTANCE_FILE
    if path.is_file():
        importance = load_file(path)
        held = {NET + n: (weights[n], importance[n]) for n in weights if n in importance}
        writer.anchor = Anchor(held, past.setting.ewc)


def _shapes(weights: Mapping[str, Any]) -> dict[str, Any]:
    return {name: weight.shape for name, weight in weights.items()}


def estimate_importance(writer: CausalModel, ids: list[list[int]], y: Any) -> dict[str, Any]:
    """The importance of each trained weight, by its name in the trunk's net: by an answer's
    log-likelihood.
    """
    import torch

    from mesocosm.learning.features.embeddings import pad

    def loss(i: int) -> Any:
        total, _ = writer.measure.rows(
            writer(*pad([ids[i]]), torch.zeros(0)), torch.from_numpy(y[[i]])
        )
        return total.sum()

    return {n.removeprefix(NET): m for n, m in estimate_fisher(writer, len(ids), loss).items()}


def previous_test_rows(
    past: PreviousVersion, prompter: Prompter, inputs: list[str], predict: str, most: int
) -> Examples | None:
    """The first `most` test rows of the previous version as tokens; None where they are too few."""
    columns = past.known
    answers = [read_answer(value) for value in columns.get(predict, [])]
    rows = [i for i, answer in enumerate(answers) if answer][:most]
    if len(rows) < MIN_TEST_ROWS:
        return None
    texts = [format_inputs({n: columns[n][i] for n in inputs}, inputs) for i in rows]
    return encode_examples(
        [prompter.prompt(text) for text in texts], [prompter.answer(answers[i]) for i in rows]
    )


def measure_perplexity(writer: CausalModel, examples: Examples) -> float:
    """The perplexity of the answers of rows, from 1."""
    total, count = answer_losses(writer, *examples)
    return float(np.exp(total.sum() / max(1, count.sum())))
