"""Background work beside the server: rows over their age expire, sources that changed are rebuilt,
services are retrained on a schedule, old predictions leave the log.

Knows schedules and the jobs' doors. Knows no HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.confidential.row_values import mark_quoted
from mesocosm.core.errors import MesocosmError
from mesocosm.core.values.durations import seconds
from mesocosm.lifecycle.jobs.background_jobs import BackgroundJobs
from mesocosm.lifecycle.jobs.retention import expire

PRUNED = 500  # predictions that leave the log in one step
PRUNE_INTERVAL = 60.0  # seconds between two looks at a log without old predictions
EXPIRE_INTERVAL = 3600.0  # seconds between two looks for rows over their age


class Schedule:
    """What is due at fixed intervals.

    Args:
        intervals: seconds by name.
        first: the time that everything is due at first; one interval from now where not given.
    """

    def __init__(self, intervals: Mapping[str, float], first: float | None = None) -> None:
        self.intervals = dict(intervals)
        now = time.monotonic()
        if first is None:
            self.due = {name: now + interval for name, interval in self.intervals.items()}
        else:
            self.due = dict.fromkeys(self.intervals, first)

    def names_due(self, now: float) -> list[str]:
        """What is due at a time of the monotonic clock."""
        return [name for name, at in self.due.items() if now >= at]

    def postpone(self, name: str, now: float) -> None:
        """Make something due one interval from a time."""
        self.due[name] = now + self.intervals[name]


class Maintenance:
    """The scheduled work of one ecosystem.

    Args:
        names: words of the file, which an alert may show to every role.
    """

    def __init__(
        self, spec: Spec, catalog: Catalog, jobs: BackgroundJobs, names: frozenset[str]
    ) -> None:
        self.spec, self.catalog, self.jobs, self.names = spec, catalog, jobs, names
        eco, now = spec.eco, time.monotonic()
        self.sources = Schedule(
            {name: seconds(source.every) for name, source in eco.sources.items() if source.every},
            first=now,
        )
        self.retrainings = Schedule(
            {
                name: seconds(service.update.every)
                for name, service in eco.services.items()
                if service.update.every and service.model
            }
        )
        self.log_ages = {name: seconds(s.log.keep) for name, s in eco.services.items()}
        self.logs = Schedule(dict.fromkeys(self.log_ages, PRUNE_INTERVAL), first=now)
        has_retention = any(dataset.retention for dataset in eco.datasets.values())
        self.expiries = Schedule({"expire": EXPIRE_INTERVAL} if has_retention else {}, first=now)

    @property
    def is_needed(self) -> bool:
        """Whether the file asks for any scheduled work."""
        schedules = (self.sources, self.retrainings, self.logs, self.expiries)
        return any(schedule.due for schedule in schedules)

    def run_due(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        self._prune_logs(now)
        for name in self.expiries.names_due(now):
            self.expiries.postpone(name, now)
            self._run("expire", lambda: expire(self.spec, self.catalog))
        for name in self.retrainings.names_due(now):
            self.retrainings.postpone(name, now)
            why = f"its time: every {self.spec.eco.services[name].update.every}"
            self._run("update", partial(self.jobs.retrain, name, why))
        sources = self.sources.names_due(now)
        if sources:
            self._run("build", partial(self.jobs.follow, sources))
            for name in sources:
                self.sources.postpone(name, time.monotonic())

    def _prune_logs(self, now: float) -> None:
        """One small step of each service's log that has old predictions."""
        for name in self.logs.names_due(now):
            with suppress(Exception):  # a catalog that is locked now is asked again
                self.logs.postpone(name, now)
                oldest = self.catalog.clock() - self.log_ages[name]
                if self.catalog.prune(name, oldest, PRUNED) == PRUNED:
                    self.logs.due[name] = now

    def _run(self, what: str, call: Callable[[], Any]) -> None:
        """Run a job; its failure becomes one alert, which is closed when the job succeeds."""
        monitor = f"data-{what}"
        try:
            call()
            self.catalog.clear(monitor, "the job succeeded")
        except MesocosmError as failure:
            message = mark_quoted(str(failure)[:500], self.names)
            alerts = self.catalog.alerts(open_only=True, marked=True)
            if all(alert["message"] != message for alert in alerts):
                self.catalog.clear(monitor, "the job failed otherwise")
                self.catalog.alert(monitor, "", what, message, {})
