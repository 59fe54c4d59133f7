"""Columns and rows of snapshots, read as models take them.

Knows a snapshot's record, its tables and what a model asks of them. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.types import role_of
from mesocosm.learning.model import Model

# types of columns that may look like time or a group
TELLING = ("category", "text", "integer", "number", "date", "time")
OPAQUE = ("mask", "pseudonymise")  # methods of privacy that leave a word in a value's place
MOST_OTHERS = 40  # such columns that are read


def read_columns(
    spec: Spec, snapshot: Mapping[str, Any], fields: Sequence[str]
) -> tuple[dict[str, list[Any]], list[str]]:
    """Cleaned columns of a snapshot, and the split that each row is in."""
    from mesocosm.data.snapshots.delta_tables import read_table

    table = read_table(spec.root / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"])
    split = [str(part) for part in table.column("_split").to_pylist()]
    return {name: to_doubles(table.column(name)) for name in fields}, split


def to_doubles(column: Any) -> list[Any]:
    """The values of a column, decimals as the doubles that a model takes."""
    import pyarrow as pa

    values: list[Any] = column.to_pylist()
    if not pa.types.is_decimal(column.type):
        return values
    return [value if value is None else float(value) for value in values]


def select_held_out(split: Sequence[str], upper: Sequence[Any] | None = None) -> list[int]:
    """The numbers of the test rows; all rows, where none were held out.

    Args:
        split: the split that each row is in.
        upper: a number of each row: only the half of the rows that has more of it.

    >>> select_held_out(["train", "test", "test"])
    [1, 2]
    >>> select_held_out(["train", "test", "test", "test"], [9, 3, 1, 2])
    [3, 1]
    """
    held = [i for i, part in enumerate(split) if part == "test"] or list(range(len(split)))
    if upper is None:
        return held
    known = sorted((i for i in held if upper[i] is not None), key=lambda i: upper[i])
    return known[len(known) // 2 :]


def read_field_types(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """The type of each field of a snapshot, as a model takes it: a decimal is a number, and what is
    masked or pseudonymised is a category, whatever it was.
    """

    def kind(field: Mapping[str, Any]) -> str:
        role = role_of(field)
        if _privacy_of(field) in OPAQUE and role != "text":
            return "category"
        if role == "decimal":
            return "number"
        return role

    return {name: kind(field) for name, field in snapshot["recipe"]["fields"].items()}


def _privacy_of(field: Mapping[str, Any]) -> str | None:
    """The method that hides a field, if one does."""
    private = field.get("private") or {}
    method = private.get("method", private.get("by"))  # `by` in snapshots of grammar 1
    return None if method is None else str(method)


def read_group_field(snapshot: Mapping[str, Any]) -> str | None:
    """The field whose equal values a snapshot's split keeps together; None where there is none, or
    where equal values were encrypted differently.
    """
    field = (snapshot["recipe"].get("split") or {}).get("group")
    if not field or _privacy_of(snapshot["recipe"]["fields"][field]) == "encrypt":
        return None
    return str(field)


def read_value_order(snapshot: Mapping[str, Any], field: str) -> list[str]:
    """The values of a field from the least to the greatest, where the snapshot's recipe says that
    they have an order; all tags, where words are tagged.
    """
    settings = snapshot["recipe"]["fields"][field]
    if settings["type"] == "tags":
        from mesocosm.data.types.labels.tags import Tags

        return Tags(values=tuple(settings["values"])).tags
    if not settings.get("ordered"):
        return []
    return list(settings["values"])


@dataclass
class TrainingData:
    """The rows that a model is trained on.

    Args:
        fields: its inputs, its target, and what it is evaluated by besides.
        rows: a column of each of them.
        split: the split that each row is in.
        ids: the dataset's number of each row.
        groups: the group of each row, where the split keeps those of one together.
        sites: the site of each row, where a model is federated.
        others: columns that the model does not read.
    """

    fields: list[str]
    rows: dict[str, list[Any]]
    split: list[str]
    ids: list[Any]
    groups: list[Any]
    sites: list[Any]
    others: dict[str, list[Any]]


def read_training_rows(
    spec: Spec, model: Model, snapshot: Mapping[str, Any], beside: bool = False
) -> TrainingData:
    """Read the rows that a model is trained on.

    Args:
        spec: the file.
        model: the model's settings.
        snapshot: the snapshot's record.
        beside: whether to read other columns too that may look like time or a group.
    """
    fields = _fields_of(model)
    group = read_group_field(snapshot)
    site = model.federated and (model.federated.by or "_source")
    others: list[str] = []
    if beside:
        others = _telling_columns(snapshot, fields)
    more = [name for name in (group, site) if name]
    names = list(dict.fromkeys([*fields, "_row", *more, *others]))
    rows, split = read_columns(spec, snapshot, names)
    groups, sites = (list(rows[name]) if name else [] for name in (group, site))
    return TrainingData(
        fields,
        {name: rows[name] for name in fields},
        split,
        rows["_row"],
        groups,
        sites,
        {name: rows[name] for name in others},
    )


def _fields_of(model: Model) -> list[str]:
    """The inputs of a model, its target, and what it is evaluated by or its task reads."""
    fields = [*model.features, model.target]
    if model.fairness:
        fields += model.fairness.groups
    if model.own_task:
        fields += model.own_task.fields
    return list(dict.fromkeys(fields))


def _telling_columns(snapshot: Mapping[str, Any], without: Sequence[str]) -> list[str]:
    """Columns besides some fields that may look like time or a group, at most `MOST_OTHERS`."""
    names = [
        name
        for name, field in snapshot["recipe"]["fields"].items()
        if role_of(field) in TELLING and name not in without and _privacy_of(field) != "encrypt"
    ]
    return names[:MOST_OTHERS]


def read_corpus(
    spec: Spec, catalog: Catalog, model: Model, snapshot: Mapping[str, Any]
) -> tuple[list[str], dict[str, list[Any]]]:
    """The texts that a model pretrains on, and the objective's fields of each; test and validation
    rows are left out.

    Raises:
        MesocosmError: the dataset of the texts is not built.
    """
    if not model.pretrain:
        return [], {}
    source, other = snapshot, None
    if model.pretrain.dataset != model.dataset:
        other = model.pretrain.dataset
    if other:
        source = _built_snapshot(catalog, other)
    names, fields = list(model.pretrain.fields), list(model.pretrain.method.fields)
    columns, split = read_columns(spec, source, [*names, *fields])
    rows = list(range(len(split)))
    if not other or fields:
        rows = [i for i in rows if split[i] in ("train", "None")]
    return _collect_texts(columns, rows, names, fields)


def _collect_texts(
    columns: Mapping[str, Sequence[Any]],
    rows: Sequence[int],
    names: Sequence[str],
    fields: Sequence[str],
) -> tuple[list[str], dict[str, list[Any]]]:
    """The texts of some columns, one column after the other, and the fields of the row of each."""
    texts: list[str] = []
    known: dict[str, list[Any]] = {field: [] for field in fields}
    for name in names:
        there = [i for i in rows if columns[name][i] is not None]
        texts += [str(columns[name][i]) for i in there]
        for field, values in known.items():
            values += [columns[field][i] for i in there]
    return texts, known


def _built_snapshot(catalog: Catalog, dataset: str) -> Mapping[str, Any]:
    """The newest snapshot of a dataset.

    Raises:
        MesocosmError: there is none.
    """
    snapshot = catalog.snapshot(dataset=dataset)
    if snapshot is None:
        raise MesocosmError(Message("lifecycle.dataset_not_built", dataset=dataset))
    return snapshot


def read_items(spec: Spec, catalog: Catalog, model: Model) -> dict[str, str]:
    """The texts of another dataset that a model's task looks up, by the key of its rows.

    Raises:
        MesocosmError: that dataset is not built.
    """
    lookup = model.own_task and model.own_task.lookup
    if not lookup:
        return {}
    snapshot = _built_snapshot(catalog, lookup.dataset)
    key = spec.eco.datasets[lookup.dataset].key
    if key is None:
        raise MesocosmError(Message("lifecycle.items_without_key", dataset=lookup.dataset))
    columns, _ = read_columns(spec, snapshot, list(dict.fromkeys([key, *lookup.texts])))
    items: dict[str, str] = {}
    for i, item in enumerate(columns[key]):
        if item is not None:
            texts = [columns[name][i] for name in lookup.texts]
            items[str(item)] = ". ".join(str(text) for text in texts if text is not None)
    return items
