"""Metrics by type of prediction, and settings that a model of a text or of a number cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.checks.names import Fault, Path, fault
from mesocosm.core.messages import Message, Text
from mesocosm.learning.model import Model

REGRESSION_METRICS = (
    "r2",
    "mae",
    "rmse",
    "median_error",
    "gain_over_majority",
    "gain_over_linear",
)
ORDINAL_METRICS = ("rank_error", "kappa")
MULTI_LABEL_METRICS = ("micro_f1", "example_f1", "subset_accuracy", "hamming_loss")
TEXT_METRICS = (
    "mrr",
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "gain_over_linear",
    "perplexity",
    "rouge_l",
    "token_f1",
    "exact",
    "gain_over_base",
    "gain_over_nearest",
)
CLASSES_ONLY = ("mixup", "consistency", "augment", "loss", "adversarial")


def check_text(model: Model, at: Path) -> Iterator[Fault]:
    """Settings that a model of a text (generation or retrieval) cannot have."""
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
    for key in CLASSES_ONLY:
        if getattr(model.fine_tune, key, None):
            found = Message("config.not_for_text", key=key, target=model.target)
            yield fault((*at, "fine_tune", key), found, Message("config.no_key_here", key=key))
    if getattr(model.fine_tune, "processes", 1) > 1:
        found = Message("config.text_one_process")
        yield fault((*at, "fine_tune", "processes"), found, Message("config.no_processes"))
    yield from check_metrics(model, TEXT_METRICS, Message("config.text_metric"), at)


def check_number(model: Model, at: Path) -> Iterator[Fault]:
    """Settings that a model of a number cannot have."""
    if model.fairness:
        found = Message("config.fairness_not_of_number", target=model.target)
        yield fault((*at, "fairness"), found, Message("config.no_fairness"))
    yield from check_metrics(model, REGRESSION_METRICS, Message("config.regression_metric"), at)


def check_metrics(model: Model, metrics: tuple[str, ...], what: Text, at: Path) -> Iterator[Fault]:
    """Gates of the model on metrics that are not of its task."""
    for metric in model.require:
        if metric not in metrics:
            path = (*at, "require", metric)
            yield fault(
                path,
                Message("config.not_that_metric", metric=metric, what=what),
                "",
                list(metrics),
                metric,
            )
