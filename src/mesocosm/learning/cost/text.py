"""The work of training versions for retrieval, sequence labelling and text generation. Counts
sizes; fits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.learning.cost.estimate import Job, Work
from mesocosm.learning.cost.predictive import graph_export_work
from mesocosm.learning.cost.workload import (
    Net,
    count_tokens,
    import_work,
    longest_tokens,
    training_memory,
    tuning_work,
)
from mesocosm.learning.tasks.generation.prompt import GENERATION_BATCH

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model

Texts = Mapping[str, Sequence[str]]  # by part of the split
CHARACTERS = 4.2  # of a token
HELD_OUT = ("validation", "test")


def retrieval_job(model: Model, base: Base, texts: Texts, answers: Texts, store: Path) -> Job:
    """Questions and answers embedded, a projection between them or a base fine-tuned, all answers
    scored for each test row.

    Args:
        texts, answers: by part, of its rows.
    """
    net, tune = Net.of(base), model.fine_tune
    fine_tunes = tune.method != "frozen"
    rows, test = len(texts["train"]), len(texts["test"])
    known: set[str] = set()
    for part in answers.values():
        known.update(part)
    asked = {p: count_tokens(t) for p, t in texts.items()}
    all_tokens = sum(asked.values()) + count_tokens(known)
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"token": all_tokens * net.weights, "load": 4 * net.weights},
    }
    if fine_tunes:
        pairs = {p: asked[p] + sum(len(a) / CHARACTERS + 2 for a in answers[p]) for p in asked}
        work["tuning"] = tuning_work(
            tune, net, rows, pairs["train"], pairs["validation"], all_tokens
        )
    work["matrix"] = {
        "product": 14.0 * rows * net.width * (len(known) + net.width),
        "solve": 25.0 * net.width**3,
    }
    work["judging"] = {
        "word": 2 * sum(map(len, answers["train"])) / CHARACTERS + 2 * all_tokens,
        "product": 3.0 * test * net.width * len(known),
    }
    untouched = None if fine_tunes else base
    work["export"] = graph_export_work(net, untouched, store)
    longest = longest_tokens(texts["train"], model.max_length)
    longest += longest_tokens(answers["train"], model.max_length)
    need = _net_memory(model, net, longest) + 8.0 * rows * len(known) * 3 / 1e9
    return Job(work, need, 0.75, f"finding {tune.method}")


def _net_memory(model: Model, net: Net, longest: float) -> float:
    """Gigabytes of a net that is fine-tuned on rows of `longest` tokens at most, or only run."""
    if model.fine_tune.method == "frozen":
        return (4.8 * net.weights + 2.5e8) / 1e9
    return training_memory(model.fine_tune, net, longest)


def tagging_job(model: Model, base: Base, texts: Texts, kinds: int, store: Path) -> Job:
    """Texts embedded, a head fitted over the states of their words, or a base fine-tuned.

    Args:
        kinds: different tags.
    """
    net, tune = Net.of(base), model.fine_tune
    tokens = {p: count_tokens(t) for p, t in texts.items()}
    words = float(sum(len(t.split()) for t in texts["train"]))
    fits = 10.0 if words <= 20_000 else 1.0
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"token": tokens["train"] * net.weights, "load": 4 * net.weights},
        "heads": {"product": fits * 100 * words * net.width * kinds, "row": fits * 100 * kinds},
    }
    if tune.method != "frozen":
        work["tuning"] = tuning_work(
            tune, net, len(texts["train"]), tokens["train"], tokens["validation"], 0.0
        )
    work["judging"] = {
        "token": tokens["test"] * net.weights,
        "row": 60.0 * len(texts["test"]) ** 0.5 + 3.0 * len(texts["test"]),
    }
    work["export"] = graph_export_work(net, None, store)
    need = _net_memory(model, net, longest_tokens(texts["train"], model.max_length))
    return Job(work, need + 3 * 4.0 * words * net.width / 1e9, 0.75, f"tagging {tune.method}")


def generation_job(
    model: Model, base: Base, texts: Texts, answers: Texts, max_scored: int, max_generated: int
) -> Job:
    """A causal base loaded, evaluated as it is, fine-tuned, and evaluated again.

    Args:
        max_scored: rows whose own answers are scored, at most.
        max_generated: rows whose answers are generated, at most.
    """
    net, tune = Net.of(base), model.fine_tune
    fine_tunes = tune.method != "frozen"
    base_net = Net(net.total, net.total, net.width)  # the word embeddings are the head too
    tokens = _prompt_tokens(model, texts, answers)
    scored = {p: tokens[p] * min(1.0, max_scored / max(1, len(texts[p]))) for p in HELD_OUT}
    passes = 2 if fine_tunes else 1
    batches = -(-min(max_generated, len(texts["test"])) // GENERATION_BATCH)
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"load": 4 * net.total, "token": scored["test"] * net.total},
        "writing": {"write": passes * batches * model.max_new_tokens * net.total},
    }
    need = 4.6 * net.total / 1e9
    if fine_tunes:
        rows = len(texts["train"])
        work["tuning"] = tuning_work(
            tune, base_net, rows, tokens["train"], scored["validation"], scored["test"]
        )
        longest = min(model.max_length, 2 * tokens["train"] / max(1, rows))
        need += training_memory(tune, base_net, longest) - 20 * net.total / 1e9
    else:
        need += 0.2
    work["judging"] = {"row": 20.0 * len(texts["test"]) ** 0.5, "word": tokens["train"]}
    if tune.method in ("full", "gradual"):
        need += 12 * net.total / 1e9
    return Job(work, need, 0.75, f"writing {tune.method} {_order_of_size(base_net)}")


def _prompt_tokens(model: Model, texts: Texts, answers: Texts) -> dict[str, float]:
    """Tokens of prompts and answers, by part."""
    instruction = len(model.instruction or "") / CHARACTERS + 12
    return {
        p: sum(
            len(t) / CHARACTERS + len(a) / CHARACTERS + instruction
            for t, a in zip(texts[p], answers[p], strict=True)
        )
        for p in texts
    }


def _order_of_size(net: Net) -> str:
    """A net's weights to one digit: the pace of another size tells little."""
    return f"{net.total:.0e}"
