"""Prometheus metrics of the gateway: rate, errors, duration, queue, batches, drift. No user
values.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

EDGES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """One registry, so that two gateways in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.counted: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self.requests = Counter(
            "mesocosm_requests",
            "Requests by service and status class.",
            ["service", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "mesocosm_request_seconds",
            "Time to answer.",
            ["service"],
            buckets=EDGES,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "mesocosm_queue_rows", "Rows that wait.", ["service"], registry=self.registry
        )
        self.batch = Gauge(
            "mesocosm_batch_rows", "Rows of the last batch.", ["service"], registry=self.registry
        )
        self.swaps = Counter(
            "mesocosm_version_loads",
            "Versions loaded.",
            ["service", "version"],
            registry=self.registry,
        )
        self.alerts = Gauge(
            "mesocosm_open_alerts", "Alerts that are open.", ["monitor"], registry=self.registry
        )

        self.restarts = Counter(
            "mesocosm_worker_restarts",
            "Workers replaced, by why.",
            ["service", "why"],
            registry=self.registry,
        )
        self.memory = Gauge(
            "mesocosm_worker_memory_bytes",
            "What the workers hold.",
            ["service"],
            registry=self.registry,
        )
        self.lanes = Gauge(
            "mesocosm_workers",
            "Workers that answer for a service.",
            ["service"],
            registry=self.registry,
        )
        self.cpu = Gauge(
            "mesocosm_worker_cpu_seconds",
            "CPU seconds of the workers since they began.",
            ["service"],
            registry=self.registry,
        )
        self.rows = Counter(
            "mesocosm_predictions",
            "Rows that were answered, by version.",
            ["service", "version"],
            registry=self.registry,
        )
        self.p_value = Gauge(
            "mesocosm_drift_p_value",
            "The last look's p-value of a feature.",
            ["monitor", "feature"],
            registry=self.registry,
        )
        self.harm = Gauge(
            "mesocosm_drift_harm",
            "Accuracy that is lost by an open drift, as estimated.",
            ["monitor"],
            registry=self.registry,
        )
        self.quality = Gauge(
            "mesocosm_quality",
            "Held-out figures of the version that serves.",
            ["service", "metric"],
            registry=self.registry,
        )
        self.age = Gauge(
            "mesocosm_data_age_seconds",
            "Time since a dataset's newest snapshot.",
            ["dataset"],
            registry=self.registry,
        )
        self.spilt = Gauge(
            "mesocosm_journal_bytes", "Records that wait for the catalog.", registry=self.registry
        )

    def worker(self, service: str, usage: Mapping[str, float], count: int) -> None:
        """Set how many workers there are, and what they hold and used."""
        self.lanes.labels(service).set(count)
        if usage:
            self.memory.labels(service).set(usage["gigabytes"] * 1e9)
            self.cpu.labels(service).set(usage["cpu_seconds"])

    def request(self, service: str, status: int, took: float) -> None:
        """Count one request."""
        key = service, f"{status // 100}xx"
        if key not in self.counted:
            self.counted[key] = self.requests.labels(*key), self.seconds.labels(service)
        count, seconds = self.counted[key]
        count.inc()
        seconds.observe(took)

    def queue(self, service: str, waiting: int, batch: int) -> None:
        """Set how many wait and the size of the last batch."""
        self.waiting.labels(service).set(waiting)
        self.batch.labels(service).set(batch)

    def version(self, service: str, version: str) -> None:
        """Count one load of a version."""
        self.swaps.labels(service, version).inc()

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
