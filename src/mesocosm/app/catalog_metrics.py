"""What metrics are told of the catalog: alerts, drift, held-out quality, the age of data, records
that wait. Knows both; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.catalog import Catalog
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.service import LiveService
from mesocosm.serving.telemetry.metrics import Metrics


def measure(
    catalog: Catalog,
    metrics: Metrics,
    watches: Sequence[ServiceMonitor],
    served: Mapping[str, LiveService],
    datasets: Sequence[str],
    journal: PredictionLog,
) -> None:
    """Set the metrics that the catalog tells."""
    alerts = catalog.alerts(open_only=True)
    for watch in watches:
        metrics.alerts.labels(watch.name).set(sum(a["monitor"] == watch.name for a in alerts))
        verdicts = [
            a["detail"]["verdict"]
            for a in alerts
            if a["monitor"] == watch.name and "verdict" in (a["detail"] or {})
        ]
        metrics.harm.labels(watch.name).set(max([v["harm"] or 0.0 for v in verdicts], default=0.0))
        for feature, p in watch.last.get("p_values", {}).items():
            metrics.p_value.labels(watch.name, feature).set(p)
    for name, one in served.items():
        version = catalog.version(one.now.version) if one.now and one.now.version else None
        for key, value in (version["metrics"] if version else {}).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                metrics.quality.labels(name, key).set(value)
    for name in datasets:
        snapshot = catalog.snapshot(dataset=name)
        if snapshot:
            metrics.age.labels(name).set(catalog.clock() - snapshot["at"])
    metrics.spooled.set(journal.spooled)
