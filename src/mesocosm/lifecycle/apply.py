"""Apply a plan: each result whole or not at all, listed in one transaction after its files are.

Knows a plan, the makers of resources and the catalog. Killed anywhere, the next build goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Finding, Invalid, Later, Wrong
from mesocosm.core.files import sweep
from mesocosm.lifecycle.build_lock import alone
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.progress_store import Live
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.resource import ACTIONS
from mesocosm.lifecycle.resource_makers import Record, make_dataset, make_model, make_service
from mesocosm.lifecycle.stopped_build import forget_stop, keep_failure

Say = Callable[[str, str], None]  # address, sentence


@dataclass
class Outcome:
    """What a build did: changes done, and sentences about what it could not do."""

    done: list[dict[str, Any]]
    failed: list[Finding]


def apply(
    spec: Spec,
    catalog: Catalog,
    changes: Sequence[Change],
    say: Say,
    prune: bool = False,
    accept: Sequence[str] = (),
) -> Outcome:
    """Make what a plan says, in its order; what depends on a failed resource is skipped.

    Args:
        accept: changes of new data that may be trained on, as `DATASET` or `DATASET.FIELD`.
    """
    where = where_of(spec)
    outcome = Outcome([], [])
    with alone(where.store):
        sweep(where.store)
        broken: set[str] = set()
        for change in changes:
            if change.resource is None:
                _leave(catalog, where.store, change.address, prune)
            elif change.sign != "=":
                bad = [n for n in change.resource.needs if n in broken]
                if bad:
                    broken.add(change.address)
                    say(change.address, f"left as it was, because {bad[0]} could not be made")
                    continue
                try:
                    _make(spec, catalog, change, say, frozenset(accept))
                except (Wrong, Later, Failure) as error:
                    broken.add(change.address)
                    if (
                        change.resource.section == "datasets"
                        and change.prints
                        and not isinstance(error, Invalid)
                    ):
                        keep_failure(where.store, change.resource.name, change.prints.made, error)
                    outcome.failed += _findings(spec, change, error)
                    say(change.address, "failed")
                    continue
            elif (
                change.resource.section == "datasets"
            ):  # as the last snapshot was made, so nothing stops it any more
                forget_stop(where.store, change.resource.name)
            outcome.done.append(change.as_json())
    return outcome


def _findings(spec: Spec, change: Change, error: Failure) -> list[Finding]:
    assert change.resource is not None
    if isinstance(error, Invalid):
        return error.findings
    wrong = error if isinstance(error, Wrong) else Wrong("", str(error))
    address = wrong.of or change.address
    steps = [*address.split(".", 1), *([k for k in wrong.key.split(".") if k])]
    if change.resource.section == "places":
        steps = ["world", *steps]
    return [wrong.at(spec.place(*steps), address)]


def _leave(catalog: Catalog, store: Path, address: str, prune: bool) -> None:
    section, _, name = address.partition(".")
    with catalog.transaction() as con:
        con.execute(
            t.RESOURCES.update()
            .where(t.RESOURCES.c.address == address)
            .values(left_at=catalog.clock())
        )
        catalog.write_audit(con, "build", "leave", address, "it left the file")
        if prune:
            con.execute(t.RESOURCES.delete().where(t.RESOURCES.c.address == address))
            if section == "datasets":
                con.execute(t.SNAPSHOTS.delete().where(t.SNAPSHOTS.c.dataset == name))
            if section == "models":
                con.execute(t.VERSIONS.delete().where(t.VERSIONS.c.model == name))
    if prune and section in ("datasets", "models"):
        shutil.rmtree(store / section / name, ignore_errors=True)


def _make(spec: Spec, catalog: Catalog, change: Change, say: Say, accept: frozenset[str]) -> None:
    assert change.resource is not None and change.prints is not None
    makers: dict[str, Callable[..., tuple[str, Record]]] = {
        "datasets": partial(make_dataset, accept=accept),
        "models": make_model,
        "services": make_service,
    }
    maker = makers.get(change.resource.section)
    with Live(where_of(spec).store, change.address) as live:
        thing, record = (
            maker(spec, catalog, change, live.heard(lambda text: say(change.address, text)))
            if maker
            else ("", lambda con: None)
        )
    with catalog.transaction() as con:
        record(con)
        catalog.record_resource(
            con,
            address=change.address,
            made=change.prints.made,
            run=change.prints.run,
            thing=thing,
            definition={
                "made_by": dict(change.resource.made_by),
                "run_by": dict(change.resource.run_by),
            },
            needs=list(change.resource.needs),
            place=list(change.resource.place),
        )
        catalog.write_audit(
            con, "build", ACTIONS[change.sign], change.address, "; ".join(change.because)
        )
