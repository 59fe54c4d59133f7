"""Metrics of what a model predicts, and settings that a model of a text or of a number cannot
have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesocosm.config.checks.names import Fault
from mesocosm.core.errors import ConfigValueError

OF_NUMBERS = ("r2", "mae", "rmse", "median_error", "gain_over_majority", "gain_over_linear")
OF_ORDERS = ("rank_error", "kappa")
OF_LABELS = ("micro_f1", "example_f1", "subset_accuracy", "hamming_loss")
OF_TEXTS = (
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


def of_text(model: Any, at: tuple[Any, ...]) -> Iterator[Fault]:
    """Settings that a model that writes cannot have."""
    if not isinstance(model.base, str):
        yield (
            at,
            ConfigValueError(
                "base",
                f"'{model.predict}' is a text, and no base is given",
                "a causal base such as smollm2, or one that finds it among known ones, such as"
                " minilm",
            ),
        )
    for key, said, why in (
        ("fair", model.fair, "gaps between groups are of classes"),
        ("search", model.search, "a search weighs heads of classes and numbers"),
        ("pretrain", model.pretrain, "pretraining is of bases that read"),
    ):
        if said:
            yield (
                (*at, key),
                ConfigValueError("", f"{why}, and '{model.predict}' is a text", f"no '{key}' here"),
            )
    for key in ("mixup", "consistency", "augment", "loss", "adversarial"):
        if getattr(model.tune, key, None):
            yield (
                (*at, "tune", key),
                ConfigValueError(
                    "",
                    f"'{key}' is for classes and numbers, and '{model.predict}' is a text",
                    f"no '{key}' here",
                ),
            )
    if getattr(model.tune, "processes", 1) > 1:
        yield (
            (*at, "tune", "processes"),
            ConfigValueError(
                "", "a base that writes or finds is taught by one process", "no 'processes' here"
            ),
        )
    for metric in model.require:
        if metric not in OF_TEXTS:
            yield (
                (*at, "require", metric),
                ConfigValueError(
                    "", f"'{metric}' is no metric of a text", "", list(OF_TEXTS), metric
                ),
            )


def of_number(model: Any, at: tuple[Any, ...]) -> Iterator[Fault]:
    """Settings that a model of a number cannot have."""
    if model.fair:
        yield (
            (*at, "fair"),
            ConfigValueError(
                "",
                f"gaps between groups are of classes, and '{model.predict}' is a number",
                "no 'fair' here",
            ),
        )
    for metric in model.require:
        if metric not in OF_NUMBERS:
            yield (
                (*at, "require", metric),
                ConfigValueError(
                    "", f"'{metric}' is no metric of a number", "", list(OF_NUMBERS), metric
                ),
            )
