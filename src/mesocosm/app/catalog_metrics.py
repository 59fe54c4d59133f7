"""Metrics that are read from the catalog: alerts, drift, held-out quality, the age of data, records
that wait. Knows both; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import AlertRow
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
        _set_quality(metrics, name, _version_metrics(catalog, service))
    for name in datasets:
        snapshot = catalog.snapshot(dataset=name)
        if snapshot:
            metrics.age.labels(name).set(catalog.clock() - snapshot["at"])
    metrics.spooled.set(journal.spooled)


def _set_quality(metrics: Metrics, service: str, measured: Mapping[str, object]) -> None:
    """Set the held-out metrics of a service that are numbers."""
    for key, value in measured.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            metrics.quality.labels(service, key).set(value)


def _greatest_harm(alerts: Sequence[AlertRow]) -> float:
    details = [alert["detail"] or {} for alert in alerts]
    verdicts = [detail["verdict"] for detail in details if "verdict" in detail]
    return max([verdict["harm"] or 0.0 for verdict in verdicts], default=0.0)


def _version_metrics(catalog: Catalog, service: LiveService) -> Mapping[str, object]:
    """The held-out metrics of the version in service."""
    if not service.now or not service.now.version:
        return {}
    version = catalog.version(service.now.version)
    if version is None:
        return {}
    return version["metrics"]
