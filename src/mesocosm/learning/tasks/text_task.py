"""Tasks whose prediction is a text: one that is generated, or one that is retrieved.

Knows what both share: the settings that do not fit, and how two texts are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message
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
    frozen_continual = "config.frozen_not_continual"

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """A base by its name, metrics of texts, and nothing that is for classes."""
        from mesocosm.learning.tasks.row_checks import check_metrics

        model, at = checked.model, checked.at
        yield from _check_settings(model, at)
        yield from check_metrics(model, TEXT_METRICS, Message("config.text_metric"), at)

    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """ROUGE-L."""
        from mesocosm.learning.tasks.generation.metrics import rouge_l

        return float(rouge_l(str(prediction["text"]), str(truth)))


def _check_settings(model: Model, at: Path) -> Iterator[Fault]:
    """Settings that a model of a text cannot have."""
    if not isinstance(model.base, str):
        yield fault(
            at,
            Message("config.text_target_without_base", target=model.target),
            Message("config.base_for_text"),
            key="base",
        )
    for key, value, why in (
        ("fairness", model.fairness, Message("config.fairness_of_classes")),
        ("search", model.search, Message("config.search_of_heads")),
        ("pretrain", model.pretrain, Message("config.pretraining_of_encoders")),
    ):
        if value:
            yield fault(
                (*at, key),
                Message("config.but_target_is_text", why=why, target=model.target),
                Message("config.no_key_here", key=key),
            )
    yield from _check_fine_tuning(model, at)


def _check_fine_tuning(model: Model, at: Path) -> Iterator[Fault]:
    """Settings of fine-tuning that are for classes, and several processes."""
    for key in CLASSES_ONLY:
        if getattr(model.fine_tune, key, None):
            found = Message("config.not_for_text", key=key, target=model.target)
            yield fault((*at, "fine_tune", key), found, Message("config.no_key_here", key=key))
    if getattr(model.fine_tune, "processes", 1) > 1:
        found = Message("config.text_one_process")
        yield fault((*at, "fine_tune", "processes"), found, Message("config.no_processes"))
