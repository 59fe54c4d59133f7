"""What a model that tags words may be made of. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.names import Fault
from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO

OF_TAGS = ("span_f1", "span_precision", "span_recall", "token_accuracy", "gain_over_dictionary")
NOT = (
    "auto",
    "image_base",
    "pair",
    "pretrain",
    "self_training",
    "continual",
    "search",
    "fair",
    "trust",
)
NOT_TUNED = ("mixup", "consistency", "augment", "loss", "adversarial")


def of_tags(model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    if not isinstance(model.base, str) or model.base == AUTO:
        yield (
            at,
            ConfigValueError(
                "base",
                "words are tagged by a base that reads, and none is given by its name",
                "a base such as minilm",
            ),
        )
    texts = [f for f in model.inputs if kinds.get(f) == "text"]
    if len(model.inputs) != 1 or (model.inputs[0] in kinds and not texts):
        yield (
            (*at, "inputs"),
            ConfigValueError(
                "",
                f"the inputs are {', '.join(model.inputs)}",
                "the one text field whose words are tagged",
            ),
        )
    for key in NOT:
        if getattr(model, key):
            yield (
                (*at, key),
                ConfigValueError(
                    "",
                    f"'{model.predict}' is tags a word, and '{key}' is not for them",
                    f"no '{key}' here",
                ),
            )
    if model.fusion != "early":
        yield (
            (*at, "fusion"),
            ConfigValueError("", "there is one text and nothing to fuse", "no 'fusion' here"),
        )
    for key in NOT_TUNED:
        if getattr(model.tune, key, None):
            yield (
                (*at, "tune", key),
                ConfigValueError(
                    "",
                    f"'{key}' is for classes and numbers, and '{model.predict}' is tags a word",
                    f"no '{key}' here",
                ),
            )
    if model.tune.method in ("last", "prefix", "prompt"):
        yield (
            (*at, "tune"),
            ConfigValueError(
                "",
                f"'{model.tune.method}' is not for tags a word",
                "frozen, full, gradual, lora, adalora, dora, ia3, adapter or bitfit",
            ),
        )
    if getattr(model.tune, "processes", 1) > 1:
        yield (
            (*at, "tune", "processes"),
            ConfigValueError("", "a tagger is taught by one process", "no 'processes' here"),
        )
    for metric in model.require:
        if metric not in OF_TAGS:
            yield (
                (*at, "require", metric),
                ConfigValueError(
                    "", f"'{metric}' is no metric of tagged words", "", list(OF_TAGS), metric
                ),
            )
