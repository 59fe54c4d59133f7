"""The growing of a version: rows, what went before and labels that came since, handed to learn.

Knows the catalog and the doors of learn. Returns a record and lists nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.core.files import folder_appears, write_json
from mesocosm.core.hashing import digest, digest_folder
from mesocosm.learning.model import Model
from mesocosm.lifecycle.access.data_access import (
    columns_of,
    corpus_of,
    group_of,
    items_of,
    kinds_of,
    order_of,
    rows_for,
)
from mesocosm.lifecycle.access.model_access import net_of, taught_by
from mesocosm.lifecycle.access.preprocessing_spec import preparation

if TYPE_CHECKING:
    from mesocosm.learning.evaluation.comparison import PreviousVersion
    from mesocosm.learning.strategies.continual import Past

TAUGHT_ID = (  # the id of the prediction that a labelled row came with; no field has its name
    "\x1ftaught"
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
    from mesocosm.learning.fine_tuning.frozen import Frozen
    from mesocosm.learning.strategies.class_discovery import as_often
    from mesocosm.learning.tracking import TRACKERS
    from mesocosm.learning.training.context import TrainContext
    from mesocosm.learning.training.environment import describe_environment
    from mesocosm.learning.training.train import train_version

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
        grown = train_version(
            name,
            model,
            rows,
            split,
            kinds_of(snapshot),
            TrainContext(
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
                init_from=taught_by(spec, catalog, model),
                groups=groups,
                sites=sites,
                random_split=drawn,
                unused_columns=others,
                repeated=frozenset(
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
                "environment": describe_environment(spec.root),
            }
        ),
        "origin": origin,
        "at": catalog.clock(),
        "missed": grown.failed_gates,
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

    from mesocosm.learning.strategies.continual import Past

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
) -> PreviousVersion | None:
    """The newest version, where it predicts the same from fields at hand, and which rows did not
    teach it.
    """
    from mesocosm.data.snapshots.delta_tables import read_table
    from mesocosm.learning.evaluation.comparison import PreviousVersion

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
        PreviousVersion(net.labels, net.inputs, net.outputs, fresh + [False] * more)
        if set(net.inputs) <= set(fields)
        else None
    )
