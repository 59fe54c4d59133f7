"""How a dataset, a model and a service are built, each with the function that lists it afterwards.

Knows the file, and the last snapshot or version. Lists nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest_folder
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.quality.rules.rule import LastSnapshot
from mesocosm.lifecycle.access.dataset_versions import choose_next_id
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.jobs.deploy import Deployment, deploy_version
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review.field_change import FieldChange

Record = Callable[[Connection], None]
Say = Callable[[str], None]
PASSES = "passes all gates"


def make_dataset(
    spec: Spec, catalog: Catalog, change: Change, say: Say, accept: frozenset[str]
) -> tuple[str, Record]:
    """Build a snapshot of a dataset; its id, and the function that lists it.

    Raises:
        ConfigError: its rows changed in a way that was not accepted.
    """
    from mesocosm.lifecycle.local_files import settle_readings

    assert change.resource is not None and change.fingerprints is not None
    name, made, where = change.resource.name, change.fingerprints.build, locate_project(spec)
    last = catalog.snapshot(dataset=name)
    if change.sign == "~" and last:
        return last["id"], lambda con: None
    replaces = _replaces_damaged(where.store, last, made)
    snapshot = build_snapshot(
        name,
        resolve_datasets(spec)[name],
        spec.eco.sources,
        where,
        made,
        read_private_key(where.store),
        BuildOptions(
            say,
            _reference_for_rules(last),
            catalog.clock(),
            list_forgotten_marks(spec, catalog, name),
        ),
    )
    more: dict[str, Any] = {"delta": snapshot.delta, "seconds": round(snapshot.seconds, 2)}
    more["origins"] = _origins(spec, name)
    values: dict[str, Any] = {
        "dataset": name,
        "made": made,
        "path": f"datasets/{name}",
        "delta": snapshot.delta["rows"],
        "account": snapshot.account,
        "report": snapshot.report | more,
        "recipe": dict(change.resource.recipe),
        "files": snapshot.files,
        "facts": snapshot.facts,
        "at": catalog.clock(),
    }
    if last and replaces:
        ident, previous = last["id"], last["previous"]
    else:
        ident, previous = choose_next_id(catalog, name, made), last and last["id"]
    values |= {"id": ident, "previous": previous}
    changes = _check_changes(spec, values, last, accept, say)
    values["report"] |= {"changes": [asdict(found) for found in changes]}
    settle_readings(spec, name)

    def record(con: Connection) -> None:
        con.execute(t.SNAPSHOTS.delete().where(t.SNAPSHOTS.c.id == ident))
        con.execute(insert(t.SNAPSHOTS).values(**values))
        for found in changes:
            if found.stops:
                catalog.write_audit(con, "build", "accept", f"datasets.{name}", found.sentence)

    return ident, record


def _replaces_damaged(store: Path, last: Mapping[str, Any] | None, made: str) -> bool:
    """Whether the last snapshot is damaged and would be built of the same; then the new one has its
    id, which versions refer to.
    """
    from mesocosm.lifecycle.access.integrity import Integrity

    if last is None or last["made"] != made:
        return False
    return Integrity(store).check_snapshot(last) is not None


def _origins(spec: Spec, name: str) -> dict[str, dict[str, Any]]:
    """The origin and licence of each source of a dataset."""
    sources = spec.eco.sources
    return {
        source: {"origin": sources[source].origin, "licence": sources[source].licence}
        for source in resolve_datasets(spec)[name].all_sources
    }


def _check_changes(
    spec: Spec,
    values: Mapping[str, Any],
    last: Mapping[str, Any] | None,
    accept: frozenset[str],
    say: Say,
) -> list[FieldChange]:
    """What changed since the last snapshot and does not stop the build, reported as it is found."""
    from mesocosm.lifecycle.review.snapshot_comparison import check_new_data

    name = values["dataset"]
    drafted = name in spec.eco.datasets and spec.eco.datasets[name].auto
    new = {**values, "recipe": values["recipe"] | {"auto": drafted}}
    changes = check_new_data(spec, name, values["made"], last, new, accept)
    for found in changes:
        kind, joint = "warning", ": "
        if found.stops:
            kind = "accepted"
        if found.field:
            joint = "."
        say(f"{kind}: {name}{joint}{found.sentence}")
    return changes


def list_forgotten_marks(spec: Spec, catalog: Catalog, name: str) -> list[str]:
    """The marks of erased subjects that a dataset must not hold: its own, and those of datasets
    over one of its sources, with their key's column.
    """
    from mesocosm.data.pipeline.recipe import columns_of

    datasets = resolve_datasets(spec)
    marks = list(catalog.forgotten(name))
    for other, data in datasets.items():
        if other == name or not data.key:
            continue
        if set(data.all_sources) & set(datasets[name].all_sources):
            column = columns_of(data.fields)[data.key]
            own = [mark for mark in catalog.forgotten(other) if "@" not in mark]
            marks += [f"{mark}@{column}" for mark in own]
    return list(dict.fromkeys(marks))


def _reference_for_rules(snapshot: Mapping[str, Any] | None) -> LastSnapshot:
    """What rules compare with: rows kept and spread of the last snapshot."""
    if not snapshot:
        return {}
    return {"rows": snapshot["account"]["kept"], "training": snapshot["facts"]["training"]}


def make_model(spec: Spec, catalog: Catalog, change: Change, say: Say) -> tuple[str, Record]:
    """Train a version of a model, or reuse an identical one; its id, and the function that lists
    it.
    """
    from mesocosm.lifecycle.access.training_job import TrainingJob
    from mesocosm.lifecycle.jobs.train import train_version
    from mesocosm.lifecycle.review.class_proposals import read_named_rows

    assert change.resource is not None and change.fingerprints is not None
    name, made = change.resource.name, change.fingerprints.build
    model = spec.eco.models[name]
    same = _identical_version(locate_project(spec).store, catalog.versions(name), made)
    if same:
        return _reuse_version(catalog, same, dict(model.require), say)
    snapshot = catalog.snapshot(dataset=model.dataset)
    assert snapshot is not None
    named = read_named_rows(spec, catalog, name, snapshot)
    if named:
        classes = sorted({str(row[model.target]) for row in named})
        say(
            f"training on {len(named)} labelled requests of classes that the data lack:"
            f" {', '.join(classes)}"
        )
    job = TrainingJob(spec, catalog, name, snapshot, made, "build", named)
    values = train_version(job, say)
    missed = values.pop("missed")
    _say_missed(missed, say)
    values["state"], values["why"] = _state_of(missed)

    def record(con: Connection) -> None:
        con.execute(insert(t.VERSIONS).values(**values))

    return str(values["id"]), record


def _identical_version(store: Path, versions: Sequence[VersionRow], made: str) -> VersionRow | None:
    """The newest version that was built of the same, where its files are whole."""
    for version in versions[::-1]:
        folder = store / version["path"]
        same = version["made"] == made
        if same and folder.is_dir() and digest_folder(folder) == version["content"]:
            return version
    return None


def _reuse_version(
    catalog: Catalog, version: Mapping[str, Any], gates_of: dict[str, Any], say: Say
) -> tuple[str, Record]:
    """An existing version, held to the gates that the file has now."""
    from mesocosm.learning.evaluation.metrics import check_gates

    missed = check_gates(gates_of, version["metrics"])
    say("reusing an identical version")
    _say_missed(missed, say)
    state, why = _state_of(missed)
    return version["id"], lambda con: catalog.set_version_state(con, version["id"], state, why)


def _state_of(missed: Sequence[str]) -> tuple[str, str]:
    """The state of a version, and why, by the gates that it misses."""
    if missed:
        return "refused", "; ".join(missed)
    return "champion", PASSES


def _say_missed(missed: Sequence[str], say: Say) -> None:
    for sentence in missed:
        say(f"refused: {sentence}")


def make_service(spec: Spec, catalog: Catalog, change: Change, say: Say) -> tuple[str, Record]:
    """What a service is to run, and the function that deploys it or starts its rollout.

    Raises:
        ConfigValueError: its model's version is refused.
    """
    assert change.resource is not None
    name = change.resource.name
    service = spec.eco.services[name]
    now = catalog.deployment(name)
    version, answers = "", ""
    if service.model:
        version = _servable_version(catalog, service.model, now)
    if service.answers:
        from mesocosm.lifecycle.access.answer_index import index_answers

        answers = _listed(catalog, f"datasets.{service.answers.dataset}")
        index_answers(spec, catalog, service, answers, say)
    ident = version or answers
    if now and (now["version"], now["answers"]) == (version, answers):
        return ident, lambda con: None
    rollout = catalog.rollout(name)
    if rollout and (rollout["version"], rollout["answers"]) == (version, answers):
        say(f"the rollout of {version} is in progress")
        return ident, lambda con: None
    new = Deployment(name, service, version, answers, "build", change.why)
    return ident, lambda con: say(deploy_version(catalog, con, new))


def _listed(catalog: Catalog, address: str) -> str:
    """The id of what the catalog lists as built for an address."""
    return str(next(row["thing"] for row in catalog.resources() if row["address"] == address))


def _servable_version(catalog: Catalog, model: str, now: Mapping[str, Any] | None) -> str:
    """The version of a model that its service is to run.

    Raises:
        ConfigValueError: it is refused.
    """
    version = catalog.version(_listed(catalog, f"models.{model}"))
    assert version is not None
    if version["state"] == "refused":
        found = f"{version['id']} is refused ({version['why']})"
        if now:
            found += f"; {now['version']} stays deployed"
        raise ConfigValueError("model", found, Message("lifecycle.passing_version"))
    return str(version["id"])
