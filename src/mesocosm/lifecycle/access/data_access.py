"""Columns and rows of snapshots, read as models take them.

Knows a snapshot's record, its tables and what a model asks of them. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.learning.model import Model

TELLING = (
    "category",
    "text",
    "integer",
    "number",
    "date",
    "time",
)  # types of columns that may look like time or a group
OPAQUE = ("mask", "pseudonymise")  # ways of privacy that leave a word in a value's place
MOST_OTHERS = 40  # such columns that are looked at


def columns_of(
    spec: Spec, snapshot: Mapping[str, Any], fields: Sequence[str]
) -> tuple[dict[str, list[Any]], list[str]]:
    """Cleaned columns of a snapshot, and the part of each row."""
    from mesocosm.data.snapshots.delta_tables import read_table

    table = read_table(spec.root / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"])
    return {f: doubles(table.column(f)) for f in fields}, [
        str(s) for s in table.column("_split").to_pylist()
    ]


def doubles(column: Any) -> list[Any]:
    """The values of a column, decimals as the doubles that a model takes."""
    import pyarrow as pa

    return (
        [None if v is None else float(v) for v in column.to_pylist()]
        if pa.types.is_decimal(column.type)
        else list(column.to_pylist())
    )


def held_out(split: Sequence[str], upper: Sequence[Any] | None = None) -> list[int]:
    """The rows that nothing learnt from; all, where none were held out.

    Args:
        upper: a number of each row: only the half of the rows that has more of it.

    >>> held_out(["train", "test", "test"]), held_out(["train", "test", "test", "test"], [9, 3, 1, 2])
    ([1, 2], [3, 1])
    """
    held = [i for i, part in enumerate(split) if part == "test"] or list(range(len(split)))
    if upper is None:
        return held
    known = sorted((i for i in held if upper[i] is not None), key=lambda i: upper[i])
    return known[len(known) // 2 :]


def kinds_of(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """The type of each field of a snapshot, as a model takes it: a decimal is a number, and what is
    masked or pseudonymised is a category, whatever it was.
    """

    def kind(field: Mapping[str, Any]) -> str:
        if (field.get("private") or {}).get("by") in OPAQUE and field["type"] != "text":
            return "category"
        return "number" if field["type"] == "decimal" else str(field["type"])

    return {name: kind(field) for name, field in snapshot["recipe"]["fields"].items()}


def group_of(snapshot: Mapping[str, Any]) -> str | None:
    """The field whose equal values a snapshot's split keeps together; None where there is none, or
    where equal values were sealed differently.
    """
    field = (snapshot["recipe"].get("split") or {}).get("group")
    sealed = (
        field and (snapshot["recipe"]["fields"][field].get("private") or {}).get("by") == "encrypt"
    )
    return None if sealed else field


def order_of(snapshot: Mapping[str, Any], field: str) -> list[str]:
    """The values of a field from the least to the greatest, where the snapshot's recipe says that
    they have an order.
    """
    asked = snapshot["recipe"]["fields"][field]
    if asked["type"] == "tags":
        from mesocosm.data.types.tags import Tags

        return Tags(values=tuple(asked["values"])).tags
    return list(asked["values"]) if asked.get("ordered") else []


@dataclass
class Read:
    """What a model learns from, read.

    Args:
        fields: its inputs, what it predicts, and what it is judged by besides.
        rows: a column of each of them.
        split: the part of each row.
        ids: the dataset's number of each row.
        groups: the group of each row, where the split keeps those of one together.
        sites: the site of each row, where sites learn apart.
        others: columns that the model does not read.
    """

    fields: list[str]
    rows: dict[str, list[Any]]
    split: list[str]
    ids: list[Any]
    groups: list[Any]
    sites: list[Any]
    others: dict[str, list[Any]]


def rows_for(spec: Spec, model: Model, snapshot: Mapping[str, Any], beside: bool = False) -> Read:
    """Read what a model learns from, and with `beside` other columns that may look like time or a
    group.
    """
    fields = list(
        dict.fromkeys(
            [
                *model.inputs,
                model.predict,
                *(model.fair.by if model.fair else ()),
                *([model.rank.when] if model.rank and model.rank.when else []),
            ]
        )
    )
    group = group_of(snapshot)
    site = (model.federated.by or "_source") if model.federated else None
    others = (
        [
            n
            for n, f in snapshot["recipe"]["fields"].items()
            if f["type"] in TELLING
            and n not in fields
            and (f.get("private") or {}).get("by") != "encrypt"
        ][:MOST_OTHERS]
        if beside
        else []
    )
    rows, split = columns_of(
        spec,
        snapshot,
        list(
            dict.fromkeys(
                [*fields, "_row", *([group] if group else []), *([site] if site else []), *others]
            )
        ),
    )
    groups, sites = list(rows[group]) if group else [], list(rows[site]) if site else []
    return Read(
        fields,
        {f: rows[f] for f in fields},
        split,
        rows["_row"],
        groups,
        sites,
        {n: rows[n] for n in others},
    )


def corpus_of(
    spec: Spec, catalog: Catalog, model: Model, snapshot: Mapping[str, Any]
) -> tuple[list[str], dict[str, list[Any]]]:
    """The texts a model pretrains on, and what is known of them by the objective's fields; rows
    that judge are left out.
    """
    if not model.pretrain:
        return [], {}
    other = model.pretrain.of if model.pretrain.of != model.learns else None
    found = catalog.snapshot(dataset=other) if other else snapshot
    if found is None:
        raise Failure(f"the dataset '{other}' is not built; run 'mesocosm build'")
    on, fields = list(model.pretrain.on), list(model.pretrain.objective.fields)
    columns, split = columns_of(spec, found, [*on, *fields])
    every = other and not fields
    picked = [
        (name, i)
        for name in on
        for i, part in enumerate(split)
        if columns[name][i] is not None and (every or part in ("train", "None"))
    ]
    return [str(columns[name][i]) for name, i in picked], {
        f: [columns[f][i] for _, i in picked] for f in fields
    }


def items_of(spec: Spec, catalog: Catalog, model: Model) -> dict[str, str]:
    """What is said of each item that a ranker may rank."""
    if not model.rank or not model.rank.items:
        return {}
    found = catalog.snapshot(dataset=model.rank.items)
    key = spec.eco.datasets[model.rank.items].key
    if found is None or key is None:
        raise Failure(f"the dataset '{model.rank.items}' is not built; run 'mesocosm build'")
    columns, _ = columns_of(spec, found, list(dict.fromkeys([key, *model.rank.texts])))
    return {
        str(k): ". ".join(str(columns[t][i]) for t in model.rank.texts if columns[t][i] is not None)
        for i, k in enumerate(columns[key])
        if k is not None
    }
