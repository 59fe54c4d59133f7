"""The work of training a retriever. Counts sizes; fits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.learning.cost.estimate import Job, Work
from mesocosm.learning.cost.predictive import graph_export_work
from mesocosm.learning.cost.workload import (
    CHARACTERS,
    Net,
    count_tokens,
    import_work,
    longest_tokens,
    net_memory,
    tuning_work,
)
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model

Texts = Mapping[str, Sequence[str]]  # by part of the split


def retrieval_job(model: Model, base: Base, texts: Texts, answers: Texts, store: Path) -> Job:
    """Questions and answers embedded, a projection between them or a base fine-tuned, all answers
    scored for each test row.

    Args:
        texts, answers: by part, of its rows.
    """
    net, tune = Net.of(base), model.fine_tune
    rows, test = len(texts["train"]), len(texts["test"])
    known = set(chain.from_iterable(answers.values()))
    asked = {p: count_tokens(t) for p, t in texts.items()}
    all_tokens = sum(asked.values()) + count_tokens(known)
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"token": all_tokens * net.weights, "load": 4 * net.weights},
    }
    if isinstance(tune, Gradient):
        pairs = {part: asked[part] + _answer_tokens(answers[part]) for part in asked}
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
    untouched = base if isinstance(tune, Frozen) else None
    work["export"] = graph_export_work(net, untouched, store)
    longest = longest_tokens(texts["train"], model.max_length)
    longest += longest_tokens(answers["train"], model.max_length)
    need = net_memory(tune, net, longest) + 8.0 * rows * len(known) * 3 / 1e9
    return Job(work, need, 0.75, f"finding {tune.method}")


def _answer_tokens(answers: Sequence[str]) -> float:
    """Tokens of the answers of rows, equal ones counted each time."""
    return sum(len(answer) / CHARACTERS + 2 for answer in answers)
