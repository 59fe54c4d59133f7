"""Rows that are older than their dataset keeps them expire from every table, by themselves.

Knows the catalog and the doors of data. Facts and models stay as they were fitted.
"""

from __future__ import annotations

from typing import TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.catalog.store import LEARNED
from mesocosm.config import Spec
from mesocosm.lifecycle.access.answer_index import erase_answers
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.chains import make_downstream_stale
from mesocosm.lifecycle.jobs.erased_rows import learns_repairs, reduce_account, without_row_repairs
from mesocosm.lifecycle.project_store import locate_project


class ExpiredRows(TypedDict):
    """By table, how many rows of a dataset expired."""

    dataset: str
    rows: dict[str, int]


def find_expired(spec: Spec, catalog: Catalog) -> list[tuple[str, SnapshotRow, str]]:
    """Datasets with rows over their age: name, newest snapshot, and the first day that stays."""
    from mesocosm.data.snapshots.retention import first_day_kept

    expired = []
    for name, data in spec.eco.datasets.items():
        if not data.retention:
            continue
        snapshot = catalog.snapshot(dataset=name)
        first = first_day_kept(data.retention, catalog.clock())
        if snapshot and _has_older(snapshot, first):
            expired.append((name, snapshot, first))
    return expired


def _has_older(snapshot: SnapshotRow, first: str) -> bool:
    """Whether a snapshot has rows from before a day."""
    oldest = snapshot["report"].get("expires")
    return bool(oldest and oldest < first)


def expire(spec: Spec, catalog: Catalog, who: str = "retention") -> list[ExpiredRows]:
    """Erase what is over its age, older versions included.

    Returns:
        By dataset, how many rows each table lost.
    """
    from mesocosm.data.sources.page_cache import forget_kept

    if not find_expired(spec, catalog):
        return []
    done: list[ExpiredRows] = []
    store = locate_project(spec).store
    with hold_build_lock(store, wait=30):
        for name, snapshot, first in find_expired(spec, catalog):
            done.append({"dataset": name, "rows": _expire(spec, catalog, snapshot, first, who)})
        forget_kept(store)
        catalog.scrub()
    return done


def _expire(
    spec: Spec, catalog: Catalog, snapshot: SnapshotRow, first: str, who: str
) -> dict[str, int]:
    """Erase the rows of one dataset that are from before a day; how many each table lost."""
    from mesocosm.data.snapshots.delta_tables import find_oldest_day
    from mesocosm.data.snapshots.erasure import erase, match_age

    name, store = snapshot["dataset"], locate_project(spec).store
    data = spec.eco.datasets[name]
    retention = data.retention
    assert retention is not None
    path = store / snapshot["path"]
    conditions = match_age(retention.by, data.fields[retention.by], first)
    versions, lost, rows = erase(path, snapshot["report"]["delta"], conditions, snapshot["made"])
    report = snapshot["report"] | {
        "delta": versions,
        "examples": {},
        "expires": find_oldest_day(path / "rows", versions["rows"], retention.by),
    }
    account = reduce_account(snapshot["account"], lost, "expired")
    why = f"{sum(lost.values())} rows older than {retention.keep} by {retention.by}"
    with catalog.transaction() as con:
        values = {"account": account, "report": report, "facts": without_row_repairs(snapshot)}
        catalog.keep_only(con, snapshot, delta=versions["rows"], **values)
        if learns_repairs(snapshot):
            catalog.make_stale(con, f"datasets.{name}", LEARNED)
        if data.anonymity:
            catalog.make_stale(con, f"datasets.{name}")
        make_downstream_stale(spec, catalog, con, name)
        catalog.write_audit(con, who, "expire", f"datasets.{name}", why)
    erase_answers(store, set(rows), name, snapshot["id"])
    return lost
