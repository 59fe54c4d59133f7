"""What a model that adapts another requires of it, and what sites can train together. Knows the
grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.task import CheckedModel, Task


def check_adaptation(
    eco: Ecosystem, name: str, checked: CheckedModel, task: Task | None
) -> Iterator[Fault]:
    """Faults of `init_from`: another model of the file, of the same target, inputs and base, whose
    head is linear.
    """
    model, at = checked.model, checked.at
    path = (*at, "init_from")
    general = eco.models.get(str(model.init_from))
    if general is None or model.init_from == name:
        yield _unknown_general_model(eco, name, model, path)
        return
    yield from _check_general(eco, model, general, at)
    if _trains_more_than_a_head(model) or general.pretrain or general.fusion != "early":
        yield fault(
            path,
            Message("config.only_head_adapted"),
            Message("config.adaptation_alone"),
        )
    if not _predicts_classes(task) or _has_image(model, checked.types):
        yield fault(
            path,
            Message("config.only_classifiers_adapted"),
            Message("config.class_target_no_image"),
        )


def _unknown_general_model(eco: Ecosystem, name: str, model: Model, path: Path) -> Fault:
    """The fault of a model that starts from itself, or from none of the file."""
    found = Message("config.no_model", name=model.init_from)
    if model.init_from == name:
        found = Message("config.model_itself", name=name)
    others = sorted(other for other in eco.models if other != name)
    return fault(path, found, Message("config.other_model"), others, str(model.init_from))


def _has_linear_head(model: Model) -> bool:
    """Whether a head over a frozen base is linear, as that of a federated model always is."""
    if not isinstance(model.fine_tune, Frozen):
        return False
    return model.fine_tune.head == "linear" or bool(model.federated)


def _check_general(eco: Ecosystem, model: Model, general: Model, at: Path) -> Iterator[Fault]:
    """The model that is adapted: of the same target, inputs and base, with a linear head."""
    path = (*at, "init_from")
    if general.init_from:
        yield fault(
            path,
            Message("config.adapts_itself", model=model.init_from, general=general.init_from),
            Message("config.model_without_init"),
            sorted(other for other, settings in eco.models.items() if not settings.init_from),
        )
    for key in ("target", "features", "base", "max_length"):
        if getattr(general, key) != getattr(model, key):
            yield fault(
                (*at, key),
                Message("config.differs_from_general", key=key, model=model.init_from),
                Message("config.as_in_general", key=key, model=model.init_from),
            )
    if not _has_linear_head(general):
        yield fault(
            path,
            Message("config.head_not_linear", model=model.init_from),
            Message("config.linear_head_in", model=model.init_from),
        )


def check_federated(data: Dataset, checked: CheckedModel, task: Task | None) -> Iterator[Fault]:
    """Faults of `federated`: a linear head for classes, and rows of more than one site."""
    model, at, kinds = checked.model, checked.at, checked.types
    path = (*at, "federated")
    yield from _check_sites(data, model, path)
    if not _predicts_classes(task):
        yield fault(
            path,
            Message(
                "config.federated_needs_classes", target=model.target, kind=kinds.get(model.target)
            ),
            Message("config.class_target"),
        )
    more = _trains_more_than_a_head(model) or model.init_from or model.base == AUTO
    if more or _has_image(model, kinds):
        yield fault(
            path,
            Message("config.federated_head_only"),
            Message("config.federated_alone"),
        )
    elif isinstance(model.fine_tune, Frozen) and model.fine_tune.head not in ("auto", "linear"):
        found = Message("config.federated_linear_head", head=model.fine_tune.head)
        yield fault((*at, "fine_tune", "head"), found, Message("config.set_linear_head"))


def _check_sites(data: Dataset, model: Model, path: Path) -> Iterator[Fault]:
    by = model.federated and model.federated.by
    if not by and len(data.source.union) < 2:
        yield fault(
            path,
            Message("config.one_site", dataset=model.dataset),
            Message("config.set_site"),
        )
    elif by and by not in data.fields:
        yield unknown_field((*path, "by"), model.dataset, data.fields, by)


def _trains_more_than_a_head(model: Model) -> bool:
    return bool(
        model.fine_tune.method != "frozen"
        or model.search
        or model.pretrain
        or model.self_training
        or model.fusion != "early"
        or model.pair
        or model.own_task
    )


def _predicts_classes(task: Task | None) -> bool:
    return task is not None and task.has_class


def _has_image(model: Model, kinds: Mapping[str, str]) -> bool:
    return any(kinds.get(field) == "image" for field in model.features)
