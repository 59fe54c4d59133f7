"""Prometheus metrics of the gateway: rate, errors, duration, queue, batches, drift. No user values."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

EDGES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """One registry, so that two gateways in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("mesocosm_requests", "Requests by service and status class.", ["service", "status"], registry=self.registry)
        self.seconds = Histogram("mesocosm_request_seconds", "Time to answer.", ["service"], buckets=EDGES, registry=self.registry)
        self.waiting = Gauge("mesocosm_queue_rows", "Rows that wait.", ["service"], registry=self.registry)
        self.batch = Gauge("mesocosm_batch_rows", "Rows of the last batch.", ["service"], registry=self.registry)
        self.swaps = Counter("mesocosm_version_loads", "Versions loaded.", ["service", "version"], registry=self.registry)
        self.alerts = Gauge("mesocosm_open_alerts", "Alerts that are open.", ["monitor"], registry=self.registry)

    def request(self, service: str, status: int, took: float) -> None:
        """Count one request."""
        self.requests.labels(service, f"{status // 100}xx").inc()
        self.seconds.labels(service).observe(took)

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
