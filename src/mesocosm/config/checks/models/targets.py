"""What a model predicts, and the metrics and the loss that fit it. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.models.adaptation import OF_ADAPTED
from mesocosm.config.checks.models.outputs import OF_LABELS, OF_ORDERS, OF_TEXTS, of_number, of_text
from mesocosm.config.checks.models.ranking import OF_RANKS
from mesocosm.config.checks.models.tagging import OF_TAGS, of_tags
from mesocosm.config.checks.names import Fault
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.federated import OF_FEDERATED
from mesocosm.learning.training.losses import LOSSES


def of_target(
    model: Model, data: Dataset, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[Fault]:
    """Faults of `predict`, and of what is asked of the field it names."""
    fields = sorted(data.fields)
    if model.predict not in data.fields:
        yield (
            (*at, "predict"),
            ConfigValueError(
                "",
                f"'{model.learns}' has no field '{model.predict}'",
                "a field of it",
                fields,
                model.predict,
            ),
        )
    elif kinds[model.predict] not in (
        "category",
        "boolean",
        "list",
        "number",
        "integer",
        "text",
        "tags",
    ):
        wrong = ConfigValueError(
            "",
            f"'{model.predict}' is a {kinds[model.predict]}",
            "a category, boolean, list, number, text or tags field",
        )
        yield (*at, "predict"), wrong
    elif kinds[model.predict] == "tags":
        yield from of_tags(model, kinds, at)
    elif kinds[model.predict] == "text":
        yield from of_text(model, at)
    else:
        yield from _classes(model, data, kinds, at)


def _classes(
    model: Model, data: Dataset, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[Fault]:
    """Metrics, and a loss, that are not of classes, labels or a number."""
    number = kinds[model.predict] in ("number", "integer")
    of = "numbers" if number else "labels" if kinds[model.predict] == "list" else "classes"
    for metric in () if getattr(data.fields[model.predict], "ordered", False) else OF_ORDERS:
        if metric in model.require:
            yield (
                (*at, "require", metric),
                ConfigValueError(
                    "",
                    f"'{metric}' is of classes with an order, and '{model.predict}' has none",
                    f"'ordered: true' in the field '{model.predict}', or another metric",
                ),
            )
    yield from of_number(model, at) if number else ()
    if of == "labels" and model.fair:
        yield (
            (*at, "fair"),
            ConfigValueError(
                "",
                f"gaps between groups are of classes, and '{model.predict}' is a list",
                "no 'fair' here",
            ),
        )
    for metric in OF_LABELS if of != "labels" else ():
        if metric in model.require:
            yield (
                (*at, "require", metric),
                ConfigValueError(
                    "",
                    f"'{metric}' is of labels of which several may be there, and"
                    f" '{model.predict}' is a {kinds[model.predict]}",
                    "another metric",
                ),
            )
    for metric in [m for m in OF_TAGS if m in model.require]:
        yield (
            (*at, "require", metric),
            ConfigValueError(
                "",
                f"'{metric}' is of tagged words, and '{model.predict}' is a {kinds[model.predict]}",
                "another metric",
            ),
        )
    for metric in [m for m in OF_RANKS if m in model.require and m != "mrr"]:
        yield (
            (*at, "require", metric),
            ConfigValueError(
                "",
                f"'{metric}' is of items that are ranked",
                "'rank' in the model, or another metric",
            ),
        )
    for metric in () if number else [m for m in OF_TEXTS if m != "gain_over_linear"]:
        if metric in model.require:
            yield (
                (*at, "require", metric),
                ConfigValueError(
                    "",
                    f"'{metric}' is of a text that is written, and '{model.predict}' is a"
                    f" {kinds[model.predict]}",
                    "a metric of classes",
                ),
            )
    for metric in () if model.federated else [m for m in OF_FEDERATED if m in model.require]:
        yield (
            (*at, "require", metric),
            ConfigValueError(
                "",
                f"'{metric}' is a figure of a model that sites learn together",
                "'federated' in the model, or another metric",
            ),
        )
    for metric in () if model.adapts else [m for m in OF_ADAPTED if m in model.require]:
        yield (
            (*at, "require", metric),
            ConfigValueError(
                "",
                f"'{metric}' is of a model that adapts another",
                "'adapts' in the model, or another metric",
            ),
        )
    loss = getattr(model.tune, "loss", None)
    if loss and loss.of != of:
        fits = [n for n, kind in LOSSES.items() if getattr(kind, "of", "") == of]
        yield (
            (*at, "tune", "loss"),
            ConfigValueError(
                "",
                f"'{loss.kind}' is a loss of {loss.of}, and '{model.predict}' is a"
                f" {kinds[model.predict]}",
                "",
                fits,
            ),
        )
