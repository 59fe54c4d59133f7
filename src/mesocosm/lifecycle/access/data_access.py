"""Columns and rows of snapshots, read as models take them.

Knows a snapshot's record, its tables and what a model asks of them. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.values.json_shapes import list_texts, read_object
from mesocosm.data.types import role_of
from mesocosm.learning.model import Model

if TYPE_CHECKING:
    import pyarrow as pa

    from mesocosm.core.records import JsonObject

Columns = dict[str, list[object]]

# types of columns that may look like time or a group
TELLING = ("category", "text", "integer", "number", "date", "time")
OPAQUE = ("mask", "pseudonymise")  # methods of privacy that leave a word in a value's place
MOST_OTHERS = 40  # such columns that are read


def read_columns(
    spec: Spec, snapshot: SnapshotRow, fields: Sequence[str]
) -> tuple[Columns, list[str]]:
    """Cleaned columns of a snapshot, and the split that each row is in."""
    from mesocosm.data.snapshots.delta_tables import read_table

    table = read_table(spec.root / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"])
    split = [str(part) for part in table.column("_split").to_pylist()]
    return {name: to_doubles(table, name) for name in fields}, split


def pick_rows(column: Sequence[object], rows: Sequence[int]) -> list[object]:
    """The values of some rows of a column."""
    return [column[i] for i in rows]


def pick_columns(
    columns: Mapping[str, Sequence[object]], names: Sequence[str], rows: Sequence[int]
) -> Columns:
    """Some rows of some columns."""
    return {name: pick_rows(columns[name], rows) for name in names}


def to_doubles(table: pa.Table, name: str) -> list[object]:
    """The values of a column, decimals as the doubles that a model takes."""
    import pyarrow as pa

    values: list[object] = table.column(name).to_pylist()
    if not pa.types.is_decimal(table.schema.field(name).type):
        return values
    return [None if value is None else float(cast(Decimal, value)) for value in values]


def select_held_out(split: Sequence[str], upper: Sequence[float | None] | None = None) -> list[int]:
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
    return _upper_half(held, upper)


def _upper_half(rows: Sequence[int], numbers: Sequence[float | None]) -> list[int]:
    """The half of some rows that has more of a number; rows without one are left out."""
    known = [(number, i) for i in rows if (number := numbers[i]) is not None]
    known.sort(key=lambda pair: pair[0])
    return [i for _, i in known[len(known) // 2 :]]


def read_field_types(snapshot: SnapshotRow) -> dict[str, str]:
    """The type of each field of a snapshot, as a model takes it: a decimal is a number, and what is
    masked or pseudonymised is a category, whatever it was.
    """
    return {name: _type_of(field) for name, field in snapshot["recipe"]["fields"].items()}


def _type_of(field: JsonObject) -> str:
    role = role_of(field)
    if _privacy_of(field) in OPAQUE and role != "text":
        return "category"
    if role == "decimal":
        return "number"
    return role


def _privacy_of(field: JsonObject) -> str | None:
    """The method that hides a field, if one does."""
    private = read_object(field.get("private"))
    method = private.get("method", private.get("by"))  # `by` in snapshots of grammar 1
    if method is None:
        return None
    return str(method)


def read_group_field(snapshot: SnapshotRow) -> str | None:
    """The field whose equal values a snapshot's split keeps together; None where there is none, or
    where equal values were encrypted differently.
    """
    field = read_object(snapshot["recipe"].get("split")).get("group")
    if not field or _privacy_of(snapshot["recipe"]["fields"][str(field)]) == "encrypt":
        return None
    return str(field)


def read_value_order(snapshot: SnapshotRow, field: str) -> list[str]:
    """The values of a field from the least to the greatest, where the snapshot's recipe says that
    they have an order; all tags, where words are tagged.
    """
    settings = snapshot["recipe"]["fields"][field]
    if settings["type"] == "tags":
        from mesocosm.data.types.labels.tags import Tags

        return Tags(values=tuple(list_texts(settings["values"]))).tags
    if not settings.get("ordered"):
        return []
    return list_texts(settings["values"])


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
    rows: Columns
    split: list[str]
    ids: list[int]
    groups: list[object]
    sites: list[object]
    others: Columns


def read_training_rows(
    spec: Spec, model: Model, snapshot: SnapshotRow, beside: bool = False
) -> TrainingData:
    """Read the rows that a model is trained on.

    Args:
        spec: the file.
        model: the model's settings.
        snapshot: the snapshot's record.
        beside: whether to read other columns too that may look like time or a group.
    """
    fields = _fields_of(model)
    group, site = read_group_field(snapshot) or "", _site_field(model)
    others: list[str] = []
    if beside:
        others = _telling_columns(snapshot, fields)
    names = dict.fromkeys([*fields, "_row", *filter(None, (group, site)), *others])
    rows, split = read_columns(spec, snapshot, list(names))
    return TrainingData(
        fields,
        {name: rows[name] for name in fields},
        split,
        cast("list[int]", rows["_row"]),
        list(rows.get(group, [])),
        list(rows.get(site, [])),
        {name: rows[name] for name in others},
    )


def _site_field(model: Model) -> str:
    """The column that names the site of a row; empty where a model is not federated."""
    if not model.federated:
        return ""
    return model.federated.by or "_source"


def _fields_of(model: Model) -> list[str]:
    """The inputs of a model, its target, and what it is evaluated by or its task reads."""
    fields = [*model.features, model.target]
    if model.fairness:
        fields += model.fairness.groups
    if model.own_task:
        fields += model.own_task.fields
    return list(dict.fromkeys(fields))


def _telling_columns(snapshot: SnapshotRow, without: Sequence[str]) -> list[str]:
    """Columns besides some fields that may look like time or a group, at most `MOST_OTHERS`."""
    fields = snapshot["recipe"]["fields"].items()
    names = [name for name, field in fields if name not in without and _is_telling(field)]
    return names[:MOST_OTHERS]


def _is_telling(field: JsonObject) -> bool:
    """Whether a field may look like time or a group."""
    return role_of(field) in TELLING and _privacy_of(field) != "encrypt"


def read_corpus(
    spec: Spec, catalog: Catalog, model: Model, snapshot: SnapshotRow
) -> tuple[list[str], Columns]:
    """The texts that a model pretrains on, and the objective's fields of each; test and validation
    rows are left out.

    Raises:
        MesocosmError: the dataset of the texts is not built.
    """
    pretrain = model.pretrain
    if not pretrain:
        return [], {}
    names, fields = list(pretrain.fields), list(pretrain.method.fields)
    dataset = pretrain.dataset or model.dataset
    if dataset != model.dataset:
        snapshot = _built_snapshot(catalog, dataset)
    columns, split = read_columns(spec, snapshot, [*names, *fields])
    rows = list(range(len(split)))
    if dataset == model.dataset or fields:
        rows = _training_rows(split)
    return _collect_texts(columns, rows, names, fields)


def _training_rows(split: Sequence[str]) -> list[int]:
    """The rows that are in neither the test nor the validation split."""
    return [i for i, part in enumerate(split) if part in ("train", "None")]


def _collect_texts(
    columns: Mapping[str, Sequence[object]],
    rows: Sequence[int],
    names: Sequence[str],
    fields: Sequence[str],
) -> tuple[list[str], Columns]:
    """The texts of some columns, one column after the other, and the fields of the row of each."""
    texts: list[str] = []
    known: Columns = {field: [] for field in fields}
    for name in names:
        there = _rows_with_value(columns[name], rows)
        texts += map(str, pick_rows(columns[name], there))
        for field, values in known.items():
            values += pick_rows(columns[field], there)
    return texts, known


def _rows_with_value(column: Sequence[object], rows: Sequence[int]) -> list[int]:
    """Those of some rows that have a value in a column."""
    return [i for i in rows if column[i] is not None]


def _built_snapshot(catalog: Catalog, dataset: str) -> SnapshotRow:
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
    return _index_texts(columns, key, lookup.texts)


def _index_texts(columns: Columns, key: str, texts: Sequence[str]) -> dict[str, str]:
    """The texts of each row that has a key, by it."""
    named = [(i, item) for i, item in enumerate(columns[key]) if item is not None]
    return {str(item): _join_texts(columns, texts, i) for i, item in named}


def _join_texts(columns: Columns, names: Sequence[str], row: int) -> str:
    """The texts of a row's fields as sentences."""
    texts = [columns[name][row] for name in names]
    return ". ".join(str(text) for text in texts if text is not None)
