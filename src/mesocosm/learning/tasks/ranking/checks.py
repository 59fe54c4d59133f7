"""What a ranking model may be made of. Knows a model's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.row_checks import check_metrics
from mesocosm.learning.tasks.task import CheckedModel, DatasetFacts

RANKING_METRICS = (
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
NOT_ALLOWED = (
    "auto",
    "image_base",
    "pair",
    "pretrain",
    "self_training",
    "continual",
    "search",
    "fairness",
    "allow_leakage",
)


def check_ranking(checked: CheckedModel) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    model, data, kinds, at = checked.model, checked.data, checked.types, checked.at
    yield from _check_interactions(model, data, kinds, at)
    yield from _check_time(model, data, kinds, at)
    yield from _check_items(checked.datasets, model, at)
    for key in NOT_ALLOWED:
        if getattr(model, key):
            found = "a ranking model trains on interactions, as 'rank' says"
            yield fault((*at, key), found, f"no '{key}' here")
    if (
        model.fine_tune.method != "frozen"
        or model.fusion != "early"
        or isinstance(model.base, ImportedModel)
    ):
        yield fault(
            at,
            "a ranking model trains as 'rank' says, over a frozen base",
            "no 'fine_tune', 'fusion' or imported model here",
            key="fine_tune",
        )
    yield from check_metrics(model, RANKING_METRICS, "a ranking metric", at)


def _check_interactions(
    model: Model, data: DatasetFacts, kinds: Mapping[str, str], at: Path
) -> Iterator[Fault]:
    """Who did something (the input) and with which item (the target)."""
    named: list[tuple[Path, str]] = [(("target",), model.target)]
    named += [(("features", i), field) for i, field in enumerate(model.features)]
    for path, field in named:
        if field not in data.fields:
            yield unknown_field((*at, *path), model.dataset, data.fields, field)
    if len(model.features) != 1:
        yield fault(
            (*at, "features"),
            f"got {len(model.features)} inputs, and ranking needs only who did something",
            "the one field that names who",
        )
    who = data.fields.get(model.features[0])
    if who is not None and who.sealed:
        yield fault(
            (*at, "features", 0),
            f"'{model.features[0]}' is encrypted, so equal values cannot be recognised",
            "another 'private' for the field, such as pseudonymise",
        )
    if kinds.get(model.target, "text") not in ITEM:
        yield fault(
            (*at, "target"),
            f"'{model.target}' is a {kinds[model.target]}",
            "a category, text or integer field that names an item",
        )


def _check_time(
    model: Model, data: DatasetFacts, kinds: Mapping[str, str], at: Path
) -> Iterator[Fault]:
    assert model.rank is not None
    when, path = model.rank.when, (*at, "rank", "when")
    if when is not None and when not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, when)
    if not when:
        return
    if kinds.get(when, "date") not in ORDER:
        yield fault(path, f"'{when}' is a {kinds[when]}", "a date, time or number field")
    if when in data.fields and data.fields[when].private:
        found = f"'{when}' is private, so its order is not kept"
        yield fault(path, found, "a field that is not")


def _check_items(datasets: Mapping[str, DatasetFacts], model: Model, at: Path) -> Iterator[Fault]:
    assert model.rank is not None
    name, path = model.rank.items, (*at, "rank", "items")
    if name is None:
        if model.rank.texts:
            found = "texts of items are named, and no dataset of items is"
            yield fault((*at, "rank", "texts"), found, "'items' with a dataset")
        return
    if name not in datasets:
        found = f"no dataset is named '{name}'"
        yield fault(path, found, "a dataset", sorted(datasets), name)
        return
    listed = datasets[name]
    if listed.drafted:
        return
    if not listed.key:
        found = f"'{name}' has no key that names an item"
        yield fault(path, found, "'key' in the dataset")
    elif listed.key in listed.fields and listed.fields[listed.key].private:
        found = f"the key '{listed.key}' of '{name}' is private"
        yield fault(path, found, "a key that is not")
    yield from _check_item_texts(model, name, listed, at)


def _check_item_texts(model: Model, name: str, listed: DatasetFacts, at: Path) -> Iterator[Fault]:
    assert model.rank is not None
    for i, field in enumerate(model.rank.texts):
        path = (*at, "rank", "texts", i)
        if field not in listed.fields:
            yield unknown_field(path, name, listed.fields, field)
        elif listed.fields[field].private:
            yield fault(path, f"'{field}' is private", "a field that is not")
    if model.rank.texts and not model.base:
        found = "'base' is missing, and items have texts"
        yield fault(at, found, "a base such as minilm", key="base")
