"""What a model's base may be, and the ways to teach it that fit. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.models.pretraining import of_pretrain
from mesocosm.config.checks.names import Fault
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import Wrong
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO


def of_auto(model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]) -> Iterator[Fault]:
    """Faults of `auto` and `self_training`."""
    if model.base == AUTO and (
        kinds.get(model.predict) == "text" or model.search or model.pretrain or model.continual
    ):
        yield (
            (*at, "base"),
            Wrong(
                "",
                "'auto' tries bases for classes, labels or a number, and nothing else beside it",
                "a base by its name, or no 'search', 'pretrain' or 'continual' here",
            ),
        )
    if model.auto and model.base != AUTO:
        yield (
            (*at, "auto"),
            Wrong("", "the base is given, so none is tried", "'base: auto', or no 'auto' here"),
        )
    if model.self_training and (
        kinds.get(model.predict) not in ("category", "boolean") or model.tune.method != "frozen"
    ):
        yield (
            (*at, "self_training"),
            Wrong(
                "",
                "self-training is for classes over a base that stays as it is",
                "no 'self_training' here, or 'tune: frozen' and a category or boolean field",
            ),
        )


def of_continual(model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]) -> Iterator[Fault]:
    """Faults of `continual`."""
    if model.continual and (model.tune.method == "frozen" or model.search):
        why = (
            "a search begins anew"
            if model.search
            else (
                "a base that stays as it is learns nothing from row to row"
                if kinds.get(model.predict) == "text"
                else (
                    "a head over a base that stays as it is learns from all rows at once and"
                    " forgets none"
                )
            )
        )
        yield (
            (*at, "continual"),
            Wrong(
                "",
                why,
                "'continual' with a base tuned by gradient, such as 'tune: lora', for classes,"
                " labels, a number or a text",
            ),
        )
    if model.continual and model.continual.ewc and getattr(model.tune, "processes", 1) > 1:
        yield (
            (*at, "continual", "ewc"),
            Wrong(
                "",
                "what mattered is held by one process",
                "no 'processes' here, or 'replay' alone",
            ),
        )


def of_base(
    eco: Ecosystem, model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[Fault]:
    """Faults of `base`, `pretrain` and `search`."""
    if isinstance(model.base, ImportedModel):
        for i, field in enumerate(model.inputs):
            if kinds.get(field, "number") not in ("number", "integer"):
                yield (
                    (*at, "inputs", i),
                    Wrong(
                        "",
                        f"'{field}' is a {kinds[field]}, and a model brought in takes numbers",
                        "a number field",
                    ),
                )
        if model.tune.method != "frozen" or model.search or model.pretrain:
            yield (
                (*at, "base"),
                Wrong(
                    "",
                    "a model brought in is served as it is",
                    "no 'tune', 'search' or 'pretrain' beside it",
                ),
            )
        return
    if model.pretrain:
        yield from of_pretrain(eco, model, at)
    scratch = model.pretrain is not None and model.pretrain.scratch is not None
    if scratch and model.base:
        yield (
            (*at, "base"),
            Wrong(
                "",
                f"'{model.base}' is given, and the base begins from nothing",
                "no 'base', or no 'scratch' in 'pretrain'",
            ),
        )
    if not model.base and not scratch and any(kinds.get(f) == "text" for f in model.inputs):
        yield (
            at,
            Wrong("base", "'base' is missing, and an input is text", "a base such as minilm"),
        )
    for key in model.search.over if model.search else ():
        owner, _, setting = key.partition(".")
        known = sorted(f"tune.{k}" for k in type(model.tune).model_fields if k != "method")
        if owner != "tune" or f"tune.{setting}" not in known:
            yield (
                (*at, "search", "over", key),
                Wrong(
                    "",
                    f"'{key}' is no setting of '{model.tune.method}'",
                    "a setting of it",
                    known,
                    key,
                ),
            )
