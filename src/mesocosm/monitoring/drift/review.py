"""Open alerts of inputs looked at again: diagnosed anew by more rows, or closed where rows show
that they are over.

Knows the diagnosis and the catalog.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.drift.diagnosis import WIDE, DriftDiagnosis
from mesocosm.monitoring.drift.probes import read_probes
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.serving.model_instance import ModelInstance


class DriftReview:
    """What becomes of the open alerts of one monitor's inputs."""

    def __init__(self, watch: MonitorState, diagnosis: DriftDiagnosis) -> None:
        self.watch, self.diagnosis = watch, diagnosis

    def read_again(
        self, stream: RequestStream, now: ModelInstance, fresh: Sequence[Mapping[str, Any]]
    ) -> None:
        """Look at open alerts again though less than a window came: rows from before a change leave
        one that is not confirmed row by row, and the last rows that were needed may show that
        another is over.

        A fifth of the time at most goes into it.
        """
        began, newest = time.monotonic(), max((r["at"] for r in fresh), default=stream.read)
        if newest <= stream.read or began < stream.rests:
            return
        for alert in [
            a
            for a in self.watch.opened("drift", stream.mark)
            if a["detail"].get("by", "inputs") == "inputs"
        ]:
            self.watch.known.meet(now)
            if not (
                alert["detail"].get("confirmed") is False and self._confirm(alert, stream, now)
            ):
                self._close_if_over(alert, stream, now)
        stream.read, stream.rests = (
            min(newest, self.watch.catalog.clock()),
            5 * time.monotonic() - 4 * began,
        )

    def _confirm(self, alert: Mapping[str, Any], stream: RequestStream, now: ModelInstance) -> bool:
        """Diagnose an open alert anew by as many rows as it was found in or more, of those sent
        since where they suffice; a fault of a source may show later still.

        Returns:
            Whether it says something else now.
        """
        detail, count = (
            alert["detail"],
            int(
                alert["detail"]["where"]["of"]
                if alert["detail"].get("where")
                else alert["detail"]["rows"]
            ),
        )
        since = [
            r
            for r in self.watch.asked(
                max(
                    count, WIDE * self.watch.monitor.drift.window if self.watch.monitor.drift else 0
                ),
                alert["at"],
                stream.mark,
            )
            if r["version"] == now.version
        ]
        enough = len(since) >= count
        rows = (
            since
            if enough
            else [
                r for r in self.watch.asked(count, 0.0, stream.mark) if r["version"] == now.version
            ]
        )
        if len(rows) < count:  # another version serves: what it was sent is too little yet
            return False
        _, found, changes, live = self.diagnosis.moved(stream, now, rows, narrow=True)
        if not changes and not (found and enough and not detail["confirmed"]):
            return False
        message, more, verdict = self.diagnosis.diagnosed(stream, now, rows, live, found, changes)
        self.watch.catalog.amend(
            alert["id"],
            self.watch.name,
            message,
            {**more, "since": detail.get("since", more["since"]), "confirmed": True},
        )
        self.diagnosis.follow(stream, verdict)
        return True

    def review(
        self,
        alert: Mapping[str, Any],
        stream: RequestStream,
        now: ModelInstance,
        fresh: Sequence[Mapping[str, Any]],
    ) -> bool:
        """Close an open alert of inputs where rows show that it is over; else it stays.

        Returns:
            Whether it closed: what its last rows tell of other fields is not known yet.
        """
        if (
            "confirmed" in alert["detail"]
            and alert["detail"]["verdict"]["kind"] == "covariate"
            and self._confirm(alert, stream, now)
        ):
            return False
        seen = self.diagnosis.seen(now, alert_closing.select_part(alert["detail"], fresh))
        if alert_closing.review_inputs(self._beside(alert, now), seen, len(seen), now.version).seen:
            stream.changed = stream.since
            return False
        return self._close_if_over(alert, stream, now)

    def _close_if_over(
        self, alert: Mapping[str, Any], stream: RequestStream, now: ModelInstance
    ) -> bool:
        """Close an open alert of inputs where the rows sent since it was last seen show that it is
        over; those rows are then tested as any others, since they may have another fault.
        """
        assert self.watch.monitor.drift
        detail = self._beside(alert, now)
        count = int(part["of"] if (part := detail.get("where")) else detail.get("rows", 0))
        rows = [
            r
            for r in self.watch.asked(
                min(
                    alert_closing.MOST_REVIEWED, max(3 * count, 2 * self.watch.monitor.drift.window)
                ),
                stream.changed,
                stream.mark,
            )
            if r["version"] == now.version
        ]
        inside = alert_closing.select_part(detail, rows)
        if len(inside) < alert_closing.rows_needed(detail) and not detail.get("unread"):
            return False
        told = alert_closing.review_inputs(
            detail,
            self.diagnosis.seen(now, inside),
            len(alert_closing.select_part(detail, rows[:count])),
            now.version,
        )
        if told.open:
            return False
        self.watch.close(alert, told.why)
        if len(rows) > count:  # rows from before its end may be among the older ones
            stream.changed = rows[count]["at"]
        # labels of what was sent before tell of the fault
        stream.since = stream.began = stream.changed
        return True

    def _beside(self, alert: Mapping[str, Any], now: ModelInstance) -> dict[str, Any]:
        """What an alert keeps, with its probes beside the training rows of the version that
        serves.
        """
        return {
            **alert["detail"],
            **read_probes(alert["detail"], self.watch.known.training(), now.version),
        }
