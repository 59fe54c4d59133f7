"""The work of growing versions that find, tag or write texts. Counts sizes; fits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from mesocosm.learning.tasks.generation.prompt import TOGETHER

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model

Texts = Mapping[str, Sequence[str]]


def retrieval_job(model: Model, base: Base, texts: Texts, answers: Texts, store: Path) -> Job:
    """Questions and answers read, a matrix between them or a base tuned, all answers looked through
    for each test row.

    Args:
        texts, answers: by part, of its rows.
    """
    net, tune, tuned = Net.of(base), model.tune, model.tune.method != "frozen"
    rows, test = len(texts["train"]), len(texts["test"])
    known = {a for some in answers.values() for a in some}
    asked, told = {p: count_tokens(t) for p, t in texts.items()}, count_tokens(known)
    whole = sum(asked.values()) + told
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"token": whole * net.weights, "load": 4 * net.weights},
    }
    if tuned:
        pairs = {p: asked[p] + sum(len(a) / 4.2 + 2 for a in answers[p]) for p in asked}
        work["tuning"] = tuning_work(tune, net, rows, pairs["train"], pairs["validation"], whole)
    work["matrix"] = {
        "product": 14.0 * rows * net.width * (len(known) + net.width),
        "solve": 25.0 * net.width**3,
    }
    work["judging"] = {
        "word": 2 * sum(map(len, answers["train"])) / 4.2 + 2 * whole,
        "product": 3.0 * test * net.width * len(known),
    }
    work["export"] = graph_export_work(net, None if tuned else base, store)
    need = (
        training_memory(
            tune,
            net,
            longest_tokens(texts["train"], model.max_length)
            + longest_tokens(answers["train"], model.max_length),
        )
        if tuned
        else (4.8 * net.weights + 2.5e8) / 1e9
    )
    return Job(work, need + 8.0 * rows * len(known) * 3 / 1e9, 0.75, f"finding {tune.method}")


def tagging_job(model: Model, base: Base, texts: Texts, kinds: int, store: Path) -> Job:
    """Texts read, a head fitted over the states of their words, or a base tuned.

    Args:
        kinds: different tags.
    """
    net, tune, tuned = Net.of(base), model.tune, model.tune.method != "frozen"
    said = {p: count_tokens(t) for p, t in texts.items()}
    words = float(sum(len(t.split()) for t in texts["train"]))
    fits = 10.0 if words <= 20_000 else 1.0
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"token": said["train"] * net.weights, "load": 4 * net.weights},
        "heads": {"product": fits * 100 * words * net.width * kinds, "row": fits * 100 * kinds},
    }
    if tuned:
        work["tuning"] = tuning_work(
            tune, net, len(texts["train"]), said["train"], said["validation"], 0.0
        )
    work["judging"] = {
        "token": said["test"] * net.weights,
        "row": 60.0 * len(texts["test"]) ** 0.5 + 3.0 * len(texts["test"]),
    }
    work["export"] = graph_export_work(net, None, store)
    need = (
        training_memory(tune, net, longest_tokens(texts["train"], model.max_length))
        if tuned
        else (4.8 * net.weights + 2.5e8) / 1e9
    )
    return Job(work, need + 3 * 4.0 * words * net.width / 1e9, 0.75, f"tagging {tune.method}")


def generation_job(
    model: Model, base: Base, texts: Texts, answers: Texts, judged: int, written: int
) -> Job:
    """A base that writes read in, asked as it is, taught, and asked again.

    Args:
        judged: rows that are judged by their own answers at most; `written`: those whose answers
            are written.
    """
    net, tune, tuned = Net.of(base), model.tune, model.tune.method != "frozen"
    base_of = Net(net.whole, net.whole, net.width)  # the words' table is the head too
    head = len(model.instruction or "") / 4.2 + 12
    said = {
        p: sum(
            len(t) / 4.2 + len(a) / 4.2 + head for t, a in zip(texts[p], answers[p], strict=True)
        )
        for p in texts
    }
    held = {p: said[p] * min(1.0, judged / max(1, len(texts[p]))) for p in ("validation", "test")}
    steps = (
        (2 if tuned else 1)
        * -(-min(written, len(texts["test"])) // TOGETHER)
        * model.max_new_tokens
    )
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"load": 4 * net.whole, "token": held["test"] * net.whole},
        "writing": {"write": steps * net.whole},
    }
    if tuned:
        work["tuning"] = tuning_work(
            tune, base_of, len(texts["train"]), said["train"], held["validation"], held["test"]
        )
    work["judging"] = {"row": 20.0 * len(texts["test"]) ** 0.5, "word": said["train"]}
    need = 4.6 * net.whole / 1e9 + (
        training_memory(
            tune, base_of, min(model.max_length, 2 * said["train"] / max(1, len(texts["train"])))
        )
        - 20 * net.whole / 1e9
        if tuned
        else 0.2
    )
    if tune.method in ("full", "gradual"):
        need += 12 * net.whole / 1e9
    return Job(work, need, 0.75, f"writing {tune.method} {_size(base_of)}")


def _size(net: Net) -> Any:
    """A net's weights to one digit: a pace on one of another size tells little."""
    return f"{net.whole:.0e}"
