"""The console's state: what exists and how it is, its past, and what a person may do by hand.

Knows one running ecosystem, roles and the doors of build. Knows no HTTP beyond what is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.durations import seconds
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.permissions import OWNER
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.plan import plan
from mesocosm.lifecycle.project_store import where_of
from mesocosm.monitoring.monitor import Watch
from mesocosm.reports.described_version import reported_version
from mesocosm.reports.health import requests_of, whole
from mesocosm.reports.role_view import EXTREMES, alert_shown, last_shown, without_values
from mesocosm.reports.whatif import Desk
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.service import Served

WEIGHED = 10.0  # seconds that recommendations may be old
LONGEST = 30 * 86400.0  # seconds that a monitor may be silent


class Console:
    """What the console asks for, of one running ecosystem."""

    def __init__(
        self,
        spec: Spec,
        catalog: Catalog,
        served: Mapping[str, Served],
        watches: Sequence[Watch],
        scenery: Scenery,
        desk: Desk,
        train: Callable[[str, str], str],
    ) -> None:
        self.spec, self.catalog, self.served, self.watches, self.scenery = (
            spec,
            catalog,
            served,
            watches,
            scenery,
        )
        self.desk, self.train = desk, train
        self.weighed = (0.0, list[dict[str, str]]())
        self.requests = requests_of(spec)

    def everything(self, role: str | None) -> dict[str, Any]:
        """All that is, as it is now; values of rows are for the owner."""
        found = self._all()
        if role == OWNER:
            return found
        found["datasets"] = without_values(found["datasets"], EXTREMES)
        found["alerts"] = [alert_shown(a) for a in found["alerts"]]
        found["monitors"] = {
            n: m | {"last": last_shown(m["last"])} for n, m in found["monitors"].items()
        }
        return dict(without_values(found))

    def looks(self, role: str | None) -> dict[str, Any]:
        """What each monitor last looked at, and what it has to judge by; values of rows are for the
        owner.
        """
        return {
            w.name: {
                "watches": w.served.name,
                "last": dict(w.last) if role == OWNER else last_shown(dict(w.last)),
            }
            for w in self.watches
        }

    def _all(self) -> dict[str, Any]:
        catalog = self.catalog
        snapshots = {n: catalog.snapshot(dataset=n) for n in datasets_of(self.spec)}
        due, trouble = self._due()
        return {
            "scene": self.scenery.scene().model_dump(),
            "next": [
                *({"page": "data", "text": line} for line in trouble),
                *self._recommendations(),
            ],
            "plan": due,
            "datasets": {
                n: {k: s[k] for k in ("id", "account", "report", "files", "at")}
                for n, s in snapshots.items()
                if s
            },
            "models": {
                n: [
                    {
                        k: v[k]
                        for k in (
                            "id",
                            "number",
                            "state",
                            "why",
                            "metrics",
                            "recipe",
                            "snapshot",
                            "origin",
                            "at",
                        )
                    }
                    for v in catalog.versions(n)
                ]
                for n in self.spec.eco.models
            },
            "services": {
                n: {
                    "figures": s.figures(),
                    "version": s.now.version if s.now else None,
                    "trouble": s.trouble,
                    "fields": s.now.fields.fields if s.now and s.now.fields else None,
                    "speaks": bool(s.now and s.now.speaks),
                    "history": catalog.deployments(n)[:20],
                    "rollout": catalog.rollout(n),
                    "strategy": s.service.rollout.strategy,
                    "recent": [
                        {k: p[k] for k in ("id", "version", "output", "ms", "at")}
                        for p in catalog.predictions(n, 20)
                    ],
                }
                for n, s in self.served.items()
            },
            "monitors": {
                w.name: {"watches": w.served.name, "last": dict(w.last)} for w in self.watches
            },
            "silenced": sorted(catalog.silenced(catalog.clock())),
            "alerts": catalog.alerts(most=50, marked=True),
            "audit": catalog.audit(60, marked=True),
        }

    def _due(self) -> tuple[list[dict[str, Any]], list[str]]:
        """What a build would do; or why that is not known, as where a source is gone: all else is
        shown still.
        """
        try:
            return [c.as_json() for c in plan(self.spec, self.catalog)], []
        except MesocosmError as failure:
            return [], [
                f"what a build would do is not known: {line}"
                for line in str(failure).splitlines()[:10]
            ]

    def report(self) -> str:
        """The report of every dataset and model that was built, as a page."""
        from mesocosm.reports.html import page

        found = {n: self.catalog.snapshot(dataset=n) for n in datasets_of(self.spec)}
        told = {
            n: {k: s[k] for k in ("id", "account", "report")} | {"training": s["facts"]["training"]}
            for n, s in found.items()
            if s
        }
        answering = {s.now.version for s in self.served.values() if s.now}
        models = {
            n: version
            for n in self.spec.eco.models
            if (version := reported_version(self.spec, self.catalog, n, answering))
        }
        return page(
            self.spec.eco.ecosystem,
            {
                "datasets": told,
                "models": models,
                "whole": whole(self.spec, self.catalog, self.requests),
            },
        )

    def _recommendations(self) -> list[dict[str, str]]:
        """What the report recommends, a few seconds old at most: it reads many requests."""
        if time.monotonic() - self.weighed[0] > WEIGHED or not self.weighed[0]:
            self.weighed = (
                time.monotonic(),
                whole(self.spec, self.catalog, self.requests, marked=True)["recommendations"],
            )
        return self.weighed[1]

    def rows(
        self, name: str, role: str | None, version: str, offset: int, limit: int
    ) -> dict[str, Any]:
        """Rows of a dataset, for the owner and for roles that the file gives access."""
        from mesocosm.data.snapshots.delta_tables import page_of
        from mesocosm.lifecycle.access.dataset_history import dataset_of, version_of

        data = dataset_of(self.spec, name)
        if role != OWNER and role not in data.access:
            raise Problem(
                403,
                "The role may not read this",
                f"'{role}' is not among the roles with access to '{name[:60]}'",
            )
        if not 0 <= offset < 2**53 or not 1 <= limit <= 1000:
            raise Problem(
                422, "The request cannot be right", "'limit' is 1 to 1000, 'offset' 0 or more"
            )
        snapshot = version_of(self.catalog, name, version)
        with self.catalog.transaction() as con:
            self.catalog.write_audit(
                con,
                str(role),
                "read",
                f"datasets.{name}",
                f"rows {offset} to {offset + limit} of {snapshot['id']}",
            )
        found = page_of(
            where_of(self.spec).store / snapshot["path"] / "rows",
            snapshot["delta"],
            list(data.fields),
            offset,
            limit,
        )
        return {
            "dataset": name,
            "version": snapshot["id"],
            "kept": snapshot["account"]["kept"],
            "offset": offset,
            "rows": found,
        }

    def versions(self, name: str, old: str, new: str) -> dict[str, Any]:
        """The versions of a dataset, and how many rows came, went and changed between two of them;
        values are not shown.
        """
        from mesocosm.lifecycle.access.dataset_history import compare, dataset_of

        dataset_of(self.spec, name)
        kept = self.catalog.snapshots(name)
        found: dict[str, Any] = {
            "dataset": name,
            "versions": [
                {k: s[k] for k in ("id", "account", "at")} | {"quality": s["report"]["quality"]}
                for s in kept[-50:]
            ],
        }
        if len(kept) > 1 or old:
            told = compare(self.spec, self.catalog, name, old or "previous", new or "newest")
            moved = {f: v.get("psi") for f, v in told["fields"].items()}
            found["diff"] = {
                k: told[k]
                for k in ("old", "new", "files", "rows", "changed", "only_old", "only_new")
            } | {"moved": moved}
        return found

    def silence(self, name: str, length: str, who: str, why: str) -> dict[str, Any]:
        """Send no notifications about a monitor's alerts for a while."""
        if name not in self.spec.eco.monitors:
            raise Problem(404, "No such monitor", f"no monitor is named '{name[:60]}'")
        try:
            wait = seconds(length)
        except (ValueError, KeyError, IndexError) as error:
            raise Problem(
                422, "The request cannot be right", "'for' is a length of time, as 30m or 2h"
            ) from error
        if not 0 <= wait <= LONGEST:
            raise Problem(422, "The request cannot be right", "'for' is at most 30d")
        return {"monitor": name, "until": self.catalog.silence(name, wait, who, why), "why": why}

    def close(self, alert: str, who: str, why: str) -> dict[str, Any]:
        """Close an open alert for a reason; a fault that is still there raises another."""
        found = next(
            (a for a in self.catalog.alerts(open_only=True, most=1000) if a["id"] == alert), None
        )
        if found is None:
            raise Problem(404, "No such alert", f"no open alert has the id '{alert[:60]}'")
        self.catalog.clear(found["monitor"], why, alert, who=who)
        return {"alert": alert, "monitor": found["monitor"], "why": why}

    async def supposed(self, name: str, call: Callable[..., Any], *more: Any) -> Any:
        """A what-if of a service that there is."""
        self.known(name)
        try:
            return await asyncio.to_thread(call, name, *more)
        except ConfigValueError as wrong:
            raise Problem(422, "The request cannot be right", str(wrong)) from wrong
        except MesocosmError as failure:
            raise Problem(409, "No what-if", str(failure)) from failure

    def known(self, service: str) -> None:
        """Refuse a service that there is not."""
        if service not in self.served:
            raise Problem(404, "No such service", f"no service is named '{service[:60]}'")
