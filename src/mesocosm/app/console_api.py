"""The console's state: every resource and how it is, its history, and what a person may do by hand.

Knows one running ecosystem, roles and the jobs' doors. Knows no HTTP beyond what is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from mesocosm.app.pages.texts import (
    render_alerts,
    render_metrics,
    render_plan,
    render_recommendations,
    render_texts,
)
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message, render
from mesocosm.core.permissions import OWNER
from mesocosm.core.values.durations import seconds
from mesocosm.data.dataset import Dataset
from mesocosm.learning.evaluation.metrics import list_gates
from mesocosm.lifecycle.access.datasets.changed_cells import ChangeFilter, ListedChanges
from mesocosm.lifecycle.access.datasets.check_history import DatasetChecks
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.plan import plan
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.reports.described_version import choose_reported_version
from mesocosm.reports.health import measure_health, open_requests
from mesocosm.reports.report_data import DatasetData, RecommendationData
from mesocosm.reports.role_view import EXTREMES, remove_values, show_alert, show_last_test
from mesocosm.reports.whatif import Desk
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.service import LiveService

FRESH = 10.0  # seconds that recommendations may be old
LONGEST_SILENCE = 30 * 86400.0  # seconds
UNPROCESSABLE = Message("serving.unprocessable")
SNAPSHOT_KEYS = ("id", "account", "report", "files", "at")
VERSION_KEYS = (
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
PREDICTION_KEYS = ("id", "version", "output", "ms", "at")
COMPARISON_KEYS = ("old", "new", "files", "rows", "changed", "only_old", "only_new")

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def _pick(record: Mapping[str, Any], keys: Sequence[str]) -> dict[str, object]:
    return {key: record[key] for key in keys}


def _describe_snapshot(snapshot: SnapshotRow) -> dict[str, object]:
    """What is shown of a snapshot; the reasons of its report are in the reader's language."""
    report: dict[str, object] = {**snapshot["report"]}
    report |= render_texts({"reasons": report.get("reasons", {})})
    return _pick(snapshot, SNAPSHOT_KEYS) | {"report": report}


def _describe_version(version: VersionRow, require: Mapping[str, str]) -> dict[str, object]:
    """What is shown of a version, with the gates of the file; its texts are in the reader's
    language.
    """
    shown = _pick(version, VERSION_KEYS) | {"why": render(version["why"])}
    metrics = render_metrics(version["metrics"])
    return shown | {"metrics": metrics, "gates": list_gates(require, metrics)}


class Console:
    """What the console shows and does, of one running ecosystem."""

    def __init__(
        self,
        spec: Spec,
        catalog: Catalog,
        served: Mapping[str, LiveService],
        watches: Sequence[ServiceMonitor],
        scenery: Scenery,
        desk: Desk,
        train: Callable[[str, str], str],
    ) -> None:
        self.spec, self.catalog, self.served, self.watches = spec, catalog, served, watches
        self.scenery, self.desk, self.train = scenery, desk, train
        self.recommended_at = float("-inf")
        self.recommended: list[RecommendationData] = []
        self.requests = open_requests(spec)

    def describe(self, role: str | None) -> dict[str, object]:
        """The state of every resource now; values of rows are for the owner."""
        found = self._describe_all(role)
        if role == OWNER:
            return found
        found["datasets"] = remove_values(found["datasets"], EXTREMES)
        return dict(remove_values(found))

    def describe_monitors(self, role: str | None) -> dict[str, object]:
        """What each monitor measured last; values of rows are for the owner."""
        return dict(self._monitors(role))

    def _describe_all(self, role: str | None) -> dict[str, object]:
        catalog = self.catalog
        alerts = render_alerts(catalog.alerts(most=50, marked=True))
        if role != OWNER:
            alerts = [show_alert(alert) for alert in alerts]
        due, trouble = self._plan()
        notes = [{"page": "data", "text": line} for line in trouble]
        return {
            "scene": self.scenery.scene().model_dump(),
            "next": [*notes, *render_recommendations(self._recommend())],
            "plan": render_plan(due),
            "datasets": {
                name: _describe_snapshot(snapshot) for name, snapshot in self._snapshots().items()
            },
            "models": {name: self._versions(name) for name in self.spec.eco.models},
            "services": {
                name: self._describe_service(name, service) for name, service in self.served.items()
            },
            "monitors": self._monitors(role),
            "silenced": sorted(catalog.silenced(catalog.clock())),
            "alerts": alerts,
            "audit": render_texts(catalog.audit(60, marked=True)),
        }

    def _snapshots(self) -> dict[str, SnapshotRow]:
        """The newest snapshot of each dataset that was built."""
        found = {name: self.catalog.snapshot(dataset=name) for name in resolve_datasets(self.spec)}
        return {name: snapshot for name, snapshot in found.items() if snapshot}

    def _versions(self, model: str) -> list[dict[str, object]]:
        versions = self.catalog.versions(model)
        require = dict(self.spec.eco.models[model].require)
        return [_describe_version(version, require) for version in versions]

    def _monitors(self, role: str | None) -> dict[str, dict[str, object]]:
        monitors: dict[str, dict[str, object]] = {}
        for watch in self.watches:
            last = dict(watch.last) if role == OWNER else show_last_test(watch.last)
            monitors[watch.name] = {"watches": watch.served.name, "last": render_texts(last)}
        return monitors

    def _describe_service(self, name: str, service: LiveService) -> dict[str, object]:
        catalog, now = self.catalog, service.now
        return {
            "figures": service.metrics(),
            "version": now.version if now else None,
            "trouble": render(service.trouble),
            "fields": now.fields.fields if now and now.fields else None,
            "speaks": bool(now and now.speaks),
            "history": render_texts(catalog.deployments(name)[:20]),
            "rollout": render_texts(catalog.rollout(name)),
            "strategy": service.service.rollout.method,
            "recent": [
                _pick(prediction, PREDICTION_KEYS) for prediction in catalog.predictions(name, 20)
            ],
        }

    def _plan(self) -> tuple[list[dict[str, Any]], list[str]]:
        """What a build would do; or why the plan is unknown, as where a source is gone: all else is
        shown still.
        """
        try:
            return [change.as_json() for change in plan(self.spec, self.catalog)], []
        except MesocosmError as failure:
            lines = failure.render().splitlines()[:10]
            return [], [Message("serving.plan_unknown", line=line).render() for line in lines]

    def report(self) -> str:
        """The report of every dataset and model that was built, as a page."""
        from mesocosm.reports.page.html import render_report

        datasets: dict[str, DatasetData] = {}
        for name, snapshot in self._snapshots().items():
            datasets[name] = {
                "id": snapshot["id"],
                "account": snapshot["account"],
                "report": snapshot["report"],
                "files": snapshot["files"],
                "at": snapshot["at"],
                "training": snapshot["facts"]["training"],
            }
        answering = {service.now.version for service in self.served.values() if service.now}
        models = {}
        for name in self.spec.eco.models:
            version = choose_reported_version(self.spec, self.catalog, name, answering)
            if version:
                models[name] = version
        health = measure_health(self.spec, self.catalog, self.requests)
        return render_report(
            self.spec.eco.ecosystem, {"datasets": datasets, "models": models, "whole": health}
        )

    def _recommend(self) -> list[RecommendationData]:
        """What the report recommends, a few seconds old at most: it reads many requests."""
        now = time.monotonic()
        if now - self.recommended_at > FRESH:
            health = measure_health(self.spec, self.catalog, self.requests, marked=True)
            self.recommended_at, self.recommended = time.monotonic(), health["recommendations"]
        return self.recommended

    def rows(
        self, name: str, role: str | None, version: str, offset: int, limit: int
    ) -> dict[str, object]:
        """Rows of a dataset, for the owner and for roles that the file gives access."""
        from mesocosm.data.snapshots.delta_tables import page_of
        from mesocosm.lifecycle.access.datasets.history import find_version

        data = self._readable_dataset(name, role)
        if not 0 <= offset < 2**53 or not 1 <= limit <= 1000:
            raise Problem(422, UNPROCESSABLE, Message("serving.limit_and_offset"))
        snapshot = find_version(self.catalog, name, version)
        with self.catalog.transaction() as con:
            self.catalog.write_audit(
                con,
                str(role),
                "read",
                f"datasets.{name}",
                f"rows {offset} to {offset + limit} of {snapshot['id']}",
            )
        found = page_of(
            locate_project(self.spec).store / snapshot["path"] / "rows",
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

    def _readable_dataset(self, name: str, role: str | None) -> Dataset:
        """A dataset whose rows a role may read.

        Raises:
            Problem: it may not.
        """
        from mesocosm.lifecycle.access.datasets.history import find_dataset

        data = find_dataset(self.spec, name)
        if role != OWNER and role not in data.access:
            raise Problem(
                403,
                Message("serving.role_may_not_read"),
                Message("serving.role_without_access", role=role, name=name[:60]),
            )
        return data

    def changes(
        self, name: str, role: str | None, version: str, wanted: ChangeFilter, limit: int
    ) -> ListedChanges:
        """The cells that a build changed, for the owner and for roles that the file gives
        access.
        """
        from mesocosm.lifecycle.access.datasets.changed_cells import list_changes

        self._readable_dataset(name, role)
        if not 0 <= limit <= 1000:
            raise Problem(422, UNPROCESSABLE, Message("serving.limit_of_changes"))
        found = list_changes(self.spec, self.catalog, name, wanted, limit, version)
        with self.catalog.transaction() as con:
            what = f"{len(found['changes'])} changed cells of {found['version']}"
            self.catalog.write_audit(con, str(role), "read", f"datasets.{name}", what)
        return found

    def checks(self, name: str, role: str | None) -> DatasetChecks:
        """What the builds found of a dataset's rules, for the owner and for roles that the file
        gives access.
        """
        from mesocosm.lifecycle.access.datasets.check_history import list_checks

        self._readable_dataset(name, role)
        return list_checks(self.spec, self.catalog, name, None)

    def versions(self, name: str, old: str, new: str) -> dict[str, object]:
        """The versions of a dataset, and how many rows were added, removed and changed between two
        of them; values are not shown.
        """
        from mesocosm.lifecycle.access.datasets.history import compare_versions, find_dataset

        find_dataset(self.spec, name)
        snapshots = self.catalog.snapshots(name)
        found: dict[str, object] = {
            "dataset": name,
            "versions": [
                _pick(snapshot, ("id", "account", "at"))
                | {"quality": snapshot["report"]["quality"]}
                for snapshot in snapshots[-50:]
            ],
        }
        if len(snapshots) > 1 or old:
            diff = compare_versions(
                self.spec, self.catalog, name, old or "previous", new or "newest"
            )
            moved = {field: values.get("psi") for field, values in diff["fields"].items()}
            found["diff"] = _pick(diff, COMPARISON_KEYS) | {"moved": moved}
        return found

    def silence(self, name: str, length: str, who: str, why: str) -> dict[str, object]:
        """Send no notifications about a monitor's alerts for a while."""
        if name not in self.spec.eco.monitors:
            raise Problem(
                404,
                Message("serving.no_such_monitor"),
                Message("serving.no_monitor_named", name=name[:60]),
            )
        try:
            wait = seconds(length)
        except (ValueError, KeyError, IndexError) as error:
            raise Problem(422, UNPROCESSABLE, Message("serving.length_of_time")) from error
        if not 0 <= wait <= LONGEST_SILENCE:
            raise Problem(422, UNPROCESSABLE, Message("serving.at_most_30d"))
        return {"monitor": name, "until": self.catalog.silence(name, wait, who, why), "why": why}

    def close(self, alert: str, who: str, why: str) -> dict[str, object]:
        """Close an open alert for a reason; a fault that is still there raises another."""
        for found in self.catalog.alerts(open_only=True, most=1000):
            if found["id"] == alert:
                self.catalog.clear(found["monitor"], why, alert, who=who)
                return {"alert": alert, "monitor": found["monitor"], "why": why}
        raise Problem(
            404,
            Message("serving.no_such_alert"),
            Message("serving.no_open_alert", alert=alert[:60]),
        )

    async def ask_what_if(
        self,
        name: str,
        call: Callable[Concatenate[str, Given], Answer],
        *more: Given.args,
        **named: Given.kwargs,
    ) -> Answer:
        """A what-if of a service that exists."""
        self.require_service(name)
        try:
            return await asyncio.to_thread(call, name, *more, **named)
        except ConfigValueError as wrong:
            raise Problem(422, UNPROCESSABLE, wrong.render()) from wrong
        except MesocosmError as failure:
            raise Problem(409, Message("serving.no_what_if"), failure.render()) from failure

    def require_service(self, service: str) -> None:
        """Refuse a name that is not a service's."""
        if service not in self.served:
            raise Problem(
                404,
                Message("serving.no_such_service"),
                Message("serving.no_service_named", service=service[:60]),
            )
