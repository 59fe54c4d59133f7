"""What a model that adapts another must have in common with it, and what sites can learn together.
Knows the grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO

OF_ADAPTED = ("gain_over_general", "gain_over_local")


def of_adapted(
    eco: Ecosystem, name: str, model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], ConfigValueError]]:
    """Faults of `adapts`: another model of the file, of the same target, inputs and base, whose
    head is linear.
    """
    path = (*at, "adapts")
    general = eco.models.get(str(model.adapts))
    if general is None or model.adapts == name:
        found = (
            f"no model is named '{model.adapts}'"
            if general is None
            else f"'{name}' is this model itself"
        )
        yield (
            path,
            ConfigValueError(
                "",
                found,
                "another model of the file",
                sorted(n for n in eco.models if n != name),
                str(model.adapts),
            ),
        )
        return
    if general.adapts:
        yield (
            path,
            ConfigValueError(
                "",
                f"'{model.adapts}' adapts '{general.adapts}' itself",
                "a model that adapts none",
                sorted(n for n, m in eco.models.items() if not m.adapts),
            ),
        )
    for key in ("predict", "inputs", "base", "max_length"):
        if getattr(general, key) != getattr(model, key):
            yield (
                (*at, key),
                ConfigValueError(
                    "",
                    f"'{key}' is not that of '{model.adapts}', which is adapted",
                    f"'{key}' as '{model.adapts}' has it",
                ),
            )
    if general.tune.method != "frozen" or (general.tune.head != "linear" and not general.federated):
        yield (
            path,
            ConfigValueError(
                "",
                f"the head of '{model.adapts}' is not linear for sure, and only a linear one can be"
                " adapted",
                f"'tune: {{method: frozen, head: linear}}' in '{model.adapts}'",
            ),
        )
    if (
        model.tune.method != "frozen"
        or model.search
        or model.pretrain
        or general.pretrain
        or model.self_training
        or model.fusion != "early"
        or general.fusion != "early"
        or model.pair
        or model.rank
    ):
        yield (
            path,
            ConfigValueError(
                "",
                "a model is adapted by its head alone",
                "no 'tune', 'search', 'pretrain', 'self_training', 'fusion', 'pair' or 'rank'"
                " beside it",
            ),
        )
    if kinds.get(model.predict) not in ("category", "boolean") or any(
        kinds.get(f) == "image" for f in model.inputs
    ):
        yield (
            path,
            ConfigValueError(
                "",
                "classes from texts and tables can be adapted",
                "a category or boolean target, and no image",
            ),
        )


def of_federated(
    data: Dataset, model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], ConfigValueError]]:
    """Faults of `federated`: a linear head for classes, and rows of more than one site."""
    path, by = (*at, "federated"), model.federated.by if model.federated else None
    if by and by not in data.fields:
        yield (
            (*path, "by"),
            ConfigValueError(
                "",
                f"'{model.learns}' has no field '{by}'",
                "a field of it",
                sorted(data.fields),
                by,
            ),
        )
    elif not by and len(data.source.union) < 2:
        yield (
            path,
            ConfigValueError(
                "",
                f"all rows of '{model.learns}' come from one source",
                "'by' with the field that names a row's site, or a union of the sites' sources",
            ),
        )
    if kinds.get(model.predict) not in ("category", "boolean"):
        yield (
            path,
            ConfigValueError(
                "",
                f"'{model.predict}' is a {kinds.get(model.predict)}, and sites learn classes"
                " together",
                "a category or boolean target",
            ),
        )
    if (
        model.tune.method != "frozen"
        or model.search
        or model.pretrain
        or model.self_training
        or model.fusion != "early"
        or model.pair
        or model.rank
        or model.adapts
        or model.base == AUTO
        or any(kinds.get(f) == "image" for f in model.inputs)
    ):
        yield (
            path,
            ConfigValueError(
                "",
                "sites learn a linear head together, and nothing else",
                "no 'tune' but 'frozen', no 'search', 'pretrain', 'self_training', 'fusion',"
                " 'pair', 'rank', 'adapts', 'base: auto' or image beside it",
            ),
        )
    elif model.tune.head not in ("auto", "linear"):
        yield (
            (*at, "tune", "head"),
            ConfigValueError(
                "", f"sites learn a linear head together, not '{model.tune.head}'", "'head: linear'"
            ),
        )
