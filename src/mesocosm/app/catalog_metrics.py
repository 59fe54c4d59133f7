"""Metrics that are read from the catalog: alerts, drift, held-out quality, the age of data, records
that wait. Knows both; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.service import LiveService
from mesocosm.serving.telemetry.metrics import Metrics


def update_metrics(
    catalog: Catalog,
    metrics: Metrics,
    watches: Sequence[ServiceMonitor],
    served: Mapping[str, LiveService],
    datasets: Sequence[str],
    journal: PredictionLog,
) -> None:
    """Set the metrics that the catalog has."""
    alerts = catalog.alerts(open_only=True)
    for watch in watches:
        own = [alert for alert in alerts if alert["monitor"] == watch.name]
        metrics.alerts.labels(watch.name).set(len(own))
        metrics.harm.labels(watch.name).set(_greatest_harm(own))
        for feature, p in watch.last.get("p_values", {}).items():
            metrics.p_value.labels(watch.name, feature).set(p)
    for name, service in served.items():
        for key, value in _version_metrics(catalog, service).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                metrics.quality.labels(name, key).set(value)
    for name in datasets:
        snapshot = catalog.snapshot(dataset=name)
        if snapshot:
            metrics.age.labels(name).set(catalog.clock() - snapshot["at"])
    metrics.spooled.set(journal.spooled)


def _greatest_harm(alerts: Sequence[Mapping[str, Any]]) -> float:
    details = [alert["detail"] or {} for alert in alerts]
    verdicts = [detail["verdict"] for detail in details if "verdict" in detail]
    return max([verdict["harm"] or 0.0 for verdict in verdicts], default=0.0)


def _version_metrics(catalog: Catalog, service: LiveService) -> Mapping[str, Any]:
    """The held-out metrics of the version in service."""
    if not service.now or not service.now.version:
        return {}
    version = catalog.version(service.now.version)
    if version is None:
        return {}
    metrics: Mapping[str, Any] = version["metrics"]
    return metrics
