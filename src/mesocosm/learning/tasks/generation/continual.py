"""Continual learning of a text generator: a warm start from the previous version, elastic weight
consolidation, and its retention on the previous test rows.

Knows the parts of generation and what `continual` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.strategies.continual import (
    IMPORTANCE_FILE,
    MIN_TEST_ROWS,
    Anchor,
    PreviousVersion,
    estimate_fisher,
)
from mesocosm.learning.tasks.generation.net import CausalModel, answer_losses, encode_examples
from mesocosm.learning.tasks.generation.prompt import Prompter, format_row, read_answer

if TYPE_CHECKING:
    from torch import Tensor

Examples = tuple[list[list[int]], Ints]  # token ids, and which of them a loss counts
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
    trained = _trainable_weights(writer)
    weights = load_file(past.folder / DELTA)
    same = _trained_on(past.folder) == (base.weights, method)
    if not same or _shapes(weights) != _shapes(trained):
        say(Message("progress.restart_base", version=past.version))
        return False
    with torch.no_grad():
        for name, weight in trained.items():
            weight.copy_(weights[name])
    _anchor_weights(past, writer, weights)
    past.tell(bool(writer.anchor), say)
    return True


def _trainable_weights(writer: CausalModel) -> dict[str, Tensor]:
    """The weights that are trained, by their names below the head."""
    return {
        name: weight for name, weight in writer.trunk.net.named_parameters() if weight.requires_grad
    }


def _trained_on(folder: Path) -> tuple[object, object]:
    """The weights of the base, and the method, of a version."""
    card: dict[str, object] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card.get("weights"), card.get("method")


def _anchor_weights(
    past: PreviousVersion, writer: CausalModel, weights: Mapping[str, Tensor]
) -> None:
    """Anchor a model at the previous version's weights, where their importance is known."""
    from safetensors.torch import load_file

    if past.folder is None or not past.setting.ewc:
        return
    path = past.folder / IMPORTANCE_FILE
    if path.is_file():
        importance = load_file(path)
        held = {NET + n: (weights[n], importance[n]) for n in weights if n in importance}
        writer.anchor = Anchor(held, past.setting.ewc)


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: weight.shape for name, weight in weights.items()}


def estimate_importance(writer: CausalModel, ids: list[list[int]], y: Ints) -> dict[str, Tensor]:
    """The importance of each trained weight, by its name in the trunk's net: by an answer's
    log-likelihood.
    """
    import torch

    from mesocosm.learning.features.embeddings import pad

    def loss(i: int) -> Tensor:
        total, _ = writer.measure.rows(
            writer(*pad([ids[i]]), torch.zeros(0)), torch.from_numpy(y[[i]])
        )
        return total.sum()

    importance = estimate_fisher(writer, len(ids), loss)
    return {name.removeprefix(NET): matter for name, matter in importance.items()}


def previous_test_rows(
    past: PreviousVersion, prompter: Prompter, inputs: list[str], predict: str, most: int
) -> Examples | None:
    """The first `most` test rows of the previous version as tokens; None where they are too few."""
    prompts: list[list[int]] = []
    answers: list[list[int]] = []
    for i, value in enumerate(past.known.get(predict, [])):
        answer = read_answer(value)
        if answer and len(answers) < most:
            prompts.append(prompter.prompt(format_row(past.known, i, inputs)))
            answers.append(prompter.answer(answer))
    if len(answers) < MIN_TEST_ROWS:
        return None
    return encode_examples(prompts, answers)


def measure_perplexity(writer: CausalModel, examples: Examples) -> float:
    """The perplexity of the answers of rows, from 1."""
    total, count = answer_losses(writer, *examples)
    return float(np.exp(total.sum() / max(1, count.sum())))
