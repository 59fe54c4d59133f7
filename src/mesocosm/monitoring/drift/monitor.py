"""The monitor of inputs: has recent requests tested and diagnosed, and raises an alert of what
drifted.

Knows the diagnosis and the catalog; `ServiceMonitor` calls it once a look.
"""

from __future__ import annotations

from mesocosm.catalog.rows import AlertRow, PredictionRow
from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.drift.diagnosis import DriftDiagnosis, DriftFindings
from mesocosm.monitoring.drift.review import DriftReview
from mesocosm.monitoring.labels.monitor import LabelMonitor
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.monitoring.settings import Drift
from mesocosm.serving.model_instance import ModelInstance

Rows = list[PredictionRow]


class DriftMonitor:
    """Alerts about the inputs of one service."""

    def __init__(self, state: MonitorState, labels: LabelMonitor) -> None:
        self.state = state
        self.diagnosis = DriftDiagnosis(state, labels)
        self.review = DriftReview(state, self.diagnosis)

    def look(self, stream: RequestStream) -> list[str]:
        """Test whether inputs drifted from training and review open alerts; the ids of alerts
        raised.
        """
        drift, now = self.state.monitor.drift, self.state.served.now
        if not drift or not now or now.fields is None:
            return []
        fresh = self._fresh(stream, drift, now)
        if not stream.mark:
            self.state.last |= {"waiting": len(fresh), "window": drift.window}
        if len(fresh) < drift.window:
            self.review.read_again(stream, now, fresh)
            return []
        return self._look_at_window(stream, drift, now, self._drop_closed(stream, fresh))

    def _look_at_window(
        self, stream: RequestStream, drift: Drift, now: ModelInstance, fresh: Rows
    ) -> list[str]:
        """Review the open alert by a full window, then test what is left of it."""
        if len(fresh) < drift.window:
            return []
        stream.since = max(r["at"] for r in fresh)
        self._meet(now)
        alert = self._open_alert(stream)
        if alert is None:
            return self._test(stream, now, fresh)
        if not self.review.review(alert, stream, now, fresh):
            return []
        fresh = self._fresh(stream, drift, now)  # the rows that closed it may have another fault
        if len(fresh) < drift.window:
            return []
        stream.since = max(r["at"] for r in fresh)
        return self._test(stream, now, fresh)

    def _fresh(self, stream: RequestStream, drift: Drift, now: ModelInstance) -> Rows:
        """The rows of a window that came since the last test, as far as there are that many."""
        rows = self.state.read_requests(drift.window, stream.since, stream.mark)
        return [r for r in rows if r["version"] == now.version]

    def _drop_closed(self, stream: RequestStream, fresh: Rows) -> Rows:
        """Leave out rows from before a person closed an alert, with a reason: only rows since tell
        of another fault.
        """
        closed = alert_closing.last_closed_by_person(
            self.state.catalog.alerts(), self.state.name, stream.mark, self.state.closed
        )
        if closed <= stream.since:
            return fresh
        stream.since = stream.changed = closed
        return [r for r in fresh if r["at"] > closed]

    def _meet(self, now: ModelInstance) -> None:
        self.state.reference.meet(now)
        self.state.last.pop("unwatched", None)
        if self.state.reference.unwatched:
            self.state.last["unwatched"] = str(self.state.reference.unwatched)

    def _open_alert(self, stream: RequestStream) -> AlertRow | None:
        for alert in self.state.open_alerts("drift", stream.mark):
            if alert["detail"].get("by", "inputs") == "inputs":
                return alert
        return None

    def _test(self, stream: RequestStream, now: ModelInstance, fresh: Rows) -> list[str]:
        opened = self.state.open_alerts("drift", stream.mark)
        findings = self.diagnosis.find_drift(stream, now, fresh)
        if findings.is_empty:
            if not stream.mark and not opened:
                self.state.last.pop("verdict", None)
            return []
        if opened and not findings.changes:
            return []  # an alert that labels opened is open still, and says more
        return [self._raise(stream, now, findings)]

    def _raise(self, stream: RequestStream, now: ModelInstance, findings: DriftFindings) -> str:
        """Raise an alert of what drifted, diagnosed, and trigger its remediation.

        A window may have rows from before and after a change. Where it shows no fault of a source,
        as many rows again show whether there is one.
        """
        stream.changed = stream.since
        report = self.diagnosis.describe(stream, now, findings)
        detail, waits = report.detail, report.diagnosis.kind == "covariate"
        if waits:
            detail = {**detail, "confirmed": False}
        alert = self.state.raise_alert("drift", report.message, detail)
        if not waits:
            self.diagnosis.follow(stream, report.diagnosis)
        return alert
