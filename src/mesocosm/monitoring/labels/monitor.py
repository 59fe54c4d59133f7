"""The monitor of labels: compares predictions with the labels received, and raises alerts where
fewer are right than expected.

Knows labels and the catalog; `ServiceMonitor` calls it once a look.
"""

from __future__ import annotations

from collections.abc import Sequence

from mesocosm.catalog.records import Diagnosis
from mesocosm.catalog.rows import AlertRow, LabelledRow
from mesocosm.core.messages import Message
from mesocosm.core.values.durations import seconds
from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.alert_closing import next_state
from mesocosm.monitoring.drift.labelled_predictions import (
    LabelReader,
    explain_unknown,
    is_right,
    read_labels,
)
from mesocosm.monitoring.labels.accuracy_test import MOST_WITHOUT, Labelled
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.serving.model_instance import ModelInstance

MOST_LABELLED = 10_000  # predictions with a label that one look compares, the newest


class LabelMonitor:
    """Alerts about the accuracy of one service, by the labels received."""

    def __init__(self, state: MonitorState) -> None:
        self.state = state

    def look(self, stream: RequestStream) -> list[str]:
        """Test whether predictions are right less often than they should be, though the inputs look
        as before; the ids of alerts raised. Such an alert closes by labels too.
        """
        now = self.state.served.now
        if not self.state.monitor.drift or now is None or now.fields is None:
            return []
        if self._explained(stream, now):
            return []
        return self._test(stream, now)

    def _test(self, stream: RequestStream, now: ModelInstance) -> list[str]:
        """Raise an alert where fewer predictions are right than should be."""
        labelled = self.labelled(stream, stream.began)(None)
        closed = self._last_closed(stream)
        if labelled.worse and closed > stream.began:
            # a person closed one, with a reason: only what came since tells of another
            stream.began = closed
            labelled = self.labelled(stream, stream.began)(None)
        if not labelled.worse:
            return []
        return [self._raise(stream, now, labelled)]

    def _explained(self, stream: RequestStream, now: ModelInstance) -> bool:
        """Whether an open alert explains wrong predictions, until it is over; one of labels is
        reviewed.
        """
        opened = self.state.open_alerts("drift", stream.mark)
        for alert in opened:
            if alert["detail"].get("by") == "labels":
                self._close_if_over(alert, stream, now)
                return True
        return bool(opened) or (not stream.mark and bool(self.state.open_alerts("schema")))

    def _close_if_over(self, alert: AlertRow, stream: RequestStream, now: ModelInstance) -> None:
        most = alert_closing.labels_needed(alert["detail"])
        labelled = self.labelled(stream, alert["at"], most)(None)
        evidence = alert_closing.Evidence(labelled=labelled, version=now.version)
        state = next_state(alert["detail"], evidence)
        if not state.open:
            self.state.close(alert, state.why)
            stream.began = self.state.catalog.clock()

    def _last_closed(self, stream: RequestStream) -> float:
        """When an alert of labels was last closed; 0 where none was."""
        times = [
            a["cleared_at"] or 0.0
            for a in self.state.catalog.alerts()
            if a["monitor"] == self.state.name
            and a["detail"].get("by") == "labels"
            and a["detail"].get("mark", "") == stream.mark
        ]
        return max(times, default=0.0)

    def _raise(self, stream: RequestStream, now: ModelInstance, labelled: Labelled) -> str:
        name = self.state.served.name
        diagnosis = Diagnosis("concept", round(labelled.gap, 4), "retrain", labelled.why)
        self.state.last["verdict"] = diagnosis.to_json()
        message = Message(
            "monitoring.accuracy_dropped",
            prefix=stream.prefix,
            service=name,
            why=diagnosis.why,
            remedy=diagnosis.remedy_name,
        )
        detail = {
            "by": "labels",
            "features": [],
            "rows": labelled.rows,
            "gap": round(labelled.gap, 4),
            "p": labelled.p,
            "verdict": diagnosis.to_json(),
            "mark": stream.mark,
            "version": now.version,
        }
        alert = self.state.raise_alert("drift", message, detail)
        if self.state.monitor.reacts_with("retrain"):
            self.state.retrain(name, f"{stream.prefix}{diagnosis.why}")
        return alert

    def labelled(self, stream: RequestStream, since: float, most: int = 0) -> LabelReader:
        """What labels show of the predictions of the deployed version made since a moment (the
        newest of them where a number is given).
        """
        now, reference = self.state.served.now, self.state.reference
        rows = self._read_labelled(stream, now, since)
        known = [
            (row, right) for row in rows if (right := is_right(row, reference, now)) is not None
        ]
        if not stream.mark:
            unknown = explain_unknown(len(rows), len(known), reference, now)
            self.state.last["labels"] = str(unknown)
        known = known[-most:]
        times = [row["at"] for row, _ in known]
        return read_labels(known, now, reference, self._count_unlabelled(stream, now, times))

    def _read_labelled(
        self, stream: RequestStream, now: ModelInstance | None, since: float
    ) -> list[LabelledRow]:
        """The labelled predictions of the deployed version made since a moment."""
        if now is None:
            return []
        name = self.state.served.name
        rows = self.state.catalog.labelled(name, since, stream.mark, MOST_LABELLED)
        return [r for r in rows if r["version"] == now.version and r["at"] >= since]

    def _count_unlabelled(
        self, stream: RequestStream, now: ModelInstance | None, times: Sequence[float]
    ) -> int | None:
        """How many predictions of the same time have no label; None where it is not known, as of a
        time of which some were deleted from the log.
        """
        if now is None or not times:
            return None
        kept_since = self.state.catalog.clock() - seconds(self.state.served.service.log.keep)
        if min(times) <= kept_since:
            return None
        most = (MOST_WITHOUT + 1) * len(times) + 1  # nothing is concluded from more
        count = self.state.catalog.count_answers(
            self.state.served.name, now.version, min(times), max(times), most, stream.mark
        )
        return max(0, count - len(times))
