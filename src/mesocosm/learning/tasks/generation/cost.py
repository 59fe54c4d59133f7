"""The work of training a text generator. Counts sizes; fits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.learning.cost.estimate import Job, Work
from mesocosm.learning.cost.workload import (
    CHARACTERS,
    Net,
    import_work,
    training_memory,
    tuning_work,
)
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.tasks.generation.prompt import GENERATION_BATCH

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model

Texts = Mapping[str, Sequence[str]]  # by part of the split
HELD_OUT = ("validation", "test")


def generation_job(
    model: Model, base: Base, texts: Texts, answers: Texts, max_scored: int, max_generated: int
) -> Job:
    """A causal base loaded, evaluated as it is, fine-tuned, and evaluated again.

    Args:
        max_scored: rows whose own answers are scored, at most.
        max_generated: rows whose answers are generated, at most.
    """
    net, tune = Net.of(base), model.fine_tune
    base_net = Net(net.total, net.total, net.width)  # the word embeddings are the head too
    tokens = _prompt_tokens(model, texts, answers)
    scored = {p: tokens[p] * min(1.0, max_scored / max(1, len(texts[p]))) for p in HELD_OUT}
    passes = 1 if isinstance(tune, Frozen) else 2
    batches = -(-min(max_generated, len(texts["test"])) // GENERATION_BATCH)
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"load": 4 * net.total, "token": scored["test"] * net.total},
        "writing": {"write": passes * batches * model.max_new_tokens * net.total},
    }
    need = 4.6 * net.total / 1e9
    if isinstance(tune, Gradient):
        rows = len(texts["train"])
        work["tuning"] = tuning_work(
            tune, base_net, rows, tokens["train"], scored["validation"], scored["test"]
        )
        longest = min(model.max_length, 2 * tokens["train"] / max(1, rows))
        need += training_memory(tune.batch, base_net, longest) - 20 * net.total / 1e9
    else:
        need += 0.2
    work["judging"] = {"row": 20.0 * len(texts["test"]) ** 0.5, "word": tokens["train"]}
    if tune.method in ("full", "gradual"):
        need += 12 * net.total / 1e9
    return Job(work, need, 0.75, f"writing {tune.method} {_order_of_size(base_net)}")


def _prompt_tokens(model: Model, texts: Texts, answers: Texts) -> dict[str, float]:
    """Tokens of prompts and answers, by part."""
    instruction = len(model.instruction or "") / CHARACTERS + 12
    counted: dict[str, float] = {}
    for part in texts:
        counted[part] = sum(
            len(text) / CHARACTERS + len(answer) / CHARACTERS + instruction
            for text, answer in zip(texts[part], answers[part], strict=True)
        )
    return counted


def _order_of_size(net: Net) -> str:
    """A net's weights to one digit: the pace of another size tells little."""
    return f"{net.total:.0e}"
