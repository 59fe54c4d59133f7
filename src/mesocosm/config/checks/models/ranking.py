"""What a model that ranks may be made of. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.names import Fault
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import Wrong
from mesocosm.data.dataset import Dataset
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model

OF_RANKS = (
    "hit_rate_at_10",
    "ndcg_at_10",
    "mrr",
    "coverage",
    "diversity",
    "gain_over_popular",
    "gain_over_item_knn",
    "gain_over_ease",
)
ITEM = ("category", "text", "integer")
ORDER = ("date", "time", "number", "integer")
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


def of_rank(
    eco: Ecosystem, model: Model, data: Dataset, kinds: Mapping[str, str], at: tuple[Any, ...]
) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    assert model.rank is not None
    fields = sorted(data.fields)
    named: list[tuple[tuple[Any, ...], str | None]] = [
        (("predict",), model.predict),
        (("rank", "when"), model.rank.when),
    ]
    named += [(("inputs", i), field) for i, field in enumerate(model.inputs)]
    for path, word in named:
        if word is not None and word not in data.fields:
            yield (
                (*at, *path),
                Wrong("", f"'{model.learns}' has no field '{word}'", "a field of it", fields, word),
            )
    if len(model.inputs) != 1:
        yield (
            (*at, "inputs"),
            Wrong(
                "",
                f"{len(model.inputs)} inputs stand here, and ranking asks only who did something",
                "the one field that names who",
            ),
        )
    who = data.fields.get(model.inputs[0])
    if who is not None and who.sealed:
        yield (
            (*at, "inputs", 0),
            Wrong(
                "",
                f"'{model.inputs[0]}' is encrypted, so equal ones cannot be told",
                "another 'private' for the field, such as pseudonymise",
            ),
        )
    if kinds.get(model.predict, "text") not in ITEM:
        yield (
            (*at, "predict"),
            Wrong(
                "",
                f"'{model.predict}' is a {kinds[model.predict]}",
                "a category, text or integer field that names an item",
            ),
        )
    if model.rank.when and kinds.get(model.rank.when, "date") not in ORDER:
        yield (
            (*at, "rank", "when"),
            Wrong(
                "",
                f"'{model.rank.when}' is a {kinds[model.rank.when]}",
                "a date, time or number field",
            ),
        )
    if model.rank.when and model.rank.when in data.fields and data.fields[model.rank.when].private:
        yield (
            (*at, "rank", "when"),
            Wrong(
                "",
                f"'{model.rank.when}' is private, so its order is not kept",
                "a field that is not",
            ),
        )
    yield from _items(eco, model, at)
    for key in NOT:
        if getattr(model, key):
            yield (
                (*at, key),
                Wrong(
                    "",
                    "a model that ranks learns from what was done, as 'rank' says",
                    f"no '{key}' here",
                ),
            )
    if (
        model.tune.method != "frozen"
        or model.fusion != "early"
        or isinstance(model.base, ImportedModel)
    ):
        yield (
            at,
            Wrong(
                "tune",
                "a model that ranks learns as 'rank' says, over a base that stays as it is",
                "no 'tune', 'fusion' or model brought in here",
            ),
        )
    for metric in model.require:
        if metric not in OF_RANKS:
            yield (
                (*at, "require", metric),
                Wrong("", f"'{metric}' is no metric of ranking", "", list(OF_RANKS), metric),
            )


def _items(eco: Ecosystem, model: Model, at: tuple[Any, ...]) -> Iterator[Fault]:
    assert model.rank is not None
    if model.rank.items is None:
        if model.rank.texts:
            yield (
                (*at, "rank", "texts"),
                Wrong(
                    "",
                    "texts of items are named, and no dataset of items is",
                    "'items' with a dataset",
                ),
            )
        return
    if model.rank.items not in eco.datasets:
        yield (
            (*at, "rank", "items"),
            Wrong(
                "",
                f"no dataset is named '{model.rank.items}'",
                "a dataset",
                sorted(eco.datasets),
                model.rank.items,
            ),
        )
        return
    listed = eco.datasets[model.rank.items]
    if listed.auto:
        return
    if not listed.key:
        yield (
            (*at, "rank", "items"),
            Wrong(
                "", f"'{model.rank.items}' has no key that names an item", "'key' in the dataset"
            ),
        )
    elif listed.key in listed.fields and listed.fields[listed.key].private:
        yield (
            (*at, "rank", "items"),
            Wrong(
                "",
                f"the key '{listed.key}' of '{model.rank.items}' is private",
                "a key that is not",
            ),
        )
    for i, field in enumerate(model.rank.texts):
        path = (*at, "rank", "texts", i)
        if field not in listed.fields:
            yield (
                path,
                Wrong(
                    "",
                    f"'{model.rank.items}' has no field '{field}'",
                    "a field of it",
                    sorted(listed.fields),
                    field,
                ),
            )
        elif listed.fields[field].private:
            yield path, Wrong("", f"'{field}' is private", "a field that is not")
    if model.rank.texts and not model.base:
        yield (
            at,
            Wrong(
                "base", "'base' is missing, and items are told by texts", "a base such as minilm"
            ),
        )
