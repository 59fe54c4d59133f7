"""What a model that adapts another requires of it, and what sites can train together. Knows the
grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.data.dataset import Dataset
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
        found = f"no model is named '{model.init_from}'"
        if model.init_from == name:
            found = f"'{name}' is this model itself"
        others = sorted(other for other in eco.models if other != name)
        yield fault(path, found, "another model of the file", others, str(model.init_from))
        return
    yield from _check_general(eco, model, general, at)
    if _trains_more_than_a_head(model) or general.pretrain or general.fusion != "early":
        yield fault(
            path,
            "only the head of a model is adapted",
            "no 'fine_tune', 'search', 'pretrain', 'self_training', 'fusion', 'pair' or 'rank'"
            " beside it",
        )
    if not _predicts_classes(task) or _has_image(model, checked.types):
        yield fault(
            path,
            "only classifiers of texts and tables can be adapted",
            "a category or boolean target, and no image",
        )


def _check_general(eco: Ecosystem, model: Model, general: Model, at: Path) -> Iterator[Fault]:
    """The model that is adapted: of the same target, inputs and base, with a linear head."""
    path = (*at, "init_from")
    if general.init_from:
        yield fault(
            path,
            f"'{model.init_from}' adapts '{general.init_from}' itself",
            "a model that adapts none",
            sorted(other for other, settings in eco.models.items() if not settings.init_from),
        )
    for key in ("target", "features", "base", "max_length"):
        if getattr(general, key) != getattr(model, key):
            yield fault(
                (*at, key),
                f"'{key}' is not that of '{model.init_from}', which is adapted",
                f"'{key}' as in '{model.init_from}'",
            )
    if general.fine_tune.method != "frozen" or (
        general.fine_tune.head != "linear" and not general.federated
    ):
        yield fault(
            path,
            f"the head of '{model.init_from}' may not be linear, and only a linear one can be"
            " adapted",
            f"'fine_tune: {{method: frozen, head: linear}}' in '{model.init_from}'",
        )


def check_federated(data: Dataset, checked: CheckedModel, task: Task | None) -> Iterator[Fault]:
    """Faults of `federated`: a linear head for classes, and rows of more than one site."""
    model, at, kinds = checked.model, checked.at, checked.types
    path = (*at, "federated")
    yield from _check_sites(data, model, path)
    if not _predicts_classes(task):
        yield fault(
            path,
            f"'{model.target}' is a {kinds.get(model.target)}, and federated learning is for"
            " classes",
            "a category or boolean target",
        )
    more = _trains_more_than_a_head(model) or model.init_from or model.base == AUTO
    if more or _has_image(model, kinds):
        yield fault(
            path,
            "federated learning trains a linear head, and nothing else",
            "no 'fine_tune' but 'frozen', no 'search', 'pretrain', 'self_training', 'fusion',"
            " 'pair', 'rank', 'init_from', 'base: auto' or image beside it",
        )
    elif model.fine_tune.method == "frozen" and model.fine_tune.head not in ("auto", "linear"):
        found = f"federated learning trains a linear head, not '{model.fine_tune.head}'"
        yield fault((*at, "fine_tune", "head"), found, "'head: linear'")


def _check_sites(data: Dataset, model: Model, path: Path) -> Iterator[Fault]:
    by = model.federated and model.federated.by
    if not by and len(data.source.union) < 2:
        yield fault(
            path,
            f"all rows of '{model.dataset}' come from one source",
            "'by' with the field that names a row's site, or a union of the sites' sources",
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
