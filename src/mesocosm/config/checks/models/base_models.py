"""What a model's base may be, and the ways to train it that fit. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.config.checks.models.pretraining import check_pretraining
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.task import Task


def check_automl(model: Model, task: Task | None, at: Path) -> Iterator[Fault]:
    """Faults of `auto` and `self_training`."""
    if model.base == AUTO and not _can_try_bases(model, task):
        yield fault(
            (*at, "base"),
            Message("config.auto_needs"),
            Message("config.named_base_or_no_search"),
        )
    if model.auto and model.base != AUTO:
        found = Message("config.base_is_given")
        yield fault((*at, "auto"), found, Message("config.base_auto_or_none"))
    if model.self_training and not _has_classes_over_frozen(model, task):
        yield fault(
            (*at, "self_training"),
            Message("config.self_training_needs_classes"),
            Message("config.self_training_settings"),
        )


def _can_try_bases(model: Model, task: Task | None) -> bool:
    """Whether base models may be compared: the task does so, and nothing else searches."""
    if task is not None and not task.tries_bases:
        return False
    return not (model.search or model.pretrain or model.continual)


def _has_classes_over_frozen(model: Model, task: Task | None) -> bool:
    """Whether a model predicts classes by a head over a frozen base."""
    return task is not None and task.has_class and model.fine_tune.method == "frozen"


def check_continual(model: Model, task: Task | None, at: Path) -> Iterator[Fault]:
    """Faults of `continual`."""
    if not model.continual:
        return
    if model.fine_tune.method == "frozen" or model.search:
        yield fault(
            (*at, "continual"),
            _why_not_continual(model, task),
            Message("config.continual_needs"),
        )
    if model.continual.ewc and getattr(model.fine_tune, "processes", 1) > 1:
        yield fault(
            (*at, "continual", "ewc"),
            Message("config.ewc_one_process"),
            Message("config.no_processes_or_replay"),
        )


def _why_not_continual(model: Model, task: Task | None) -> Message:
    if model.search:
        return Message("config.search_from_scratch")
    return Message((task or Task).frozen_continual)


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
            Message("config.base_and_scratch", base=model.base),
            Message("config.no_base_or_scratch"),
        )
    has_text = any(kinds.get(field) == "text" for field in model.features)
    if has_text and not model.base and not from_scratch:
        found = Message("config.text_needs_base")
        yield fault(at, found, Message("config.base_such_as_minilm"), key="base")
    yield from _check_search(model, at)


def _check_imported(model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    for i, field in enumerate(model.features):
        if kinds.get(field, "number") not in ("number", "integer"):
            found = Message("config.imported_needs_numbers", field=field, kind=kinds[field])
            yield fault((*at, "features", i), found, Message("config.number_field"))
    if model.fine_tune.method != "frozen" or model.search or model.pretrain:
        yield fault(
            (*at, "base"),
            Message("config.imported_as_it_is"),
            Message("config.imported_alone"),
        )


def _check_search(model: Model, at: Path) -> Iterator[Fault]:
    if not model.search:
        return
    settings = type(model.fine_tune).model_fields
    known = sorted(f"fine_tune.{name}" for name in settings if name != "method")
    for key in model.search.over:
        if key not in known:
            found = Message("config.not_a_setting_of", key=key, method=model.fine_tune.method)
            yield fault(
                (*at, "search", "over", key), found, Message("config.a_setting_of_it"), known, key
            )
