"""What a model that adapts another must have in common with it, and what sites can learn together.
Knows the grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import Wrong
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO

OF_ADAPTED = ("gain_over_general", "gain_over_local")


def of_adapted(
    eco: Ecosystem, name: str, model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Wrong]]:
    """Faults of `adapts`: another model of the file, of the same target, inputs and base, whose
    head is linear.
    """
    path = (*at, "init_from")
    general = eco.models.get(str(model.init_from))
    if general is None or model.init_from == name:
        found = (
            f"no model is named '{model.init_from}'"
            if general is None
            else f"'{name}' is this model itself"
        )
        yield (
            path,
            Wrong(
                "",
                found,
                "another model of the file",
                sorted(n for n in eco.models if n != name),
                str(model.init_from),
            ),
        )
        return
    if general.init_from:
        yield (
            path,
            Wrong(
                "",
                f"'{model.init_from}' adapts '{general.init_from}' itself",
                "a model that adapts none",
                sorted(n for n, m in eco.models.items() if not m.init_from),
            ),
        )
    for key in ("target", "features", "base", "max_length"):
        if getattr(general, key) != getattr(model, key):
            yield (
                (*at, key),
                Wrong(
                    "",
                    f"'{key}' is not that of '{model.init_from}', which is adapted",
                    f"'{key}' as '{model.init_from}' has it",
                ),
            )
    if general.fine_tune.method != "frozen" or (
        general.fine_tune.head != "linear" and not general.federated
    ):
        yield (
            path,
            Wrong(
                "",
                f"the head of '{model.init_from}' is not linear for sure, and only a linear one can be"
                " adapted",
                f"'fine_tune: {{method: frozen, head: linear}}' in '{model.init_from}'",
            ),
        )
    if (
        model.fine_tune.method != "frozen"
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
            Wrong(
                "",
                "a model is adapted by its head alone",
                "no 'fine_tune', 'search', 'pretrain', 'self_training', 'fusion', 'pair' or 'rank'"
                " beside it",
            ),
        )
    if kinds.get(model.target) not in ("category", "boolean") or any(
        kinds.get(f) == "image" for f in model.features
    ):
        yield (
            path,
            Wrong(
                "",
                "classes from texts and tables can be adapted",
                "a category or boolean target, and no image",
            ),
        )


def of_federated(
    data: Dataset, model: Model, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Wrong]]:
    """Faults of `federated`: a linear head for classes, and rows of more than one site."""
    path, by = (*at, "federated"), model.federated.by if model.federated else None
    if by and by not in data.fields:
        yield (
            (*path, "by"),
            Wrong(
                "",
                f"'{model.dataset}' has no field '{by}'",
                "a field of it",
                sorted(data.fields),
                by,
            ),
        )
    elif not by and len(data.source.union) < 2:
        yield (
            path,
            Wrong(
                "",
                f"all rows of '{model.dataset}' come from one source",
                "'by' with the field that names a row's site, or a union of the sites' sources",
            ),
        )
    if kinds.get(model.target) not in ("category", "boolean"):
        yield (
            path,
            Wrong(
                "",
                f"'{model.target}' is a {kinds.get(model.target)}, and sites learn classes"
                " together",
                "a category or boolean target",
            ),
        )
    if (
        model.fine_tune.method != "frozen"
        or model.search
        or model.pretrain
        or model.self_training
        or model.fusion != "early"
        or model.pair
        or model.rank
        or model.init_from
        or model.base == AUTO
        or any(kinds.get(f) == "image" for f in model.features)
    ):
        yield (
            path,
            Wrong(
                "",
                "sites learn a linear head together, and nothing else",
                "no 'fine_tune' but 'frozen', no 'search', 'pretrain', 'self_training', 'fusion',"
                " 'pair', 'rank', 'init_from', 'base: auto' or image beside it",
            ),
        )
    elif model.fine_tune.head not in ("auto", "linear"):
        yield (
            (*at, "fine_tune", "head"),
            Wrong(
                "",
                f"sites learn a linear head together, not '{model.fine_tune.head}'",
                "'head: linear'",
            ),
        )
