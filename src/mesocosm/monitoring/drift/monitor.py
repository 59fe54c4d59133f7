"""The watch over inputs: has those of late tested and diagnosed, and raises an alert of what moved.

Knows the diagnosis and the catalog; the rest of the watch asks it once a look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.drift.diagnosis import DriftDiagnosis
from mesocosm.monitoring.drift.review import DriftReview
from mesocosm.monitoring.drift.source_changes import Change
from mesocosm.monitoring.labels.monitor import LabelMonitor
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.serving.model_instance import ModelInstance


class DriftMonitor:
    """What one monitor makes of the requests to its service."""

    def __init__(self, watch: MonitorState, labels: LabelMonitor) -> None:
        self.watch = watch
        self.diagnosis = DriftDiagnosis(watch, labels)
        self.review = DriftReview(watch, self.diagnosis)

    def look(self, stream: RequestStream) -> list[str]:
        """Inputs that are not as in training; open alerts of them are looked at again."""
        drift, now = self.watch.monitor.drift, self.watch.served.now
        if not drift or not now or now.fields is None:
            return []
        fresh = self._fresh(stream, now)
        if not stream.mark:
            self.watch.last |= {"waiting": len(fresh), "window": drift.window}
        if len(fresh) < drift.window:
            self.review.read_again(stream, now, fresh)
            return []
        if (
            closed := alert_closing.last_closed_by_person(
                self.watch.catalog.alerts(), self.watch.name, stream.mark, self.watch.closed
            )
        ) > stream.since:  # with a reason: only rows that came since tell of another fault
            stream.since = stream.changed = closed
            fresh = [r for r in fresh if r["at"] > closed]
            if len(fresh) < drift.window:
                return []
        stream.since = max(r["at"] for r in fresh)
        self.watch.known.meet(now)
        self.watch.last.pop("unwatched", None)
        if self.watch.known.unwatched:
            self.watch.last["unwatched"] = self.watch.known.unwatched
        opened = self.watch.opened("drift", stream.mark)
        for alert in [a for a in opened if a["detail"].get("by", "inputs") == "inputs"]:
            if not self.review.review(alert, stream, now, fresh):
                return []
            fresh = self._fresh(stream, now)  # the rows that closed it may have another fault
            if len(fresh) < drift.window:
                return []
            stream.since = max(r["at"] for r in fresh)
            opened = self.watch.opened("drift", stream.mark)
            break
        rows, found, changes, live = self.diagnosis.moved(stream, now, fresh)
        if not found and not changes and not stream.mark and not opened:
            self.watch.last.pop("verdict", None)
        if not changes and (opened or not found):  # what labels opened is open still, and says more
            return []
        return self._raise(stream, now, rows, live, found, changes)

    def _fresh(self, stream: RequestStream, now: ModelInstance) -> list[dict[str, Any]]:
        """The rows of a window that came since the last test, as far as there are that many."""
        assert self.watch.monitor.drift
        rows = self.watch.asked(self.watch.monitor.drift.window, stream.since, stream.mark)
        return [r for r in rows if r["version"] == now.version]

    def _raise(
        self,
        stream: RequestStream,
        now: ModelInstance,
        rows: list[dict[str, Any]],
        live: list[Mapping[str, Any]],
        found: list[dict[str, Any]],
        changes: list[Change],
    ) -> list[str]:
        """An alert of what moved, diagnosed; what follows on it where the monitor says so.

        A window may have rows from before and after a change. Where it shows no fault of a source,
        as many rows again say whether there is one.
        """
        stream.changed = stream.since
        message, detail, verdict = self.diagnosis.diagnosed(stream, now, rows, live, found, changes)
        waits = verdict.kind == "covariate"
        raised = [
            self.watch.catalog.alert(
                self.watch.name,
                self.watch.served.name,
                "drift",
                message,
                detail | ({"confirmed": False} if waits else {}),
            )
        ]
        if not waits:
            self.diagnosis.follow(stream, verdict)
        return raised
