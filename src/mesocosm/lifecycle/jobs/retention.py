"""Rows that are older than their dataset keeps them leave every table, by themselves.

Knows the catalog and the doors of govern. Facts and models stay as they were learnt.
"""

from __future__ import annotations

from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.lifecycle.build_lock import alone
from mesocosm.lifecycle.jobs.erasure import less, out_of_answers
from mesocosm.lifecycle.project_store import where_of


def due(spec: Spec, catalog: Catalog) -> list[tuple[str, dict[str, Any], str]]:
    """Datasets with rows over their age: name, newest snapshot, and the first day that stays."""
    from mesocosm.data.snapshots.retention import first_day_kept

    found = []
    for name, data in spec.eco.datasets.items():
        snapshot = catalog.snapshot(dataset=name) if data.retention else None
        oldest = snapshot["report"].get("expires") if snapshot else None
        if data.retention and snapshot and oldest:
            first = first_day_kept(data.retention, catalog.clock())
            if oldest < first:
                found.append((name, snapshot, first))
    return found


def expire(spec: Spec, catalog: Catalog, who: str = "retention") -> list[dict[str, Any]]:
    """Erase what is over its age, older versions included, and say what was erased."""
    from mesocosm.data.snapshots.delta_tables import find_oldest_day
    from mesocosm.data.snapshots.erasure import erase, match_age
    from mesocosm.data.sources.page_cache import forget_kept

    done: list[dict[str, Any]] = []
    if not due(spec, catalog):
        return done
    where = where_of(spec)
    with alone(where.store, wait=30):
        for name, snapshot, first in due(spec, catalog):
            retention = spec.eco.datasets[name].retention
            assert retention is not None
            path = where.store / snapshot["path"]
            versions, lost, rows = erase(
                path,
                snapshot["report"]["delta"],
                match_age(retention.by, spec.eco.datasets[name].fields[retention.by], first),
                snapshot["made"],
            )
            report = snapshot["report"] | {
                "delta": versions,
                "examples": {},
                "expires": find_oldest_day(path / "rows", versions["rows"], retention.by),
            }
            with catalog.transaction() as con:
                catalog.keep_only(
                    con,
                    snapshot,
                    delta=versions["rows"],
                    account=less(snapshot["account"], lost, "expired"),
                    report=report,
                )
                if spec.eco.datasets[name].anonymity:
                    catalog.make_stale(con, f"datasets.{name}")
                catalog.write_audit(
                    con,
                    who,
                    "expire",
                    f"datasets.{name}",
                    f"{sum(lost.values())} rows older than {retention.keep} by {retention.by}",
                )
            out_of_answers(where.store, set(rows), name, snapshot["id"])
            done.append({"dataset": name, "rows": lost})
        forget_kept(where.store)
        catalog.scrub()
    return done
