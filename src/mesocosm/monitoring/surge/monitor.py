"""The monitor of surges: counts predictions of one label, and raises and closes alerts where it
becomes far more frequent.

Knows the detector and the catalog; `ServiceMonitor` calls it once a look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.catalog.rows import AlertRow, PredictionRow
from mesocosm.core.messages import Message, Text
from mesocosm.monitoring.drift.reference import MAX_REFERENCE_ROWS
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.surge.detector import SurgeDetector, SurgeReport
from mesocosm.monitoring.surge.settings import Surge
from mesocosm.serving.model_instance import ModelInstance, Prediction
from mesocosm.serving.rollout.recalibration import find_abstain_threshold, mark_unsure

MOST_ITEMS = 5000  # predictions that one look counts
RECALLED = 500  # recent requests that set the baseline of a version that is newly deployed
FEW_ROWS = 32  # of them in one batch, so that requests do not wait for these
Row = Mapping[str, object]


class SurgeMonitor:
    """Alerts about a label that becomes far more frequent at one service."""

    def __init__(self, state: MonitorState) -> None:
        self.state = state
        self.surges: SurgeDetector | None = None
        self.counts: ModelInstance | None = None  # whose predictions it counts
        self.surged = state.began  # the newest prediction that was counted

    def look(self) -> list[str]:
        """Count new predictions; the ids of alerts raised, each with the items of its surge."""
        setting, now = self.state.monitor.surge, self.state.served.now
        if not setting or not now or now.fields is None:
            return []
        surges = self._find_detector(setting, now)
        raised = self._count_new(setting, now, surges)
        usual = surges.usual(list(surges.known) or [""])
        self.state.last["surge"] = {
            "usual": {group or "all": share for group, share in usual.items()},
            "left_out": dict(surges.left_out),
        }
        return raised

    def _find_detector(self, setting: Surge, now: ModelInstance) -> SurgeDetector:
        """The detector of a version: the baseline of one version's predictions is not another's."""
        if self.surges is None or self.counts is not now:
            self.counts, self.surges = now, self._create_detector(setting, now)
        return self.surges

    def _count_new(self, setting: Surge, now: ModelInstance, surges: SurgeDetector) -> list[str]:
        """Count the predictions of the deployed version since the last look."""
        raised = []
        for row in self.state.read_requests(MOST_ITEMS, self.surged)[::-1]:
            self.surged = max(self.surged, row["at"])
            if row["version"] == now.version:  # not a canary's, nor of a version before
                raised += self._report(setting, surges.see(_to_item(setting, row)))
        return raised

    def _create_detector(self, setting: Surge, now: ModelInstance) -> SurgeDetector:
        """A detector whose baseline is the held-out rows and recent requests."""
        rows = now.held()[:MAX_REFERENCE_ROWS]
        held = []
        for row, prediction in zip(rows, self._predict_held(setting, now, rows), strict=True):
            held.append({**row, **_read_output(setting, prediction)})
        detector = SurgeDetector(setting, held)
        # surges that were reported before this monitor began to look
        detector.risen |= {str(a["detail"].get("group")) for a in self._alerts()}
        detector.remember(self._recall(setting, now))
        return detector

    def _predict_held(
        self, setting: Surge, now: ModelInstance, rows: Sequence[Row]
    ) -> Sequence[Prediction]:
        """Predictions of held-out rows, marked `unsure` where those are counted."""
        if not rows:
            return []
        predictions = now.predict(rows)
        if not setting.unsure:
            return predictions
        floor = find_abstain_threshold(predictions, self.state.served.service.abstain or 0.0, None)
        return [mark_unsure(prediction, floor) for prediction in predictions]

    def _report(self, setting: Surge, found: SurgeReport | None) -> list[str]:
        """Raise or close alerts where a surge began or ended."""
        if not found:
            return []
        if "over" in found:
            self._close(setting, found)
            return []
        items = [_shorten(setting, item) for item in found["items"]]
        message = self._describe(setting, found)
        return [self.state.raise_alert("surge", message, {**found, "items": items})]

    def _close(self, setting: Surge, found: SurgeReport) -> None:
        for alert in self._alerts():
            if alert["detail"].get("group") == found["group"]:
                why = Message(
                    "monitoring.surge_over",
                    counted_items=found["count"],
                    seen=found["seen"],
                    label=setting.counted,
                )
                self.state.catalog.clear(self.state.name, str(why), alert["id"])

    def _describe(self, setting: Surge, found: SurgeReport) -> Message:
        served = self.state.served
        group: Text = ""
        senders: Text = ""
        hint: Text = ""
        if setting.by:
            group = Message("monitoring.surge_group", by=setting.by, group=str(found["group"]))
        if found.get("senders"):
            senders = Message("monitoring.surge_senders", senders=found["senders"])
        if setting.unsure:
            hint = Message("monitoring.surge_hint", model=served.service.model)
        return Message(
            "monitoring.surge",
            label=setting.counted,
            service=served.name,
            group=group,
            counted=found["count"],
            seen=found["seen"],
            senders=senders,
            usual=found["usual"],
            hint=hint,
        )

    def _recall(self, setting: Surge, model: ModelInstance) -> list[Row]:
        """Recent requests that were no part of a surge, with a version's predictions of them, so
        that the baseline need not begin at zero with each version.
        """
        if not model.fields or not model.fields.fields or model.fields.kept_otherwise:
            return []  # an image and a private value are not kept as they came
        raw = self._read_usual(setting)
        recalled: list[Row] = []
        for at in range(0, len(raw), FEW_ROWS):
            for answer in model.answer(raw[at : at + FEW_ROWS]):
                if "out" in answer:
                    recalled.append({**answer["clean"], **_read_output(setting, answer["out"])})
        return recalled

    def _read_usual(self, setting: Surge) -> list[Row]:
        """Recent requests that were no part of a surge, as they came, the oldest first."""
        alerts = self._alerts(open_only=False)
        surged = _surged_items(alerts)
        name = self.state.served.name
        logged = self.state.catalog.predictions(name, most=RECALLED, until=self.surged)
        return [
            row["input"]["raw"]
            for row in logged[::-1]
            if row["id"] not in surged and not _is_in_surge(setting, row, alerts)
        ]

    def _alerts(self, open_only: bool = True) -> list[AlertRow]:
        return [
            a
            for a in self.state.catalog.alerts(open_only=open_only)
            if a["monitor"] == self.state.name and a["what"] == "surge"
        ]


def _read_output(setting: Surge, output: Row) -> dict[str, object]:
    return {"label": setting.read_label(output), "sure": setting.read_probability(output)}


def _to_item(setting: Surge, row: PredictionRow) -> dict[str, object]:
    """A logged request as the detector counts it."""
    return {**row["input"]["clean"], **_read_output(setting, row["output"]), "id": row["id"]}


def _shorten(setting: Surge, item: Row) -> dict[str, object]:
    """What an alert keeps of an item: its id, its text that counts once and its sender."""
    return {key: item.get(key) for key in ("id", setting.once, setting.sender) if key}


def _surged_items(alerts: Sequence[AlertRow]) -> set[str]:
    ids: set[str] = set()
    for alert in alerts:
        ids |= {str(item.get("id")) for item in alert["detail"].get("items", ())}
    return ids


def _is_in_surge(setting: Surge, row: PredictionRow, alerts: Sequence[AlertRow]) -> bool:
    """Whether a request came during a surge of its group."""
    group = ""
    if setting.by:
        group = str(row["input"]["clean"].get(setting.by))
    return any(
        a["detail"].get("group") == group and a["at"] <= row["at"] <= (a["cleared_at"] or row["at"])
        for a in alerts
    )
