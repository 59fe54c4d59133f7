"""Apply a plan: each result whole or not at all, listed in one transaction after its files.

Knows a plan, the makers of resources and the catalog. Killed anywhere, the next build continues.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import (
    ConfigError,
    ConfigValueError,
    Finding,
    MesocosmError,
    RetryableError,
)
from mesocosm.core.files import sweep
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say, SayOf
from mesocosm.core.records import Json
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.progress_store import ProgressFile
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.resource import ACTIONS, Resource
from mesocosm.lifecycle.resource_makers import Record, make_dataset, make_model, make_service
from mesocosm.lifecycle.review.stopped_build import forget_stop, keep_failure


@dataclass
class Outcome:
    """What a build did: the changes that are `done`, and findings of those that `failed`."""

    done: list[dict[str, Json]]
    failed: list[Finding]


def apply(
    spec: Spec,
    catalog: Catalog,
    changes: Sequence[Change],
    say: SayOf,
    prune: bool = False,
    accept: Sequence[str] = (),
) -> Outcome:
    """Apply a plan, in its order; what depends on a failed resource is skipped.

    Args:
        spec: the file.
        catalog: where the results are listed.
        changes: the plan.
        say: takes an address and a line of progress.
        prune: whether to delete what was built for resources that left the file.
        accept: changes of new data that may be trained on, as `DATASET` or `DATASET.FIELD`.
    """
    store = locate_project(spec).store
    outcome = Outcome([], [])
    with hold_build_lock(store):
        sweep(store)
        broken: set[str] = set()
        for change in changes:
            if change.resource is None:
                _leave(catalog, store, change.address, prune)
            elif change.sign == "=":
                _keep(store, change.resource)
            else:
                outcome.failed += _try(spec, catalog, change, broken, say, frozenset(accept))
            if change.address not in broken:
                outcome.done.append(change.as_json())
    return outcome


def _keep(store: Path, resource: Resource) -> None:
    """Keep a resource; a dataset is as the last snapshot was built, so nothing stops it any
    more.
    """
    if resource.section == "datasets":
        forget_stop(store, resource.name)


def _try(
    spec: Spec,
    catalog: Catalog,
    change: Change,
    broken: set[str],
    say: SayOf,
    accept: frozenset[str],
) -> list[Finding]:
    """Apply one change; one that fails, or needs what failed, is added to `broken`.

    Returns:
        What is wrong, where it fails.
    """
    resource, _ = change.built
    failed = [need for need in resource.needs if need in broken]
    if failed:
        broken.add(change.address)
        say(change.address, Message("progress.skipped", dependency=failed[0]))
        return []
    try:
        _make(spec, catalog, change, say, accept)
    except (ConfigValueError, RetryableError, MesocosmError) as error:
        broken.add(change.address)
        _keep_evidence(spec, change, error)
        say(change.address, Message("progress.failed"))
        return _findings(spec, change, error)
    return []


def _keep_evidence(spec: Spec, change: Change, error: MesocosmError) -> None:
    """Keep why a dataset could not be built, for the plan; a finding of the file needs nothing."""
    resource, fingerprints = change.built
    if resource.section == "datasets" and not isinstance(error, ConfigError):
        keep_failure(locate_project(spec).store, resource.name, fingerprints.build, error)


def _findings(spec: Spec, change: Change, error: MesocosmError) -> list[Finding]:
    """An error as findings at the lines that it is about."""
    resource, _ = change.built
    match error:
        case ConfigError():
            return error.findings
        case ConfigValueError():
            wrong = error
        case _:
            wrong = ConfigValueError("", str(error))
    address = wrong.of or change.address
    steps = [*address.split(".", 1), *filter(None, wrong.key.split("."))]
    if resource.section == "places":
        steps = ["world", *steps]
    return [wrong.at(spec.place(*steps), address)]


def _leave(catalog: Catalog, store: Path, address: str, prune: bool) -> None:
    """Note that a resource left the file, and with `prune` delete what was built for it."""
    with catalog.transaction() as con:
        con.execute(
            t.RESOURCES.update()
            .where(t.RESOURCES.c.address == address)
            .values(left_at=catalog.clock())
        )
        catalog.write_audit(con, "build", "leave", address, "it left the file")
        if prune:
            _delist(con, address)
    section, _, name = address.partition(".")
    if prune and section in ("datasets", "models"):
        shutil.rmtree(store / section / name, ignore_errors=True)


def _delist(con: Connection, address: str) -> None:
    """Take a resource, and what was built for it, off the catalog."""
    section, _, name = address.partition(".")
    con.execute(t.RESOURCES.delete().where(t.RESOURCES.c.address == address))
    if section == "datasets":
        con.execute(t.SNAPSHOTS.delete().where(t.SNAPSHOTS.c.dataset == name))
    if section == "models":
        con.execute(t.VERSIONS.delete().where(t.VERSIONS.c.model == name))


def _make(spec: Spec, catalog: Catalog, change: Change, say: SayOf, accept: frozenset[str]) -> None:
    """Build a resource, then list it."""
    resource, fingerprints = change.built
    makers: dict[str, Callable[..., tuple[str, Record]]] = {
        "datasets": partial(make_dataset, accept=accept),
        "models": make_model,
        "services": make_service,
    }
    maker = makers.get(resource.section, _make_nothing)
    with ProgressFile(locate_project(spec).store, change.address) as live:
        progress = live.record(lambda text: say(change.address, text))
        thing, record = maker(spec, catalog, change, progress)
    with catalog.transaction() as con:
        record(con)
        catalog.record_resource(
            con,
            address=change.address,
            made=fingerprints.build,
            run=fingerprints.runtime,
            thing=thing,
            definition={"made_by": dict(resource.made_by), "run_by": dict(resource.run_by)},
            needs=list(resource.needs),
            place=list(resource.place),
        )
        action, why = ACTIONS[change.sign], change.why
        catalog.write_audit(con, "build", action, change.address, why)


def _make_nothing(spec: Spec, catalog: Catalog, change: Change, say: Say) -> tuple[str, Record]:
    """What has no files of its own is only listed."""
    return "", lambda con: None
