"""How a dataset, a model and a service are made, each with the record that lists it afterwards.

Knows the rooms' doors, what the file says and the last snapshot or version. Lists nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Wrong
from mesocosm.core.hashing import digest_folder
from mesocosm.lifecycle.access.dataset_versions import next_id
from mesocosm.lifecycle.access.pseudonym_key import private_key
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.jobs.deploy import put
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import where_of

Record = Callable[[Any], None]


def make_dataset(
    spec: Spec, catalog: Catalog, change: Change, say: Callable[[str], None], accept: frozenset[str]
) -> tuple[str, Record]:
    from mesocosm.data.pipeline.snapshot_builder import govern
    from mesocosm.lifecycle.access.integrity import Integrity
    from mesocosm.lifecycle.local_files import settle_readings
    from mesocosm.lifecycle.review.snapshot_comparison import check_new_data

    assert change.resource is not None and change.prints is not None
    name, where = change.resource.name, where_of(spec)
    last = catalog.snapshot(dataset=name)
    if change.sign == "~" and last:
        return last["id"], lambda con: None
    data = datasets_of(spec)[name]
    damaged = last is not None and Integrity(where.store).check_snapshot(last) is not None
    made = govern(
        name,
        data,
        spec.eco.sources,
        where,
        change.prints.made,
        private_key(where.store),
        say,
        _last(last),
        catalog.clock(),
        forgotten_of(spec, catalog, name),
    )
    origins = {
        s: {"origin": spec.eco.sources[s].origin, "licence": spec.eco.sources[s].licence}
        for s in data.all_sources
    }
    again = (
        damaged and last is not None and last["made"] == change.prints.made
    )  # the same rows, under the name that versions know
    ident = last["id"] if last and again else next_id(catalog, name, change.prints.made)
    values: dict[str, Any] = {
        "id": ident,
        "dataset": name,
        "made": change.prints.made,
        "path": f"datasets/{name}",
        "delta": made.delta["rows"],
        "account": made.account,
        "report": (
            made.report
            | {
                "delta": made.delta,
                "seconds": round(made.seconds, 2),
                "origins": origins,
            }
        ),
        "recipe": dict(change.resource.made_by),
        "files": made.files,
        "facts": made.facts,
        "previous": (last["previous"] if again else last["id"]) if last else None,
        "at": catalog.clock(),
    }

    changes = check_new_data(
        spec,
        name,
        change.prints.made,
        last,
        values
        | {
            "recipe": (
                values["recipe"]
                | {"auto": name in spec.eco.datasets and spec.eco.datasets[name].auto}
            )
        },
        accept,
    )
    values["report"] |= {"changes": [asdict(c) for c in changes]}
    for found in changes:
        say(
            f"{'accepted' if found.stops else 'warning'}:"
            f" {name}{'.' if found.field else ': '}{found.sentence}"
        )

    settle_readings(spec, name)

    def record(con: Any) -> None:
        con.execute(t.SNAPSHOTS.delete().where(t.SNAPSHOTS.c.id == ident))
        con.execute(insert(t.SNAPSHOTS).values(**values))
        for found in changes:
            if found.stops:
                catalog.write_audit(con, "build", "accept", f"datasets.{name}", found.sentence)

    return ident, record


def forgotten_of(spec: Spec, catalog: Catalog, name: str) -> list[str]:
    """The marks of erased subjects that a dataset must not hold: its own, and those of datasets
    over one of its sources, with their key's column.
    """
    from mesocosm.data.pipeline.recipe import columns_of

    every = datasets_of(spec)
    marks = catalog.forgotten(name)
    for other, data in every.items():
        if other != name and data.key and set(data.all_sources) & set(every[name].all_sources):
            marks += [
                f"{mark}@{columns_of(data.fields)[data.key]}"
                for mark in catalog.forgotten(other)
                if "@" not in mark
            ]
    return list(dict.fromkeys(marks))


def _last(snapshot: dict[str, Any] | None) -> dict[str, Any]:
    """What rules compare with: rows kept and spread of the last snapshot."""
    return (
        {"rows": snapshot["account"]["kept"], "training": snapshot["facts"]["training"]}
        if snapshot
        else {}
    )


def make_model(
    spec: Spec, catalog: Catalog, change: Change, say: Callable[[str], None]
) -> tuple[str, Record]:
    from mesocosm.lifecycle.jobs.train import grow_version
    from mesocosm.lifecycle.review.class_proposals import named_rows

    assert change.resource is not None and change.prints is not None
    name = change.resource.name
    model = spec.eco.models[name]
    same = [
        v
        for v in catalog.versions(name)
        if v["made"] == change.prints.made and _whole(where_of(spec).store, v)
    ]
    if same:
        from mesocosm.learning.evaluation.metrics import check_gates

        missed = check_gates(dict(model.require), same[-1]["metrics"])
        say("a version made of just this is at hand")
        _say_missed(missed, say)
        state, why = ("refused", "; ".join(missed)) if missed else ("champion", "meets its gates")
        return same[-1]["id"], lambda con: catalog.judge(con, same[-1]["id"], state, why)
    snapshot = catalog.snapshot(dataset=model.learns)
    assert snapshot is not None
    named = named_rows(spec, catalog, name, snapshot)
    if named:
        say(
            f"{len(named)} requests teach classes that people named and the data do not have:"
            f" {', '.join(sorted({str(r[model.predict]) for r in named}))}"
        )
    values = grow_version(
        spec, catalog, name, model, snapshot, change.prints.made, say, "build", named
    )
    _say_missed(values["missed"], say)
    missed = values.pop("missed")
    values |= {
        "state": "refused" if missed else "champion",
        "why": "; ".join(missed) or "meets its gates",
    }

    def record(con: Any) -> None:
        con.execute(insert(t.VERSIONS).values(**values))

    return str(values["id"]), record


def _say_missed(missed: list[str], say: Callable[[str], None]) -> None:
    for sentence in missed:
        say(f"refused: {sentence}")


def _whole(store: Path, version: dict[str, Any]) -> bool:
    folder = store / version["path"]
    return bool(folder.is_dir() and digest_folder(folder) == version["content"])


def make_service(
    spec: Spec, catalog: Catalog, change: Change, say: Callable[[str], None]
) -> tuple[str, Record]:
    assert change.resource is not None
    name = change.resource.name
    service = spec.eco.services[name]
    now = catalog.deployment(name)
    version, answers = "", ""
    if service.serves:
        listed = next(r for r in catalog.resources() if r["address"] == f"models.{service.serves}")
        row = catalog.version(listed["thing"])
        assert row is not None
        if row["state"] == "refused":
            kept = f"; {now['version']} stays in service" if now else ""
            raise Wrong(
                "serves",
                f"{row['id']} is refused ({row['why']}){kept}",
                "a version that meets its gates",
            )
        version = row["id"]
    if service.answers:
        listed = next(
            r for r in catalog.resources() if r["address"] == f"datasets.{service.answers.dataset}"
        )
        answers = listed["thing"]
        from mesocosm.lifecycle.access.answer_index import index_answers

        index_answers(spec, catalog, service, answers, say)
    if now and (now["version"], now["answers"]) == (version, answers):
        return version or answers, lambda con: None
    under_way = catalog.rollout(name)
    if under_way and (under_way["version"], under_way["answers"]) == (version, answers):
        say(f"the rollout of {version} is under way")
        return version or answers, lambda con: None
    return version or answers, lambda con: say(
        put(catalog, con, name, service, version, answers, "build", "; ".join(change.because))
    )
