"""How a dataset, a model and a service are built, each with the function that lists it afterwards.

Knows the file, and the last snapshot or version. Lists nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import SnapshotRecipe
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import DeploymentRow, RolloutRow, SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest_folder
from mesocosm.core.messages import Message, Text
from mesocosm.core.progress import Say
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.quality.rules.rule import LastSnapshot
from mesocosm.lifecycle.access.datasets.version_ids import choose_next_id
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.chains import is_dataset, list_sources
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.jobs.deploy import Deployment, deploy_version
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review.field_change import ComparedSnapshot, FieldChange
from mesocosm.serving.settings import Service

Record = Callable[[Connection], None]
PASSES = "passes all gates"


def make_dataset(
    spec: Spec, catalog: Catalog, change: Change, say: Say, accept: frozenset[str]
) -> tuple[str, Record]:
    """Build a snapshot of a dataset; its id, and the function that lists it.

    Raises:
        ConfigError: its rows changed in a way that was not accepted.
    """
    from mesocosm.lifecycle.local_files import settle_readings

    resource, fingerprints = change.built
    name, made = resource.name, fingerprints.build
    last = catalog.snapshot(dataset=name)
    if change.sign == "~" and last:
        return last["id"], lambda con: None
    ident, previous = _choose_id(spec, catalog, name, made, last)
    snapshot = _build(spec, catalog, name, made, last, say)
    new = _describe_snapshot(spec, name, snapshot, resource.recipe)
    changes = _check_changes(spec, change, last, new, accept)
    for found in changes:
        _say_change(name, found, say)
    new["report"]["changes"] = [asdict(found) for found in changes]
    values = {
        "dataset": name,
        "made": made,
        "path": f"datasets/{name}",
        "delta": snapshot.delta["rows"],
        "files": snapshot.files,
        "at": catalog.clock(),
        "id": ident,
        "previous": previous,
        **new,
    }
    settle_readings(spec, name)
    return ident, partial(_list_snapshot, catalog, values, changes)


def _choose_id(
    spec: Spec, catalog: Catalog, name: str, made: str, last: SnapshotRow | None
) -> tuple[str, str | None]:
    """The id of a new snapshot, and of the one before it: those of a damaged one that would be
    built of the same, else the next.
    """
    if last is None:
        return choose_next_id(catalog, name, made), None
    if _replaces_damaged(locate_project(spec).store, last, made):
        return last["id"], last["previous"]
    return choose_next_id(catalog, name, made), last["id"]


def _build(
    spec: Spec, catalog: Catalog, name: str, made: str, last: SnapshotRow | None, say: Say
) -> Snapshot:
    """Build the rows of a snapshot."""
    where = locate_project(spec)
    return build_snapshot(
        name,
        resolve_datasets(spec)[name],
        list_sources(spec, catalog, name),
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


def _describe_snapshot(
    spec: Spec, name: str, snapshot: Snapshot, recipe: Mapping[str, object]
) -> ComparedSnapshot:
    """What is listed of a snapshot and compared with the last one."""
    report = snapshot.report | {
        "delta": snapshot.delta,
        "seconds": round(snapshot.seconds, 2),
        "origins": _origins(spec, name),
    }
    return {
        "account": snapshot.account,
        "report": report,
        "facts": snapshot.facts,
        "recipe": cast(SnapshotRecipe, dict(recipe)),
    }


def _list_snapshot(
    catalog: Catalog, values: Mapping[str, object], changes: Sequence[FieldChange], con: Connection
) -> None:
    """List a snapshot, and note the changes that were accepted."""
    con.execute(t.SNAPSHOTS.delete().where(t.SNAPSHOTS.c.id == values["id"]))
    con.execute(insert(t.SNAPSHOTS).values(**values))
    for found in changes:
        if found.stops:
            address = f"datasets.{values['dataset']}"
            catalog.write_audit(con, "build", "accept", address, found.sentence)


def _replaces_damaged(store: Path, last: SnapshotRow, made: str) -> bool:
    """Whether the last snapshot is damaged and would be built of the same; then the new one has its
    id, which versions refer to.
    """
    from mesocosm.lifecycle.access.integrity import Integrity

    return last["made"] == made and Integrity(store).check_snapshot(last) is not None


def _origins(spec: Spec, name: str) -> dict[str, dict[str, str | None]]:
    """The origin and licence of each source of a dataset."""
    found: dict[str, dict[str, str | None]] = {}
    for source in resolve_datasets(spec)[name].all_sources:
        if not is_dataset(spec, source):
            settings = spec.eco.sources[source]
            found[source] = {"origin": settings.origin, "licence": settings.licence}
    return found


def _check_changes(
    spec: Spec,
    change: Change,
    last: SnapshotRow | None,
    new: ComparedSnapshot,
    accept: frozenset[str],
) -> list[FieldChange]:
    """What changed since the last snapshot and does not stop the build."""
    from mesocosm.lifecycle.review.snapshot_comparison import check_new_data
    from mesocosm.lifecycle.review.stop_reasons import NewRows

    resource, fingerprints = change.built
    name = resource.name
    drafted = name in spec.eco.datasets and spec.eco.datasets[name].auto
    recipe: SnapshotRecipe = {**new["recipe"], "auto": drafted}
    origin = NewRows(change, locate_project(spec).store / "datasets" / name)
    made = fingerprints.build
    rows: ComparedSnapshot = {**new, "recipe": recipe}
    return check_new_data(spec, name, made, last, rows, accept, origin)


def _say_change(name: str, found: FieldChange, say: Say) -> None:
    """Report a change of new data."""
    joint = ": "
    if found.field:
        joint = "."
    change = f"{name}{joint}{found.sentence}"
    if found.stops:
        say(Message("progress.change_accepted", change=change))
    else:
        say(Message("progress.change_warning", change=change))


def list_forgotten_marks(spec: Spec, catalog: Catalog, name: str) -> list[str]:
    """The marks of erased subjects that a dataset must not hold: its own, and those of datasets
    over one of its sources, with their key's column.
    """
    from mesocosm.data.pipeline.recipe import columns_of

    datasets = resolve_datasets(spec)
    marks = list(catalog.forgotten(name))
    for other, data in datasets.items():
        shared = set(data.all_sources) & set(datasets[name].all_sources)
        if other != name and data.key and shared:
            column = columns_of(data.fields)[data.key]
            marks += _marks_of_column(catalog, other, column)
    return list(dict.fromkeys(marks))


def _marks_of_column(catalog: Catalog, dataset: str, column: str) -> list[str]:
    """The marks of a dataset's own key, each with the column that holds it."""
    return [f"{mark}@{column}" for mark in catalog.forgotten(dataset) if "@" not in mark]


def _reference_for_rules(snapshot: SnapshotRow | None) -> LastSnapshot:
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
    from mesocosm.lifecycle.review.named_rows import read_named_rows

    resource, fingerprints = change.built
    name, made = resource.name, fingerprints.build
    model = spec.eco.models[name]
    same = _identical_version(locate_project(spec).store, catalog.versions(name), made)
    if same:
        return _reuse_version(catalog, same, dict(model.require), say)
    snapshot = catalog.snapshot(dataset=model.dataset)
    assert snapshot is not None
    named = read_named_rows(spec, catalog, name, snapshot)
    if named:
        _say_named(named, model.target, say)
    job = TrainingJob(spec, catalog, name, snapshot, made, "build", named)
    trained = train_version(job, say)
    values = trained.record
    _say_missed(trained.missed, say)
    values["state"], values["why"] = _state_of(trained.missed)

    def record(con: Connection) -> None:
        con.execute(insert(t.VERSIONS).values(**values))

    return values["id"], record


def _say_named(named: Sequence[Mapping[str, object]], target: str, say: Say) -> None:
    """Report the labelled requests that are trained on."""
    classes = tuple(sorted({str(row[target]) for row in named}))
    say(Message("progress.missing_classes", rows=len(named), classes=classes))


def _identical_version(store: Path, versions: Sequence[VersionRow], made: str) -> VersionRow | None:
    """The newest version that was built of the same, where its files are whole."""
    for version in versions[::-1]:
        folder = store / version["path"]
        same = version["made"] == made
        if same and folder.is_dir() and digest_folder(folder) == version["content"]:
            return version
    return None


def _reuse_version(
    catalog: Catalog, version: VersionRow, gates_of: dict[str, str], say: Say
) -> tuple[str, Record]:
    """An existing version, held to the gates that the file has now."""
    from mesocosm.learning.evaluation.metrics import check_gates

    missed = check_gates(gates_of, version["metrics"])
    say(Message("progress.identical_version"))
    _say_missed(missed, say)
    state, why = _state_of(missed)
    return version["id"], lambda con: catalog.set_version_state(con, version["id"], state, why)


def _state_of(missed: Sequence[Text]) -> tuple[str, str]:
    """The state of a version, and why, by the gates that it misses."""
    if missed:
        return "refused", "; ".join(map(str, missed))
    return "champion", PASSES


def _say_missed(missed: Sequence[Text], say: Say) -> None:
    for sentence in missed:
        say(Message("progress.refused", reason=sentence))


def make_service(spec: Spec, catalog: Catalog, change: Change, say: Say) -> tuple[str, Record]:
    """What a service is to run, and the function that deploys it or starts its rollout.

    Raises:
        ConfigValueError: its model's version is refused.
    """
    resource, _ = change.built
    name = resource.name
    service = spec.eco.services[name]
    now = catalog.deployment(name)
    version = ""
    if service.model:
        version = _servable_version(spec, catalog, service.model, now)
    answers = _index(spec, catalog, service, say)
    ident = version or answers
    if _runs(now, version, answers):
        return ident, lambda con: None
    if _runs(catalog.rollout(name), version, answers):
        say(Message("progress.rollout_in_progress", version=version))
        return ident, lambda con: None
    new = Deployment(name, service, version, answers, "build", change.why)
    return ident, lambda con: say(deploy_version(catalog, con, new))


def _index(spec: Spec, catalog: Catalog, service: Service, say: Say) -> str:
    """The snapshot that a service answers from, indexed; empty where it answers from none."""
    from mesocosm.lifecycle.access.answer_index import index_answers

    if not service.answers:
        return ""
    snapshot = _listed(catalog, f"datasets.{service.answers.dataset}")
    index_answers(spec, catalog, service, snapshot, say)
    return snapshot


def _runs(row: DeploymentRow | RolloutRow | None, version: str, answers: str) -> bool:
    """Whether a deployment or a rollout is of a version and an answer index."""
    return row is not None and (row["version"], row["answers"]) == (version, answers)


def _listed(catalog: Catalog, address: str) -> str:
    """The id of what the catalog lists as built for an address."""
    return str(next(row["thing"] for row in catalog.resources() if row["address"] == address))


def _servable_version(spec: Spec, catalog: Catalog, model: str, now: DeploymentRow | None) -> str:
    """The version of a model that its service is to run.

    Raises:
        ConfigValueError: it is refused.
    """
    version = catalog.version(_listed(catalog, f"models.{model}"))
    assert version is not None
    if version["state"] == "refused":
        found = Message("lifecycle.version_refused", version=version["id"], why=version["why"])
        if now:
            found = Message("lifecycle.stays_deployed", found=found, version=now["version"])
        raise _refuse_version(spec.eco.models[model].require, version, model, found)
    return str(version["id"])


def _refuse_version(
    gates: Mapping[str, str], version: VersionRow, model: str, found: Message
) -> ConfigValueError:
    """The error of a refused version, at the first gate that it misses."""
    from mesocosm.learning.evaluation.metrics import check_gates

    missed = [name for name in gates if check_gates({name: gates[name]}, version["metrics"])]
    key = ".".join(["require", *missed[:1]])
    error = ConfigValueError(key, found, Message("lifecycle.passing_version"))
    error.of = f"models.{model}"
    return error
