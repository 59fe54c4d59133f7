"""What a ranking model may be made of. Knows a model's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.core.faults import Fault, Path, fault, unknown_field
from mesocosm.core.messages import Message
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.row_checks import OF_ROWS, check_metrics
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


def check_ranking(checked: CheckedModel) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    model, data, kinds, at = checked.model, checked.data, checked.types, checked.at
    yield from _check_interactions(model, data, kinds, at)
    yield from _check_time(model, data, kinds, at)
    yield from _check_items(checked.datasets, model, at)
    yield from _check_not_allowed(model, at)
    yield from check_metrics(model, RANKING_METRICS, Message("config.ranking_metric"), at)


def _check_not_allowed(model: Model, at: Path) -> Iterator[Fault]:
    """Settings of tasks over rows, and a base that is not frozen."""
    for key in OF_ROWS:
        if getattr(model, key):
            found = Message("config.ranking_on_interactions")
            yield fault((*at, key), found, Message("config.no_key_here", key=key))
    frozen = model.fine_tune.method == "frozen" and not isinstance(model.base, ImportedModel)
    if not frozen or model.fusion != "early":
        yield fault(
            at,
            Message("config.ranking_over_frozen"),
            Message("config.no_fine_tune_for_ranking"),
            key="fine_tune",
        )


def _check_interactions(
    model: Model, data: DatasetFacts, kinds: Mapping[str, str], at: Path
) -> Iterator[Fault]:
    """Who did something (the input) and with which item (the target)."""
    named: list[tuple[Path, str]] = [(("target",), model.target)]
    named += [(("features", i), field) for i, field in enumerate(model.features)]
    for path, field in named:
        if field not in data.fields:
            yield unknown_field((*at, *path), model.dataset, data.fields, field)
    yield from _check_user(model, data, at)
    if kinds.get(model.target, "text") not in ITEM:
        yield fault(
            (*at, "target"),
            Message("config.field_of_type", field=model.target, kind=kinds[model.target]),
            Message("config.item_field"),
        )


def _check_user(model: Model, data: DatasetFacts, at: Path) -> Iterator[Fault]:
    """One input, and whose values can be told apart."""
    if len(model.features) != 1:
        yield fault(
            (*at, "features"),
            Message("config.ranking_inputs", inputs=len(model.features)),
            Message("config.user_field"),
        )
    who = data.fields.get(model.features[0])
    if who is not None and who.sealed:
        yield fault(
            (*at, "features", 0),
            Message("config.encrypted_user", field=model.features[0]),
            Message("config.other_privacy"),
        )


def _check_time(
    model: Model, data: DatasetFacts, kinds: Mapping[str, str], at: Path
) -> Iterator[Fault]:
    assert model.rank is not None
    when, path = model.rank.when, (*at, "rank", "when")
    if when is None:
        return
    if when not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, when)
    if when:
        yield from _check_order(when, data, kinds, path)


def _check_order(
    when: str, data: DatasetFacts, kinds: Mapping[str, str], path: Path
) -> Iterator[Fault]:
    """A field that has an order, and that anybody may see."""
    if kinds.get(when, "date") not in ORDER:
        yield fault(
            path,
            Message("config.field_of_type", field=when, kind=kinds[when]),
            Message("config.time_field"),
        )
    if when in data.fields and data.fields[when].private:
        found = Message("config.private_order", field=when)
        yield fault(path, found, Message("config.public_field"))


def _check_items(datasets: Mapping[str, DatasetFacts], model: Model, at: Path) -> Iterator[Fault]:
    assert model.rank is not None
    name, path = model.rank.items, (*at, "rank", "items")
    if name is None:
        if model.rank.texts:
            found = Message("config.items_without_dataset")
            yield fault((*at, "rank", "texts"), found, Message("config.set_items"))
        return
    if name not in datasets:
        found = Message("config.no_dataset", name=name)
        yield fault(path, found, Message("config.a_dataset"), sorted(datasets), name)
        return
    listed = datasets[name]
    if not listed.drafted:
        yield from _check_item_key(name, listed, path)
        yield from _check_item_texts(model, name, listed, at)


def _check_item_key(name: str, listed: DatasetFacts, path: Path) -> Iterator[Fault]:
    """A key of the items that anybody may see."""
    if not listed.key:
        found = Message("config.items_without_key", name=name)
        yield fault(path, found, Message("config.set_key"))
    elif listed.key in listed.fields and listed.fields[listed.key].private:
        found = Message("config.private_item_key", key=listed.key, name=name)
        yield fault(path, found, Message("config.public_key"))


def _check_item_texts(model: Model, name: str, listed: DatasetFacts, at: Path) -> Iterator[Fault]:
    assert model.rank is not None
    for i, field in enumerate(model.rank.texts):
        path = (*at, "rank", "texts", i)
        known = listed.fields.get(field)
        if known is None:
            yield unknown_field(path, name, listed.fields, field)
        elif known.private:
            private = Message("config.field_private", field=field)
            yield fault(path, private, Message("config.public_field"))
    yield from _check_text_base(model, at)


def _check_text_base(model: Model, at: Path) -> Iterator[Fault]:
    """A base for the texts of items."""
    assert model.rank is not None
    if model.rank.texts and not model.base:
        found = Message("config.items_need_base")
        yield fault(at, found, Message("config.base_such_as_minilm"), key="base")
