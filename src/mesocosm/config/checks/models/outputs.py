"""Metrics by type of prediction, and settings that a model of a text or of a number cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.core.faults import Fault, Path, fault
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
    yield from check_metrics(model, TEXT_METRICS, "a text metric", at)


def check_number(model: Model, at: Path) -> Iterator[Fault]:
    """Settings that a model of a number cannot have."""
    if model.fairness:
        found = f"fairness gaps are of classes, and '{model.target}' is a number"
        yield fault((*at, "fairness"), found, "no 'fairness' here")
    yield from check_metrics(model, REGRESSION_METRICS, "a regression metric", at)


def check_metrics(model: Model, metrics: tuple[str, ...], what: str, at: Path) -> Iterator[Fault]:
    """Gates of the model on metrics that are not of its task."""
    for metric in model.require:
        if metric not in metrics:
            path = (*at, "require", metric)
            yield fault(path, f"'{metric}' is not {what}", "", list(metrics), metric)
