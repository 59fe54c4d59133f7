"""The rooms introduced to each other: snapshots read for models, answers embedded for services.

Knows the doors of govern, learn and the catalog. Decides nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesocosm.base.digest import digest, digest_file, digest_folder
from mesocosm.base.errors import Failure
from mesocosm.base.files import aside_name, folder_appears, write_json
from mesocosm.catalog import Catalog
from mesocosm.learn.model import Model
from mesocosm.operate.service import Service
from mesocosm.spec import Spec

if TYPE_CHECKING:
    from mesocosm.learn.adapting import Taught
    from mesocosm.learn.beside import Last
    from mesocosm.learn.continual import Past


TAUGHT_ID = (  # the id of the prediction that a labelled row came with; no field has its name
    "\x1ftaught"
)
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
    from mesocosm.govern.snapshot import read_table

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
        from mesocosm.govern.types.tags import Tags

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


def grow_version(
    spec: Spec,
    catalog: Catalog,
    name: str,
    model: Model,
    snapshot: Mapping[str, Any],
    made: str,
    say: Callable[[str], None],
    origin: str,
    more: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Grow a version from a snapshot (and `more` labelled rows) and return its record, not yet
    listed.
    """
    from mesocosm.learn.around import around
    from mesocosm.learn.novel import as_often
    from mesocosm.learn.site import Site
    from mesocosm.learn.track import TRACKERS
    from mesocosm.learn.train import grow
    from mesocosm.learn.tuning.frozen import Frozen

    store = spec.root / ".mesocosm"
    asked = snapshot["recipe"].get("split") or {}
    drawn = not isinstance(asked.get("test"), str)
    read = rows_for(spec, model, snapshot, beside=drawn and not asked.get("group"))
    fields, rows, split, group, sites = (
        read.fields,
        read.rows,
        read.split,
        group_of(snapshot),
        read.sites,
    )
    if not group and asked.get("group"):
        say(
            "the field that the split keeps together is encrypted, equal values unlike each other,"
            " so rows of one group are not left out together"
        )
    first, same = len(split), list(range(len(more)))
    taught = [str(row[TAUGHT_ID]) for row in more if TAUGHT_ID in row]
    if more and kinds_of(snapshot).get(model.predict) == "category":
        more, same = as_often(
            more,
            model.predict,
            [v for v, part in zip(rows[model.predict], split, strict=True) if part == "train"],
            isinstance(model.tune, Frozen),
        )
    ids, groups = [*read.ids, *(-1 for _ in more)], read.groups
    for row in more:
        for field in fields:
            rows[field].append(row.get(field))
        split.append("train")
    past = (
        _past(spec, catalog, name, model, snapshot, fields, rows, split)
        if model.continual
        else None
    )
    ids += [-1] * (past.old if past else 0)
    groups = (
        rows[group]
        if group in fields
        else groups + [None] * (len(ids) - len(groups))
        if group
        else []
    )  # what came later names none
    if len(same) > len(set(same)):
        groups = list(groups) or [None] * len(ids)
        groups[first : first + len(same)] = [f"asked {k}" for k in same]
    others = {n: [*column, *[None] * (len(ids) - len(column))] for n, column in read.others.items()}
    sites += ["asked here"] * (len(ids) - len(sites)) if model.federated else []
    before = _last_version(
        spec, catalog, name, model, snapshot, fields, len(more) + (past.old if past else 0)
    )
    folder = store / "models" / name / digest(made, size=8)
    corpus, told_of = corpus_of(spec, catalog, model, snapshot)
    with folder_appears(folder) as aside:
        grown = grow(
            name,
            model,
            rows,
            split,
            kinds_of(snapshot),
            Site(
                spec.root,
                store,
                aside,
                made,
                before,
                ids,
                catalog.url,
                corpus,
                told_of,
                order_of(snapshot, model.predict),
                past,
                items=items_of(spec, catalog, model),
                taught=taught_by(spec, catalog, model),
                groups=groups,
                sites=sites,
                drawn=drawn,
                others=others,
                again=frozenset(
                    first + at for at in range(1, len(same)) if same[at] == same[at - 1]
                ),
            ),
            say,
        )
        write_json(aside / "prepare.json", preparation(spec, model, snapshot))
    number = catalog.next_number(name)
    content = digest_folder(folder)
    ident = f"{name}-v{number}-{content[:6]}"
    told = {
        k: v
        for k, v in grown.card.items()
        if k not in ("block", "metrics", "trials", "importance", "labels")
    } | {"snapshot": snapshot["id"]}
    for tracker in model.track:
        failed = TRACKERS[tracker](store, name, ident, told, grown.metrics, grown.history)
        if failed:
            say(f"not tracked in {tracker}: {failed}")
    return {
        "id": ident,
        "model": name,
        "number": number,
        "made": made,
        "snapshot": snapshot["id"],
        "path": str(folder.relative_to(store)),
        "content": content,
        "metrics": grown.metrics,
        "recipe": (
            {k: v for k, v in grown.card.items() if k not in ("block", "metrics")}
            | {
                "history": grown.history,
                "feedback": len(more),
                **({"taught": taught} if taught else {}),
                "environment": around(spec.root),
            }
        ),
        "origin": origin,
        "at": catalog.clock(),
        "missed": grown.missed,
    }


def net_of(
    spec: Spec,
    version: Mapping[str, Any],
    open_session: Any = None,
    precision: str = "auto",
    shared: dict[Any, Any] | None = None,
) -> Any:
    """A version, loaded.

    Args:
        open_session: makes a session of a graph's path.
        shared: bases already in memory; what is loaded is put there.

    Raises:
        Failure: a file of it was changed or lost.
    """
    from mesocosm.learn.predictor import Version
    from mesocosm.operate.runtimes.onnx import Onnx

    folder = spec.root / ".mesocosm" / version["path"]
    if version["recipe"].get("task") == "text":
        from mesocosm.learn.writing.version import Bases, Writes

        return Writes(
            folder,
            version["content"],
            spec.root,
            (shared if shared is not None else {}).setdefault("writers", Bases()),
        )
    if version["recipe"].get("task") == "retrieval":
        from mesocosm.learn.retrieval.version import Finds

        return Finds(
            folder,
            version["content"],
            open_session or Onnx().session,
            shared if shared is not None else {},
        )
    if version["recipe"].get("task") == "tags":
        from mesocosm.learn.tagging.version import Tagged

        return Tagged(folder, version["content"], open_session or Onnx().session)
    if version["recipe"].get("task") == "ranking":
        from mesocosm.learn.ranking.version import Ranks

        return Ranks(folder, version["content"])
    return Version(folder, version["content"], open_session or Onnx().session, precision, shared)


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


def taught_by(spec: Spec, catalog: Catalog, model: Model) -> Taught | None:
    """The version that a model starts from: the last of another model that passed its bounds."""
    if not model.adapts:
        return None
    from mesocosm.learn.adapting import taught

    listed = [v for v in catalog.versions(model.adapts) if v["state"] != "refused"]
    if not listed:
        raise Failure(
            f"no version of the model '{model.adapts}' has passed its bounds, so nothing can be"
            " adapted; run 'mesocosm build'"
        )
    return taught(spec.root / ".mesocosm" / listed[-1]["path"], str(listed[-1]["id"]))


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


def _past(
    spec: Spec,
    catalog: Catalog,
    name: str,
    model: Model,
    snapshot: Mapping[str, Any],
    fields: Sequence[str],
    rows: dict[str, list[Any]],
    split: list[str],
) -> Past:
    """What went before a model that is learnt on; old rows that are seen again are put behind
    `rows` as training rows.
    """
    import random

    from mesocosm.learn.continual import Past

    assert model.continual is not None
    listed = catalog.versions(name)
    if not listed or listed[-1]["recipe"].get("predict") != model.predict:
        return Past(model.continual)
    last = listed[-1]
    past = Past(model.continual, last["id"], spec.root / ".mesocosm" / last["path"])
    old = catalog.snapshot(last["snapshot"])
    if old is None or old["id"] == snapshot["id"] or old["dataset"] != snapshot["dataset"]:
        return past
    try:
        net = (
            net_of(spec, last) if last["recipe"].get("task") != "text" else None
        )  # a writer tells by its weights what it knew
        then, parts = columns_of(spec, old, fields)
    except Failure:  # its files, or its snapshot, are gone: its weights may be there all the same
        return past
    here, there = (
        [tuple(map(str, row)) for row in zip(*(columns[f] for f in fields), strict=True)]
        for columns in (rows, then)
    )
    now = set(here)
    taught = [
        i
        for i, part in enumerate(parts)
        if part == "train" and there[i] not in now and then[model.predict][i] is not None
    ]
    judged = [i for i, part in enumerate(parts) if part == "test"]
    again = random.Random(model.seed).sample(
        taught, min(len(taught), round(model.continual.replay * split.count("train")))
    )
    for field in fields:
        rows[field] += [then[field][i] for i in again]
    split += ["train"] * len(again)
    past.before, past.old = net, len(again)
    past.known = (
        {field: [then[field][i] for i in judged] for field in fields}
        if net is None or set(net.inputs) <= set(fields)
        else {}
    )
    return past


def _last_version(
    spec: Spec,
    catalog: Catalog,
    name: str,
    model: Model,
    snapshot: Mapping[str, Any],
    fields: Sequence[str],
    more: int,
) -> Last | None:
    """The newest version, where it predicts the same from fields at hand, and which rows did not
    teach it.
    """
    from mesocosm.govern.snapshot import read_table
    from mesocosm.learn.beside import Last

    store = spec.root / ".mesocosm"
    listed = catalog.versions(name)
    old = catalog.snapshot(listed[-1]["snapshot"]) if listed else None
    key = spec.eco.datasets[model.learns].key
    if (
        not old
        or listed[-1]["recipe"].get("predict") != model.predict
        or old["dataset"] != snapshot["dataset"]
    ):
        return None
    try:
        if listed[-1]["recipe"].get("task"):
            return None
        net = net_of(spec, listed[-1])
        now = read_table(
            store / snapshot["path"] / "rows",
            snapshot["delta"],
            "_row, _split" + (f', "{key}"' if key else ""),
        )
        if old["id"] == snapshot["id"]:
            fresh = [True] * now.num_rows
        elif (
            key
            and now.schema.field(key).type
            == (
                then := read_table(
                    store / old["path"] / "rows", old["delta"], f'_row, _split, "{key}"'
                )
            )
            .schema.field(key)
            .type
        ):
            taught = {
                k
                for k, s in zip(
                    then.column(key).to_pylist(), then.column("_split").to_pylist(), strict=True
                )
                if s != "test"
            }
            fresh = [k not in taught for k in now.column(key).to_pylist()]
        else:
            return None
    except Failure:  # its files, or its snapshot, are gone: there is nothing to compare with
        return None
    return (
        Last(net.labels, net.inputs, net.outputs, fresh + [False] * more)
        if set(net.inputs) <= set(fields)
        else None
    )


def preparation(spec: Spec, model: Model, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """How one raw row becomes what the model reads: the recipe's SQL with the snapshot's facts."""
    if model.rank:
        from mesocosm.learn.ranking.version import preparation as of_ranker

        return of_ranker()
    from mesocosm.build.apply import private_key
    from mesocosm.build.graph import datasets_of
    from mesocosm.govern.recipe import serving_sql
    from mesocosm.govern.types.number import Number

    data = datasets_of(spec)[model.learns]
    names = [*model.inputs, *(n for f in model.inputs for n in data.fields[f].leans)]
    names += [
        n
        for r in data.repairs
        if set(r.mends) & set(names)
        for n in r.reads
        if n in data.fields and n != model.predict
    ]
    fields = {f: data.fields[f] for f in dict.fromkeys([*names, *model.along])}
    sql = serving_sql(
        fields,
        data.rules,
        snapshot["facts"]["fields"],
        private_key(spec.root / ".mesocosm") if model.reveal else "00" * 32,
        data.repairs,
        data.anonymity,
    )
    training = {
        f: dict(snapshot["facts"]["training"][f])
        for f in names
        if f in snapshot["facts"]["training"]
    }
    for f, before in (snapshot["report"].get("before") or {}).items():
        if f in fields and before.get("rows") and not fields[f].private:
            training.setdefault(f, {})["missing"] = round(before["missing"] / before["rows"], 6)
    for f, known in training.items():
        outliers = getattr(fields[f], "outliers", None)
        if (
            outliers
            and not fields[f].private
            and (
                ends := outliers.clips(
                    snapshot["facts"]["fields"].get(f, {}).get("fence"),
                    fields[f].ibis_type == "int64",
                )
            )
        ):
            known["clip"] = list(ends)
    marks = {
        f: {"decimal": ","}
        for f, k in fields.items()
        if isinstance(k, Number) and k.mark(snapshot["facts"]["fields"].get(f, {})) == ","
    }
    days = {
        f: [known["numbers"][0], known["numbers"][-1]]
        for f, known in snapshot["facts"].get("dates", {}).items()
        if f in fields and not fields[f].private
    }
    return {
        "sql": sql,
        "days": days,
        "fields": {
            f: {
                **marks.get(f, {}),
                "wanted": k.wanted,
                "may_miss": k.missing.how not in ("drop", "quarantine"),
                "extra": f not in model.inputs,
                "most": k.most,
                "image": k.model_dump()["type"] == "image",
                "type": k.model_dump()["type"],
                "unit": getattr(k, "unit", None),
                **({"private": True} if k.private else {}),
            }
            for f, k in fields.items()
        },
        "training": training,
        "spellings": (
            {} if data.fields[model.predict].private else data.fields[model.predict].label_spellings
        ),
    }


def index_answers(
    spec: Spec, catalog: Catalog, service: Service, snapshot_id: str, say: Callable[[str], None]
) -> Path:
    """Embed the questions of a snapshot once; returns the folder with vectors and rows."""
    import numpy as np
    from safetensors.numpy import save_file

    from mesocosm.build.integrity import Integrity
    from mesocosm.govern.snapshot import read_table
    from mesocosm.learn.bases import resolve
    from mesocosm.learn.encode import features
    from mesocosm.learn.export import shared_trunk

    assert service.answers is not None
    snapshot = catalog.snapshot(snapshot_id)
    if snapshot is None:
        raise Failure(f"the snapshot {snapshot_id} is not listed; run 'mesocosm build'")
    store = spec.root / ".mesocosm"
    base = resolve("minilm", spec.root)
    trunk = shared_trunk(base, store)
    folder = answers_folder(store, service, snapshot_id)
    if folder.is_dir() and not Integrity(store).check_answers(folder):
        return folder
    table = read_table(store / snapshot["path"] / "rows", snapshot["delta"])
    asked, said = service.answers.question, service.answers.answer
    rows = [
        {
            "question": r[asked],
            "answer": r[said],
            "row": r["_row"],
            "file": r["_file"],
            "line": r["_line"],
        }
        for r in table.to_pylist()
        if r[asked] and r[said]
    ]
    if not rows:
        raise Failure(f"the dataset '{service.answers.dataset}' holds no question with an answer")
    vectors = features(base, [r["question"] for r in rows], 128, store)
    with folder_appears(folder) as aside:
        save_file({"vectors": vectors.astype(np.float32)}, aside / "vectors.safetensors")
        path = aside / "rows.json"
        whole = {"snapshot": snapshot_id, "trunk": os.path.relpath(trunk, store), "rows": rows}
        part = path.with_name(aside_name(path))
        part.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)
        write_json(
            aside / "contents.json",
            {name: digest_file(aside / name) for name in ("vectors.safetensors", "rows.json")},
        )
    say(f"{len(rows)} questions embedded")
    return folder


def answers_folder(store: Path, service: Service, snapshot_id: str) -> Path:
    """Where the vectors of a service's answers lie."""
    assert service.answers is not None
    return (
        store
        / "answers"
        / digest(snapshot_id, service.answers.question, service.answers.answer, size=8)
    )
