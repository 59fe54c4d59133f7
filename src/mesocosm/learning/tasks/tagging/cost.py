"""The work of training a tagger. Counts sizes; fits nothing."""

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
    net_memory,
    tuning_work,
)
from mesocosm.learning.fine_tuning.gradient import Gradient

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model

Texts = Mapping[str, Sequence[str]]  # by part of the split


def tagging_job(
    model: Model, base: Base, texts: Texts, states: int, kinds: int, store: Path
) -> Job:
    """Texts embedded, a head fitted over the states of their words, or a base fine-tuned.

    Args:
        states: of the tagged words (or parts) of the training texts.
        kinds: different tags.
    """
    net, tune = Net.of(base), model.fine_tune
    tokens = {p: count_tokens(t) for p, t in texts.items()}
    fits = 10.0 if states <= 20_000 else 1.0
    work: dict[str, Work] = {
        "starting": import_work(True),
        "reading": {"token": tokens["train"] * net.weights, "load": 4 * net.weights},
        "heads": {"product": fits * 100.0 * states * net.width * kinds, "row": fits * 100 * kinds},
    }
    if isinstance(tune, Gradient):
        work["tuning"] = tuning_work(
            tune, net, len(texts["train"]), tokens["train"], tokens["validation"], 0.0
        )
    work["judging"] = {
        "token": tokens["test"] * net.weights,
        "row": 60.0 * len(texts["test"]) ** 0.5 + 3.0 * len(texts["test"]),
    }
    work["export"] = graph_export_work(net, None, store)
    need = net_memory(tune, net, longest_tokens(texts["train"], model.max_length))
    return Job(work, need + 3 * 4.0 * states * net.width / 1e9, 0.75, f"tagging {tune.method}")
