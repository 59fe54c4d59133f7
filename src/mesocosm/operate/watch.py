"""The watch: looks at live inputs and figures, raises alerts, and asks for what should follow.

Knows tests and the catalog. It is handed the ways to retrain and to roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesocosm.base.durations import per_second, seconds
from mesocosm.catalog import Catalog
from mesocosm.operate.drift import DRIFT
from mesocosm.operate.served import Served
from mesocosm.operate.service import Monitor


def drifted(
    training: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], level: float, method: str = "auto"
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """The features whose live values differ, worst first, and every p-value.

    Args:
        training: per feature its training quantiles or counts.
        rows: cleaned live rows.
        level: false alarms accepted for one look over all features (Bonferroni).
    """
    found: list[dict[str, Any]] = []
    tested: dict[str, float] = {}
    for name, known in training.items():
        kind = "ks" if "numbers" in known else "chi2"
        live = [row[name] for row in rows if row.get(name) is not None]
        if method not in ("auto", kind) or len(live) < 20:
            continue
        tested[name] = DRIFT[kind]().p_value(known, live)
    for name, p in sorted(tested.items(), key=lambda e: e[1]):
        if p < level / len(tested):
            found.append({"feature": name, "p": p, **_shift(training[name], rows, name)})
    return found, tested


def _shift(known: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    values = [row[name] for row in rows if row.get(name) is not None]
    if "numbers" not in known:
        return {}
    old = sorted(known["numbers"])[len(known["numbers"]) // 2]
    new = sorted(float(v) for v in values)[len(values) // 2]
    ratio = round(new / old, 3) if old else None
    return {"median_before": old, "median_now": new, "ratio": ratio}


class Watch:
    """One monitor at work.

    Args:
        retrain: asks for a challenger of a service; called without waiting for it.
        rollback: puts the version before back, with a reason.
    """

    def __init__(
        self, name: str, monitor: Monitor, served: Served, catalog: Catalog,
        retrain: Callable[[str, str], None], rollback: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self.name, self.monitor, self.served, self.catalog = name, monitor, served, catalog
        self.retrain, self.rollback = retrain, rollback
        self.since = catalog.clock()
        self.last: dict[str, Any] = {}
        self.detectors: dict[str, Any] = {}

    def look(self) -> list[str]:
        """One look; returns the ids of alerts raised."""
        return [*self._drift(), *self._anomaly()]

    def _drift(self) -> list[str]:
        drift, now = self.monitor.drift, self.served.now
        if not drift or not now or now.fields is None:
            return []
        rows = self.catalog.predictions(self.served.name, most=drift.window, since=self.since)
        rows = [r for r in rows if r["version"] == now.version]
        self.last |= {"waiting": len(rows), "window": drift.window}
        if len(rows) < drift.window:
            return []
        self.since = max(r["at"] for r in rows)
        level = per_second(drift.false_alarms) * seconds(self.monitor.every)
        found, tested = drifted(now.fields.training, [r["input"]["clean"] for r in rows], level, drift.method)
        self.last |= {"p_values": tested, "level": level / max(1, len(tested)), "looked_at": self.catalog.clock()}
        if not found:
            self.catalog.clear(self.name, f"the last {len(rows)} rows look like the training rows again")
            return []
        worst = found[0]
        moved = f", median {worst['median_before']:.6g} -> {worst['median_now']:.6g}" if "median_now" in worst else ""
        names = ", ".join(f["feature"] for f in found)
        message = f"inputs of {self.served.name} drifted in {names} (p {worst['p']:.1e} over {len(rows)} rows{moved})"
        raised = []
        if not any(a["monitor"] == self.name and a["what"] == "drift" for a in self.catalog.alerts(open_only=True)):
            raised.append(self.catalog.alert(self.name, self.served.name, "drift", message, {"features": found, "rows": len(rows)}))
            if "retrain" in self.monitor.on_drift:
                self.retrain(self.served.name, message)
        return raised

    def _anomaly(self) -> list[str]:
        anomaly = self.monitor.anomaly
        if not anomaly or not self.served.times:
            return []
        raised = []
        figures = self.served.figures(max(10.0, seconds(self.monitor.every)))
        for key in anomaly.on:
            if key not in self.detectors:
                from river import drift

                self.detectors[key] = drift.ADWIN(delta=0.001) if anomaly.method == "adwin" else drift.PageHinkley()
            detector = self.detectors[key]
            detector.update(figures[key])
            if detector.drift_detected:
                message = f"{key} of {self.served.name} changed to {figures[key]:.4g}"
                raised.append(self.catalog.alert(self.name, self.served.name, "anomaly", message, {"figure": key, "value": figures[key]}))
                if "rollback" in self.monitor.on_anomaly:
                    self.rollback(self.served.name, message)
        return raised
