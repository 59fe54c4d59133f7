"""Prometheus metrics of the gateway: rate, errors, duration, queue, batches, drift. No values of
users.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

EDGES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The metrics of a gateway: one registry each, so that two in one process do not clash."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.counted: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._add_requests()
        self._add_workers()
        self._add_quality()

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(name, about, labels, registry=self.registry)

    def _add_requests(self) -> None:
        self.requests = self._counter(
            "mesocosm_requests", "Requests by service and status class.", "service", "status"
        )
        self.seconds = Histogram(
            "mesocosm_request_seconds",
            "Request latency.",
            ["service"],
            buckets=EDGES,
            registry=self.registry,
        )
        self.rows = self._counter(
            "mesocosm_predictions", "Predicted rows, by version.", "service", "version"
        )
        self.waiting = self._gauge("mesocosm_queue_rows", "Rows in the queue.", "service")
        self.batch = self._gauge("mesocosm_batch_rows", "Rows of the last batch.", "service")
        self.spooled = self._gauge("mesocosm_journal_bytes", "Records that wait for the catalog.")

    def _add_workers(self) -> None:
        self.swaps = self._counter(
            "mesocosm_version_loads", "Versions loaded.", "service", "version"
        )
        self.restarts = self._counter(
            "mesocosm_worker_restarts", "Workers replaced, by reason.", "service", "why"
        )
        self.memory = self._gauge(
            "mesocosm_worker_memory_bytes", "Memory of the workers.", "service"
        )
        self.lanes = self._gauge("mesocosm_workers", "Workers of a service.", "service")
        self.cpu = self._gauge(
            "mesocosm_worker_cpu_seconds", "CPU seconds of the workers since they began.", "service"
        )

    def _add_quality(self) -> None:
        self.alerts = self._gauge("mesocosm_open_alerts", "Alerts that are open.", "monitor")
        self.p_value = self._gauge(
            "mesocosm_drift_p_value",
            "The p-value of a feature at the last look.",
            "monitor",
            "feature",
        )
        self.harm = self._gauge(
            "mesocosm_drift_harm",
            "Accuracy that is lost by an open drift, as estimated.",
            "monitor",
        )
        self.quality = self._gauge(
            "mesocosm_quality", "Held-out metrics of the deployed version.", "service", "metric"
        )
        self.age = self._gauge(
            "mesocosm_data_age_seconds", "Time since a dataset's newest snapshot.", "dataset"
        )

    def worker(self, service: str, usage: Mapping[str, float], count: int) -> None:
        """Set how many workers there are, with their memory and CPU time."""
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
        """Set how many rows wait and the size of the last batch."""
        self.waiting.labels(service).set(waiting)
        self.batch.labels(service).set(batch)

    def version(self, service: str, version: str) -> None:
        """Count one load of a version."""
        self.swaps.labels(service, version).inc()

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
