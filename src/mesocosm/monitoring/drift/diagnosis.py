"""A drift told and judged: what moved in the inputs, why, what an alert says of it, and what
follows.

Knows tests, the diagnosis and what labels say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.durations import per_second, seconds
from mesocosm.monitoring.diagnosis import Diagnosis, diagnose_drift
from mesocosm.monitoring.drift.feature_tests import collect_columns, find_drifted
from mesocosm.monitoring.drift.localization import localize_drift
from mesocosm.monitoring.drift.probes import as_json, find_probes
from mesocosm.monitoring.drift.reference import (
    MAX_REFERENCE_ROWS,
    restore_missing,
    to_columns,
    undo_clipping,
)
from mesocosm.monitoring.drift.sentences import describe_median, describe_moved, describe_part
from mesocosm.monitoring.drift.source_changes import Change, find_changes
from mesocosm.monitoring.labels.monitor import LabelMonitor
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.rollout.transitions import recalibrate

WIDE = 10  # windows that a look back takes in, for shifts that a single one is too small to show
EXPLAINED = 1e-3  # false explanations accepted of a drift that is proven


class DriftDiagnosis:
    """What one monitor finds in requests to its service."""

    def __init__(self, watch: MonitorState, labels: LabelMonitor) -> None:
        self.watch, self.labels = watch, labels

    def moved(
        self,
        stream: RequestStream,
        now: ModelInstance,
        fresh: list[dict[str, Any]],
        narrow: bool = False,
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Change], list[Mapping[str, Any]]]:
        """What moved, in the window or, where it is too small to show it, in many: the rows, the
        features, what was done to fields, and the rows as they are tested.
        """
        drift = self.watch.monitor.drift
        assert drift and now.fields
        level = self._level() / 4
        training = self.watch.known.tested()
        units = {n: f.get("unit") for n, f in now.fields.fields.items()}
        tested: dict[str, float] = {}
        rows = fresh
        for wide in (False,) if narrow else (False, True):
            if wide:
                rows = [
                    r
                    for r in self.watch.asked(WIDE * drift.window, stream.changed, stream.mark)
                    if r["version"] == now.version
                ]
                if len(rows) <= drift.window:
                    break
            clean = [r["input"]["clean"] for r in rows]
            live = (
                self.watch.known.meant(clean)
                if self.watch.known.along() and not wide
                else list(clean)
            )
            known = training if not wide else now.fields.training
            found, p = find_drifted(
                known,
                collect_columns(live),
                level,
                drift.method,
                self.watch.known.whole(clean) if not wide else None,
            )
            sent, came = (
                to_columns(restore_missing(rows, now.fields.training)),
                undo_clipping(rows, now.fields.training),
            )
            changes = find_changes(now.fields.training, sent, level, units, came)
            if found and not changes:  # that they moved is proven; what explains it needs less
                moved = {f["feature"] for f in found}
                changes = [
                    c
                    for c in find_changes(now.fields.training, sent, EXPLAINED, units, came)
                    if c.field in moved
                ]
            tested = {k: min(v, tested.get(k, 1.0)) for k, v in p.items()} | {
                k: v for k, v in tested.items() if k not in p
            }
            if found or changes:
                break
        if not stream.mark:
            self.watch.last |= {
                "p_values": tested,
                "level": level / max(1, len(tested)),
                "looked_at": self.watch.catalog.clock(),
            }
        return rows, found, changes, live

    def _level(self) -> float:
        """False alarms accepted for one look."""
        assert self.watch.monitor.drift
        return per_second(self.watch.monitor.drift.false_alarms) * seconds(self.watch.monitor.every)

    def diagnosed(
        self,
        stream: RequestStream,
        now: ModelInstance,
        rows: list[dict[str, Any]],
        live: list[Mapping[str, Any]],
        found: list[dict[str, Any]],
        changes: list[Change],
    ) -> tuple[str, dict[str, Any], Diagnosis]:
        """What moved, as an alert's message and detail."""
        drift, level, training = self.watch.monitor.drift, self._level(), self.watch.known.tested()
        assert drift and now.fields
        units = {n: f.get("unit") for n, f in now.fields.fields.items()}
        part = (
            localize_drift(found[0]["feature"], training, live, level / 2, drift.method)
            if found
            else None
        )
        if part:  # what a part of the rows shows is judged by that part
            inside = [k for k, row in enumerate(live) if row.get(part["field"]) == part["value"]]
            rows, live = [rows[k] for k in inside], [live[k] for k in inside]
            worst = found[0]["feature"]
            found = [
                f
                for f in find_drifted(training, collect_columns(live), level / 2, drift.method)[0]
                if f["feature"] == worst
            ] or found
            if (
                changes or part["rows"] <= part["of"] / 2
            ):  # most of the rows alone tell nothing that all of them do not
                changes = [
                    c
                    for c in find_changes(
                        now.fields.training,
                        to_columns(restore_missing(rows, now.fields.training)),
                        level,
                        units,
                        undo_clipping(rows, now.fields.training),
                    )
                    if c.field == worst
                ] or changes
        verdict = self._judged(
            found,
            training,
            live,
            level,
            changes,
            stream,
            (
                undo_clipping(rows[:MAX_REFERENCE_ROWS], now.fields.training).get(changes[0].field)
                if changes
                else None
            ),
        )
        self.watch.last["verdict"] = verdict.as_json()
        drill = "drill: " if stream.mark else ""
        probes = find_probes(
            found,
            changes,
            self.watch.known.training(),
            self.watch.known.meaning.training if self.watch.known.meaning else {},
            self.seen(now, rows),
        )
        message = (
            f"{drill}inputs of {self.watch.served.name} {describe_moved(found, changes)} over"
            f" {len(rows)} rows{describe_median(found)}){describe_part(part)}: {verdict.why}; remedy:"
            f" {verdict.remedy}"
        )
        detail = {
            "by": "inputs",
            "features": found,
            "rows": len(rows),
            "where": part,
            "verdict": verdict.as_json(),
            "predictions": [r["id"] for r in rows[:20]],
            "since": min(r["at"] for r in rows),
            "mark": stream.mark,
            "version": now.version,
            "probes": as_json(probes),
        }
        if verdict.kind == "concept":
            detail |= {"by": "labels", "gap": verdict.harm, "rows": verdict.detail["labelled"]}
        return message, detail, verdict

    def _judged(
        self,
        found: Sequence[Mapping[str, Any]],
        training: Mapping[str, Any],
        live: Sequence[Mapping[str, Any]],
        level: float,
        changes: Sequence[Change],
        stream: RequestStream,
        sent: Sequence[Any] | None,
    ) -> Diagnosis:
        drift, unit = self.watch.monitor.drift, self.watch.served.now
        assert drift and unit and unit.fields
        units = {n: f.get("unit") for n, f in unit.fields.fields.items()}
        return diagnose_drift(
            found,
            training,
            live[:MAX_REFERENCE_ROWS],
            unit.predict,
            self.watch.known.rows,
            self.labels.labelled(stream, stream.began),
            drift.harm,
            level,
            units,
            changes,
            sent,
        )

    def follow(self, stream: RequestStream, verdict: Diagnosis) -> None:
        """What follows on a diagnosis where the monitor says so."""
        drill, wanted = (
            "drill: " if stream.mark else "",
            {"retrain", "recalibrate"} & set(self.watch.monitor.on_drift),
        )
        if "recalibrate" in wanted and verdict.remedy == "recalibrate" and not stream.mark:
            recalibrate(
                self.watch.catalog,
                self.watch.served.name,
                verdict.detail["weights"],
                self.watch.name,
                verdict.why,
            )
        elif "retrain" in wanted and verdict.remedy == "retrain":
            self.watch.retrain(self.watch.served.name, drill + verdict.why)
        elif wanted:
            with self.watch.catalog.transaction() as con:
                self.watch.catalog.write_audit(
                    con,
                    self.watch.name,
                    "judge",
                    self.watch.served.name,
                    f"left as it is: {drill}{verdict.why}; remedy: {verdict.remedy}",
                )

    def seen(self, now: ModelInstance, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Requests as probes read them: what was missing is None, and texts have their meaning."""
        assert now.fields
        meant = self.watch.known.meant([r["input"]["clean"] for r in rows])
        return [
            {**dict(one), **sent}
            for one, sent in zip(meant, restore_missing(rows, now.fields.training), strict=True)
        ]
