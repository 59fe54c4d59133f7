"""The watch over labels: what those that came back say of the answers, and alerts of those that are
right less often.

Knows labels and the catalog; the rest of the watch asks it once a look.
"""

from __future__ import annotations

from mesocosm.core.durations import seconds
from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.alert_closing import next_state
from mesocosm.monitoring.diagnosis import Diagnosis
from mesocosm.monitoring.drift.labelled_predictions import (
    LabelReader,
    explain_unknown,
    is_right,
    read_labels,
)
from mesocosm.monitoring.labels.accuracy_test import MOST_WITHOUT
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream

MOST_LABELLED = 10_000  # answers with a label that one look compares, the newest


class LabelMonitor:
    """What labels say to one monitor."""

    def __init__(self, watch: MonitorState) -> None:
        self.watch = watch

    def look(self, stream: RequestStream) -> list[str]:
        """Answers that turn out wrong more often than they should, though the inputs look as
        before; an alert of it closes by labels too.
        """
        if (
            not self.watch.monitor.drift
            or (now := self.watch.served.now) is None
            or now.fields is None
        ):
            return []
        opened = self.watch.opened("drift", stream.mark)
        for alert in [a for a in opened if a["detail"].get("by") == "labels"]:
            labelled = self.labelled(
                stream, alert["at"], alert_closing.labels_needed(alert["detail"])
            )(None)
            state = next_state(
                alert["detail"], alert_closing.Evidence(labelled=labelled, version=now.version)
            )
            if not state.open:
                self.watch.close(alert, state.why)
                stream.began = self.watch.catalog.clock()
            return []
        if opened or (
            not stream.mark and self.watch.opened("schema")
        ):  # what is open explains wrong answers, until it is over
            return []
        told = self.labelled(stream, stream.began)(None)
        if not told.worse:
            return []
        closed = max(
            (
                a["cleared_at"] or 0.0
                for a in self.watch.catalog.alerts()
                if a["monitor"] == self.watch.name
                and a["detail"].get("by") == "labels"
                and a["detail"].get("mark", "") == stream.mark
            ),
            default=0.0,
        )
        if (
            closed > stream.began
        ):  # a person closed one, with a reason: only what came since tells of another
            stream.began = closed
            return self.look(stream)
        verdict = Diagnosis("concept", round(told.gap, 4), "retrain", told.why)
        self.watch.last["verdict"] = verdict.as_json()
        drill = "drill: " if stream.mark else ""
        detail = {
            "by": "labels",
            "features": [],
            "rows": told.rows,
            "gap": round(told.gap, 4),
            "p": told.p,
            "verdict": verdict.as_json(),
            "mark": stream.mark,
            "version": now.version,
        }
        raised = [
            self.watch.catalog.alert(
                self.watch.name,
                self.watch.served.name,
                "drift",
                f"{drill}answers of {self.watch.served.name} are right less often: {verdict.why};"
                f" remedy: {verdict.remedy}",
                detail,
            )
        ]
        if self.watch.monitor.reacts_with("retrain"):
            self.watch.retrain(self.watch.served.name, drill + verdict.why)
        return raised

    def labelled(self, stream: RequestStream, since: float, most: int = 0) -> LabelReader:
        """What labels say of the answers of the version that serves, given since a moment (the
        newest of them where a number is given).
        """
        now = self.watch.served.now
        came = [
            r
            for r in self.watch.catalog.labelled(
                self.watch.served.name, since, stream.mark, MOST_LABELLED
            )
            if now and r["version"] == now.version and r["at"] >= since
        ]
        judged = [
            (r, right) for r in came if (right := is_right(r, self.watch.known, now)) is not None
        ]
        if not stream.mark:
            self.watch.last["labels"] = explain_unknown(
                len(came), len(judged), self.watch.known, now
            )
        judged = judged[-most:]
        times = [r["at"] for r, _ in judged]
        without = None  # how many of that time have no label; of a time of which some were taken out of the log it is not known
        if (
            now
            and times
            and min(times)
            > self.watch.catalog.clock() - seconds(self.watch.served.service.log.keep)
        ):
            most = (MOST_WITHOUT + 1) * len(judged) + 1  # of more nothing is said
            without = max(
                0,
                self.watch.catalog.count_answers(
                    self.watch.served.name, now.version, min(times), max(times), most, stream.mark
                )
                - len(judged),
            )
        return read_labels(judged, now, self.watch.known, without)
