"""Open alerts of inputs reviewed: diagnosed again by more rows, or closed where rows show that they
are over.

Knows the diagnosis and the catalog.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from mesocosm.catalog.contents import AlertDetail
from mesocosm.catalog.rows import AlertRow, PredictionRow
from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.alert_message import with_message
from mesocosm.monitoring.drift.diagnosis import WIDE, DriftDiagnosis, DriftReport
from mesocosm.monitoring.drift.probes import read_probes
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.serving.model_instance import ModelInstance


class DriftReview:
    """The open alerts of one monitor's inputs."""

    def __init__(self, state: MonitorState, diagnosis: DriftDiagnosis) -> None:
        self.state, self.diagnosis = state, diagnosis

    def read_again(
        self, stream: RequestStream, now: ModelInstance, fresh: Sequence[PredictionRow]
    ) -> None:
        """Review open alerts though less than a window came: rows from before a change leave one
        that is not confirmed row by row, and the last rows that were needed may show that another
        is over.

        A fifth of the time at most goes into it.
        """
        began, newest = time.monotonic(), max((r["at"] for r in fresh), default=stream.read)
        if newest <= stream.read or began < stream.rests:
            return
        for alert in self.state.open_alerts("drift", stream.mark):
            if alert["detail"].get("by", "inputs") == "inputs":
                self._review_by_few(alert, stream, now)
        stream.read = min(newest, self.state.catalog.clock())
        stream.rests = 5 * time.monotonic() - 4 * began

    def _review_by_few(self, alert: AlertRow, stream: RequestStream, now: ModelInstance) -> None:
        """Confirm an alert that is not confirmed yet, or close it where it is over."""
        self.state.reference.meet(now)
        unconfirmed = alert["detail"].get("confirmed") is False
        if not (unconfirmed and self._confirm(alert, stream, now)):
            self._close_if_over(alert, stream, now)

    def _read_version(
        self, stream: RequestStream, now: ModelInstance, most: int, since: float
    ) -> list[PredictionRow]:
        """Requests of the deployed version, newest first."""
        rows = self.state.read_requests(most, since, stream.mark)
        return [r for r in rows if r["version"] == now.version]

    def _confirm(self, alert: AlertRow, stream: RequestStream, now: ModelInstance) -> bool:
        """Diagnose an open alert again by as many rows as it was found in or more, of those sent
        since where they suffice; a fault of a source may show later still.

        Returns:
            Whether the diagnosis changed.
        """
        count = _count_rows(alert["detail"])
        rows = self._read_since(alert, stream, now)
        enough = len(rows) >= count
        if not enough:
            rows = self._read_version(stream, now, count, 0.0)
        if len(rows) < count:  # another version serves: what it was sent is too little yet
            return False
        findings = self.diagnosis.find_drift(stream, now, rows, narrow=True)
        confirms = findings.found and enough and not alert["detail"]["confirmed"]
        if not findings.changes and not confirms:
            return False
        self._amend(alert, stream, self.diagnosis.describe(stream, now, findings))
        return True

    def _read_since(
        self, alert: AlertRow, stream: RequestStream, now: ModelInstance
    ) -> list[PredictionRow]:
        """The newest requests since an alert was raised: as many as it was found in, or as many
        windows as a look back takes in.
        """
        most = _count_rows(alert["detail"])
        if self.state.monitor.drift:
            most = max(most, WIDE * self.state.monitor.drift.window)
        return self._read_version(stream, now, most, alert["at"])

    def _amend(self, alert: AlertRow, stream: RequestStream, report: DriftReport) -> None:
        """Write a new diagnosis into an alert, confirmed, and trigger its remediation."""
        since = alert["detail"].get("since", report.detail["since"])
        detail = {**report.detail, "since": since, "confirmed": True}
        self.state.catalog.amend(
            alert["id"],
            self.state.name,
            str(report.message),
            with_message(detail, report.message),
        )
        self.diagnosis.follow(stream, report.diagnosis)

    def review(
        self,
        alert: AlertRow,
        stream: RequestStream,
        now: ModelInstance,
        fresh: Sequence[PredictionRow],
    ) -> bool:
        """Close an open alert of inputs where rows show that it is over; else it stays.

        Returns:
            Whether it closed: what its last rows show of other fields is not known yet.
        """
        detail = alert["detail"]
        covariate = "confirmed" in detail and detail["verdict"]["kind"] == "covariate"
        if covariate and self._confirm(alert, stream, now):
            return False
        rows = self.diagnosis.read_rows(now, alert_closing.select_part(detail, fresh))
        state = alert_closing.review_inputs(
            self._compare_with_version(alert, now), rows, len(rows), now.version
        )
        if state.seen:
            stream.changed = stream.since
            return False
        return self._close_if_over(alert, stream, now)

    def _close_if_over(self, alert: AlertRow, stream: RequestStream, now: ModelInstance) -> bool:
        """Close an open alert of inputs where the rows sent since it was last seen show that it is
        over; those rows are then tested as any others, since they may have another fault.
        """
        assert self.state.monitor.drift
        detail = self._compare_with_version(alert, now)
        count = _count_rows(detail)
        most = max(3 * count, 2 * self.state.monitor.drift.window)
        most = min(alert_closing.MOST_REVIEWED, most)
        rows = self._read_version(stream, now, most, stream.changed)
        part = alert_closing.select_part(detail, rows)
        if len(part) < alert_closing.rows_needed(detail) and not detail.get("unread"):
            return False
        newest = len(alert_closing.select_part(detail, rows[:count]))
        state = alert_closing.review_inputs(
            detail, self.diagnosis.read_rows(now, part), newest, now.version
        )
        if state.open:
            return False
        self.state.close(alert, state.why)
        if len(rows) > count:  # rows from before its end may be among the older ones
            stream.changed = rows[count]["at"]
        # labels of what was sent before show the fault
        stream.since = stream.began = stream.changed
        return True

    def _compare_with_version(self, alert: AlertRow, now: ModelInstance) -> AlertDetail:
        """An alert's detail, its probes compared with the training rows of the deployed version."""
        detail = alert["detail"]
        probes = read_probes(detail, self.state.reference.training(), now.version)
        return {**detail, **probes}


def _count_rows(detail: AlertDetail) -> int:
    """How many rows an alert was found in: those of its part and all others."""
    part = detail.get("where")
    if part:
        return int(part["of"])
    return int(detail.get("rows", 0))
