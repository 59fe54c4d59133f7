"""What a model's base may be, and the ways to train it that fit. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.config.checks.models.pretraining import check_pretraining
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.task import Task


def check_automl(model: Model, task: Task | None, at: Path) -> Iterator[Fault]:
    """Faults of `auto` and `self_training`."""
    alone = task is None or task.tries_bases
    more = not alone or model.search or model.pretrain or model.continual
    if model.base == AUTO and more:
        yield fault(
            (*at, "base"),
            "'auto' tries bases for classes, labels or a number, and nothing else beside it",
            "a base by its name, or no 'search', 'pretrain' or 'continual' here",
        )
    if model.auto and model.base != AUTO:
        found = "the base is given, so none is tried"
        yield fault((*at, "auto"), found, "'base: auto', or no 'auto' here")
    has_class = task is not None and task.has_class
    classes_over_frozen = has_class and model.fine_tune.method == "frozen"
    if model.self_training and not classes_over_frozen:
        yield fault(
            (*at, "self_training"),
            "self-training is for classes over a frozen base",
            "no 'self_training' here, or 'fine_tune: frozen' and a category or boolean field",
        )


def check_continual(model: Model, task: Task | None, at: Path) -> Iterator[Fault]:
    """Faults of `continual`."""
    if not model.continual:
        return
    if model.fine_tune.method == "frozen" or model.search:
        yield fault(
            (*at, "continual"),
            _why_not_continual(model, task),
            "'continual' with a base fine-tuned by gradient, such as 'fine_tune: lora', for"
            " classes, labels, a number or a text",
        )
    if model.continual.ewc and getattr(model.fine_tune, "processes", 1) > 1:
        yield fault(
            (*at, "continual", "ewc"),
            "elastic weight consolidation runs in one process",
            "no 'processes' here, or 'replay' alone",
        )


def _why_not_continual(model: Model, task: Task | None) -> str:
    if model.search:
        return "a search starts from scratch"
    return (task or Task).frozen_continual


def check_base(eco: Ecosystem, model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    """Faults of `base`, `pretrain` and `search`."""
    if isinstance(model.base, ImportedModel):
        yield from _check_imported(model, kinds, at)
        return
    if model.pretrain:
        yield from check_pretraining(eco, model, at)
    from_scratch = model.pretrain is not None and model.pretrain.from_scratch is not None
    if from_scratch and model.base:
        yield fault(
            (*at, "base"),
            f"'{model.base}' is given, and the base is trained from scratch",
            "no 'base', or no 'from_scratch' in 'pretrain'",
        )
    has_text = any(kinds.get(field) == "text" for field in model.features)
    if has_text and not model.base and not from_scratch:
        found = "'base' is missing, and an input is text"
        yield fault(at, found, "a base such as minilm", key="base")
    yield from _check_search(model, at)


def _check_imported(model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    for i, field in enumerate(model.features):
        if kinds.get(field, "number") not in ("number", "integer"):
            found = f"'{field}' is a {kinds[field]}, and an imported model takes numbers"
            yield fault((*at, "features", i), found, "a number field")
    if model.fine_tune.method != "frozen" or model.search or model.pretrain:
        yield fault(
            (*at, "base"),
            "an imported model is served as it is",
            "no 'fine_tune', 'search' or 'pretrain' beside it",
        )


def _check_search(model: Model, at: Path) -> Iterator[Fault]:
    if not model.search:
        return
    settings = type(model.fine_tune).model_fields
    known = sorted(f"fine_tune.{name}" for name in settings if name != "method")
    for key in model.search.over:
        if key not in known:
            found = f"'{key}' is not a setting of '{model.fine_tune.method}'"
            yield fault((*at, "search", "over", key), found, "a setting of it", known, key)
