"""Tasks whose prediction is a text: one that is generated, or one that is retrieved.

Knows what both share: the settings that do not fit, and how two texts are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.learning.tasks.task import CheckedModel, Record, Task

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.model import Model

RETRIEVAL_METRICS = ("mrr", "recall_at_1", "recall_at_5", "recall_at_10")
GENERATION_METRICS = ("perplexity", "rouge_l", "token_f1", "exact")
GAINS = ("gain_over_base", "gain_over_nearest")
TEXT_METRICS = (*RETRIEVAL_METRICS, "gain_over_linear", *GENERATION_METRICS, *GAINS)
CLASSES_ONLY = ("mixup", "consistency", "augment", "loss", "adversarial")


class TextTask(Task):
    """A task whose prediction is a text."""

    target_types = ("text",)
    by_base = True
    tries_bases = False
    most_compared = 40
    frozen_continual = "a frozen base does not learn continually"

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """A base by its name, metrics of texts, and nothing that is for classes."""
        from mesocosm.learning.tasks.row_checks import check_metrics

        model, at = checked.model, checked.at
        yield from _check_settings(model, at)
        yield from check_metrics(model, TEXT_METRICS, "a text metric", at)

    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """ROUGE-L."""
        from mesocosm.learning.tasks.generation.metrics import rouge_l

        return float(rouge_l(prediction["text"], str(truth)))


def _check_settings(model: Model, at: Path) -> Iterator[Fault]:
    """Settings that a model of a text cannot have."""
    if not isinstance(model.base, str):
        yield fault(
            at,
            f"'{model.target}' is a text, and no base is given",
            "a causal base such as smollm2 for generation, or one for retrieval such as minilm",
            key="base",
        )
    for key, value, why in (
        ("fairness", model.fairness, "fairness gaps are of classes"),
        ("search", model.search, "a search compares heads of classes and numbers"),
        ("pretrain", model.pretrain, "pretraining is of encoder bases"),
    ):
        if value:
            yield fault((*at, key), f"{why}, and '{model.target}' is a text", f"no '{key}' here")
    for key in CLASSES_ONLY:
        if getattr(model.fine_tune, key, None):
            found = f"'{key}' is for classes and numbers, and '{model.target}' is a text"
            yield fault((*at, "fine_tune", key), found, f"no '{key}' here")
    if getattr(model.fine_tune, "processes", 1) > 1:
        found = "generation and retrieval models train in one process"
        yield fault((*at, "fine_tune", "processes"), found, "no 'processes' here")
