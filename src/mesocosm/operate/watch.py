"""The watch: looks at live inputs, labels and figures, has what moved diagnosed, raises and closes
alerts, and asks for what fits.

Knows tests, the diagnosis and the catalog. It is handed the ways to retrain and to roll back.
Traffic and drills are judged apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesocosm.base.durations import per_second, seconds
from mesocosm.catalog import Catalog
from mesocosm.operate import alerts
from mesocosm.operate.alerts import next_state
from mesocosm.operate.anomaly import Figure
from mesocosm.operate.answers import MOST_WITHOUT
from mesocosm.operate.drift.changes import Change, find_changes
from mesocosm.operate.drift.features import columns, drifted
from mesocosm.operate.drift.held import JUDGED, Held, as_sent, columns_of, unclipped
from mesocosm.operate.drift.labelled import Told, explain_unknown, is_right, read_labels
from mesocosm.operate.drift.sentences import name_moved, name_part, show_median
from mesocosm.operate.drift.where import where
from mesocosm.operate.marks import MARKS
from mesocosm.operate.moving import fallen_back, recalibrated
from mesocosm.operate.served import Served
from mesocosm.operate.service import Monitor
from mesocosm.operate.stream import Stream
from mesocosm.operate.surge_watch import SurgeWatch
from mesocosm.operate.unit import Unit
from mesocosm.operate.verdict import Diagnosis, judged

LEAP = 60.0  # seconds by which a clock that was set back is said to have been set back
WIDE = 10  # windows that a look back takes in, for shifts that a single one is too small to show
EXPLAINED = 1e-3  # false explanations accepted of a drift that is proven
MOST_LABELLED = 10_000  # answers with a label that one look compares, the newest


class Watch:
    """One monitor at work.

    Args:
        retrain: asks for a challenger of a service; called without waiting for it.
        rollback: puts the version before back, with a reason.
    """

    def __init__(
        self,
        name: str,
        monitor: Monitor,
        served: Served,
        catalog: Catalog,
        retrain: Callable[[str, str], None],
        rollback: Callable[[str, str], None],
    ) -> None:
        self.name, self.monitor, self.served, self.catalog = name, monitor, served, catalog
        self.retrain, self.rollback = retrain, rollback
        self.began = catalog.clock()
        self.streams = {mark: Stream(mark, self.began) for mark in ("", *MARKS)}
        self.cleared = 0.0  # refusals before it are of an incident that is over
        self.last: dict[str, Any] = {}
        self.figures: dict[str, Figure] = {}  # those in which anomalies are looked for
        self.known = Held(monitor.drift)
        self.closed: set[str] = set()  # alerts that it closed itself
        self.surge = SurgeWatch(self)

    @property
    def since(self) -> float:
        """The newest request of the traffic that was tested."""
        return self.streams[""].since

    def look(self) -> list[str]:
        """One look; returns the ids of alerts raised."""
        raised = self._refused()
        for stream in self.streams.values():
            raised += [*self._drift(stream), *self._concept(stream)]
        return [*raised, *self._anomaly(), *self.surge.look()]

    def asked(self, most: int, since: float, mark: str = "") -> list[dict[str, Any]]:
        """The newest requests since a moment, newest first. Where the clock went ahead and came
        back, what was logged meanwhile waits until its time has come, and the watch goes on.
        """
        now = self.catalog.clock()
        marked = {"mark": mark} if mark else {}
        return self.catalog.predictions(
            self.served.name,
            most=most,
            since=min(since, now - 1) if since > now + LEAP else since,
            until=now + LEAP,
            **marked,
        )

    def _opened(self, what: str, mark: str = "") -> list[dict[str, Any]]:
        return [
            a
            for a in self.catalog.alerts(open_only=True)
            if a["monitor"] == self.name
            and a["what"] == what
            and a["detail"].get("mark", "") == mark
        ]

    def _close(self, alert: Mapping[str, Any], why: str) -> None:
        self.closed.add(alert["id"])
        self.catalog.clear(self.name, why, alert["id"])
        self.last.pop("verdict", None)

    def _refused(self) -> list[str]:
        """Rows that may not be used all at once: a source writes a field otherwise than it did."""
        drift = self.monitor.drift
        opened = self._opened("schema")
        for alert in opened:
            recent = [name for at, name in list(self.served.rows) if at > alert["at"]][
                -max(60, int(alert["detail"].get("rows", 0))) :
            ]
            state = next_state(
                alert["detail"],
                alerts.Evidence(
                    refused=(recent.count(str(alert["detail"].get("feature"))), len(recent))
                ),
            )
            if not state.open:
                self._close(alert, state.why)
                self.cleared = self.catalog.clock()
        refused, rows = self.served.refusals(
            min(max(60.0, seconds(self.monitor.every)), self.catalog.clock() - self.cleared)
        )
        if not drift or not refused or opened:
            return []
        name, count = max(refused.items(), key=lambda e: e[1])
        if count < 10 or count < 0.2 * rows:
            return []
        verdict = Diagnosis(
            "schema",
            None,
            "mend the source",
            f"{count} of the last {rows} rows of {self.served.name} were refused over {name}: what"
            " sends them writes it otherwise than the training rows have it",
            {"feature": name},
        )
        detail = {
            "verdict": verdict.as_json(),
            "by": "refusals",
            "feature": name,
            "rows": rows,
            "share": count / rows,
        }
        return [
            self.catalog.alert(
                self.name,
                self.served.name,
                "schema",
                f"{verdict.why}; remedy: {verdict.remedy}",
                detail,
            )
        ]

    def _drift(self, stream: Stream) -> list[str]:
        drift, now = self.monitor.drift, self.served.now
        if not drift or not now or now.fields is None:
            return []
        fresh = [
            r
            for r in self.asked(drift.window, stream.since, stream.mark)
            if r["version"] == now.version
        ]
        if not stream.mark:
            self.last |= {"waiting": len(fresh), "window": drift.window}
        if len(fresh) < drift.window:
            self._read_again(stream, now, fresh)
            return []
        if (
            closed := alerts.closed_by_person(
                self.catalog.alerts(), self.name, stream.mark, self.closed
            )
        ) > stream.since:  # with a reason: only rows that came since tell of another fault
            stream.since = stream.changed = closed
            fresh = [r for r in fresh if r["at"] > closed]
            if len(fresh) < drift.window:
                return []
        stream.since = max(r["at"] for r in fresh)
        self.known.meet(now)
        self.last.pop("unwatched", None)
        if self.known.unwatched:
            self.last["unwatched"] = self.known.unwatched
        opened = self._opened("drift", stream.mark)
        for alert in [a for a in opened if a["detail"].get("by", "inputs") == "inputs"]:
            self._review(alert, stream, now, fresh)
            return []
        rows, found, changes, live = self._moved(stream, now, fresh)
        if not found and not changes and not stream.mark and not opened:
            self.last.pop("verdict", None)
        if not changes and (opened or not found):  # what labels opened is open still, and says more
            return []
        return self._raise(stream, now, rows, live, found, changes)

    def _moved(
        self, stream: Stream, now: Unit, fresh: list[dict[str, Any]], narrow: bool = False
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Change], list[Mapping[str, Any]]]:
        """What moved, in the window or, where it is too small to show it, in many: the rows, the
        features, what was done to fields, and the rows as they are tested.
        """
        drift = self.monitor.drift
        assert drift and now.fields
        level = self._level() / 4
        training = self.known.tested()
        units = {n: f.get("unit") for n, f in now.fields.fields.items()}
        tested: dict[str, float] = {}
        rows = fresh
        for wide in (False,) if narrow else (False, True):
            if wide:
                rows = [
                    r
                    for r in self.asked(WIDE * drift.window, stream.changed, stream.mark)
                    if r["version"] == now.version
                ]
                if len(rows) <= drift.window:
                    break
            clean = [r["input"]["clean"] for r in rows]
            live = self.known.meant(clean) if self.known.along() and not wide else list(clean)
            known = training if not wide else now.fields.training
            found, p = drifted(
                known,
                columns(live),
                level,
                drift.method,
                self.known.whole(clean) if not wide else None,
            )
            sent, came = (
                columns_of(as_sent(rows, now.fields.training)),
                unclipped(rows, now.fields.training),
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
            self.last |= {
                "p_values": tested,
                "level": level / max(1, len(tested)),
                "looked_at": self.catalog.clock(),
            }
        return rows, found, changes, live

    def _level(self) -> float:
        """False alarms accepted for one look."""
        assert self.monitor.drift
        return per_second(self.monitor.drift.false_alarms) * seconds(self.monitor.every)

    def _raise(
        self,
        stream: Stream,
        now: Unit,
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
        message, detail, verdict = self._diagnosed(stream, now, rows, live, found, changes)
        waits = verdict.kind == "covariate"
        raised = [
            self.catalog.alert(
                self.name,
                self.served.name,
                "drift",
                message,
                detail | ({"confirmed": False} if waits else {}),
            )
        ]
        if not waits:
            self._follow(stream, verdict)
        return raised

    def _read_again(self, stream: Stream, now: Unit, fresh: Sequence[Mapping[str, Any]]) -> None:
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
            for a in self._opened("drift", stream.mark)
            if a["detail"].get("by", "inputs") == "inputs"
        ]:
            self.known.meet(now)
            if not (
                alert["detail"].get("confirmed") is False and self._confirm(alert, stream, now)
            ):
                self._close_if_over(alert, stream, now)
        stream.read, stream.rests = (
            min(newest, self.catalog.clock()),
            5 * time.monotonic() - 4 * began,
        )

    def _confirm(self, alert: Mapping[str, Any], stream: Stream, now: Unit) -> bool:
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
            for r in self.asked(
                max(count, WIDE * self.monitor.drift.window if self.monitor.drift else 0),
                alert["at"],
                stream.mark,
            )
            if r["version"] == now.version
        ]
        enough = len(since) >= count
        rows = (
            since
            if enough
            else [r for r in self.asked(count, 0.0, stream.mark) if r["version"] == now.version]
        )
        if len(rows) < count:  # another version serves: what it was sent is too little yet
            return False
        _, found, changes, live = self._moved(stream, now, rows, narrow=True)
        if not changes and not (found and enough and not detail["confirmed"]):
            return False
        message, more, verdict = self._diagnosed(stream, now, rows, live, found, changes)
        self.catalog.amend(
            alert["id"],
            self.name,
            message,
            {**more, "since": detail.get("since", more["since"]), "confirmed": True},
        )
        self._follow(stream, verdict)
        return True

    def _diagnosed(
        self,
        stream: Stream,
        now: Unit,
        rows: list[dict[str, Any]],
        live: list[Mapping[str, Any]],
        found: list[dict[str, Any]],
        changes: list[Change],
    ) -> tuple[str, dict[str, Any], Diagnosis]:
        """What moved, as an alert's message and detail."""
        drift, level, training = self.monitor.drift, self._level(), self.known.tested()
        assert drift and now.fields
        units = {n: f.get("unit") for n, f in now.fields.fields.items()}
        part = (
            where(found[0]["feature"], training, live, level / 2, drift.method) if found else None
        )
        if part:  # what a part of the rows shows is judged by that part
            inside = [k for k, row in enumerate(live) if row.get(part["field"]) == part["value"]]
            rows, live = [rows[k] for k in inside], [live[k] for k in inside]
            worst = found[0]["feature"]
            found = [
                f
                for f in drifted(training, columns(live), level / 2, drift.method)[0]
                if f["feature"] == worst
            ] or found
            if (
                changes or part["rows"] <= part["of"] / 2
            ):  # most of the rows alone tell nothing that all of them do not
                changes = [
                    c
                    for c in find_changes(
                        now.fields.training,
                        columns_of(as_sent(rows, now.fields.training)),
                        level,
                        units,
                        unclipped(rows, now.fields.training),
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
                unclipped(rows[:JUDGED], now.fields.training).get(changes[0].field)
                if changes
                else None
            ),
        )
        self.last["verdict"] = verdict.as_json()
        drill = "drill: " if stream.mark else ""
        probes = alerts.find_probes(
            found,
            changes,
            self.known.training(),
            self.known.meaning.training if self.known.meaning else {},
            self._seen(now, rows),
        )
        message = (
            f"{drill}inputs of {self.served.name} {name_moved(found, changes)} over {len(rows)}"
            f" rows{show_median(found)}){name_part(part)}: {verdict.why}; remedy: {verdict.remedy}"
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
            "probes": alerts.as_json(probes),
        }
        if verdict.kind == "concept":
            detail |= {"by": "labels", "gap": verdict.harm, "rows": verdict.detail["labelled"]}
        return message, detail, verdict

    def _follow(self, stream: Stream, verdict: Diagnosis) -> None:
        """What follows on a diagnosis where the monitor says so."""
        drill, wanted = (
            "drill: " if stream.mark else "",
            {"retrain", "recalibrate"} & set(self.monitor.on_drift),
        )
        if "recalibrate" in wanted and verdict.remedy == "recalibrate" and not stream.mark:
            recalibrated(
                self.catalog, self.served.name, verdict.detail["weights"], self.name, verdict.why
            )
        elif "retrain" in wanted and verdict.remedy == "retrain":
            self.retrain(self.served.name, drill + verdict.why)
        elif wanted:
            with self.catalog.transaction() as con:
                self.catalog.write_audit(
                    con,
                    self.name,
                    "judge",
                    self.served.name,
                    f"left as it is: {drill}{verdict.why}; remedy: {verdict.remedy}",
                )

    def _seen(self, now: Unit, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Requests as probes read them: what was missing is None, and texts have their meaning."""
        assert now.fields
        meant = self.known.meant([r["input"]["clean"] for r in rows])
        return [
            {**dict(one), **sent}
            for one, sent in zip(meant, as_sent(rows, now.fields.training), strict=True)
        ]

    def _review(
        self,
        alert: Mapping[str, Any],
        stream: Stream,
        now: Unit,
        fresh: Sequence[Mapping[str, Any]],
    ) -> None:
        """Close an open alert of inputs where rows show that it is over; else it stays."""
        if (
            "confirmed" in alert["detail"]
            and alert["detail"]["verdict"]["kind"] == "covariate"
            and self._confirm(alert, stream, now)
        ):
            return
        seen = self._seen(now, alerts.of_part(alert["detail"], fresh))
        if alerts.review_inputs(self._beside(alert, now), seen, len(seen), now.version).seen:
            stream.changed = stream.since
        else:
            self._close_if_over(alert, stream, now)

    def _close_if_over(self, alert: Mapping[str, Any], stream: Stream, now: Unit) -> None:
        """Close an open alert of inputs where the rows sent since it was last seen show that it is
        over.
        """
        assert self.monitor.drift
        detail = self._beside(alert, now)
        count = int(part["of"] if (part := detail.get("where")) else detail.get("rows", 0))
        rows = [
            r
            for r in self.asked(
                min(alerts.MOST_REVIEWED, max(3 * count, 2 * self.monitor.drift.window)),
                stream.changed,
                stream.mark,
            )
            if r["version"] == now.version
        ]
        inside = alerts.of_part(detail, rows)
        if len(inside) < alerts.rows_needed(detail) and not detail.get("unread"):
            return
        if not (
            told := alerts.review_inputs(
                detail,
                self._seen(now, inside),
                len(alerts.of_part(detail, rows[:count])),
                now.version,
            )
        ).open:
            self._close(alert, told.why)
            if len(rows) > count:  # rows from before its end may be among the older ones
                stream.changed = rows[count]["at"]
            stream.since, stream.began = (
                max(stream.since, stream.changed),
                stream.changed,
            )  # labels of what was sent before tell of the fault

    def _beside(self, alert: Mapping[str, Any], now: Unit) -> dict[str, Any]:
        """What an alert keeps, with its probes beside the training rows of the version that
        serves.
        """
        return {
            **alert["detail"],
            **alerts.read_probes(alert["detail"], self.known.training(), now.version),
        }

    def _judged(
        self,
        found: Sequence[Mapping[str, Any]],
        training: Mapping[str, Any],
        live: Sequence[Mapping[str, Any]],
        level: float,
        changes: Sequence[Change],
        stream: Stream,
        sent: Sequence[Any] | None,
    ) -> Diagnosis:
        drift, unit = self.monitor.drift, self.served.now
        assert drift and unit and unit.fields
        units = {n: f.get("unit") for n, f in unit.fields.fields.items()}
        return judged(
            found,
            training,
            live[:JUDGED],
            unit.predict,
            self.known.rows,
            self._labelled(stream, stream.began),
            drift.harm,
            level,
            units,
            changes,
            sent,
        )

    def _concept(self, stream: Stream) -> list[str]:
        """Answers that turn out wrong more often than they should, though the inputs look as
        before; an alert of it closes by labels too.
        """
        if not self.monitor.drift or (now := self.served.now) is None or now.fields is None:
            return []
        opened = self._opened("drift", stream.mark)
        for alert in [a for a in opened if a["detail"].get("by") == "labels"]:
            labelled = self._labelled(stream, alert["at"], alerts.labels_needed(alert["detail"]))(
                None
            )
            state = next_state(
                alert["detail"], alerts.Evidence(labelled=labelled, version=now.version)
            )
            if not state.open:
                self._close(alert, state.why)
                stream.began = self.catalog.clock()
            return []
        if opened or (
            not stream.mark and self._opened("schema")
        ):  # what is open explains wrong answers, until it is over
            return []
        told = self._labelled(stream, stream.began)(None)
        if not told.worse:
            return []
        closed = max(
            (
                a["cleared_at"] or 0.0
                for a in self.catalog.alerts()
                if a["monitor"] == self.name
                and a["detail"].get("by") == "labels"
                and a["detail"].get("mark", "") == stream.mark
            ),
            default=0.0,
        )
        if (
            closed > stream.began
        ):  # a person closed one, with a reason: only what came since tells of another
            stream.began = closed
            return self._concept(stream)
        verdict = Diagnosis("concept", round(told.gap, 4), "retrain", told.why)
        self.last["verdict"] = verdict.as_json()
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
            self.catalog.alert(
                self.name,
                self.served.name,
                "drift",
                f"{drill}answers of {self.served.name} are right less often: {verdict.why}; remedy:"
                f" {verdict.remedy}",
                detail,
            )
        ]
        if self.monitor.reacts_with("retrain"):
            self.retrain(self.served.name, drill + verdict.why)
        return raised

    def _labelled(self, stream: Stream, since: float, most: int = 0) -> Told:
        """What labels say of the answers of the version that serves, given since a moment (the
        newest of them where a number is given).
        """
        now = self.served.now
        came = [
            r
            for r in self.catalog.labelled(self.served.name, since, stream.mark, MOST_LABELLED)
            if now and r["version"] == now.version and r["at"] >= since
        ]
        judged = [(r, right) for r in came if (right := is_right(r, self.known, now)) is not None]
        if not stream.mark:
            self.last["labels"] = explain_unknown(len(came), len(judged), self.known, now)
        judged = judged[-most:]
        times = [r["at"] for r, _ in judged]
        without = None  # how many of that time have no label; of a time of which some were taken out of the log it is not known
        if (
            now
            and times
            and min(times) > self.catalog.clock() - seconds(self.served.service.log.keep)
        ):
            most = (MOST_WITHOUT + 1) * len(judged) + 1  # of more nothing is said
            without = max(
                0,
                self.catalog.count_answers(
                    self.served.name, now.version, min(times), max(times), most, stream.mark
                )
                - len(judged),
            )
        return read_labels(judged, now, self.known, without)

    def _anomaly(self) -> list[str]:
        anomaly = self.monitor.anomaly
        if not anomaly or not self.served.times:
            return []
        raised = []
        window, now, opened = (
            max(10.0, seconds(self.monitor.every)),
            self.catalog.clock(),
            self._opened("anomaly"),
        )
        for key, value in self.served.figures(window).items():
            if key not in anomaly.on or value is None:  # no request, no figure
                continue
            figure = self.figures.setdefault(key, Figure(key, anomaly.method))
            found, mine = figure.see(value), [a for a in opened if a["detail"].get("figure") == key]
            for alert in mine:
                if why := figure.over(value, now, window, alert["detail"]):
                    self._close(alert, why)
            if found and not mine:
                message = (
                    f"{key} of {self.served.name} changed to {value:.4g}, where"
                    f" {found['before']:.4g} was usual"
                )
                raised.append(
                    self.catalog.alert(
                        self.name, self.served.name, "anomaly", message, {"figure": key, **found}
                    )
                )
                if "rollback" in self.monitor.on_anomaly:
                    self.rollback(self.served.name, message)
                elif "fallback" in self.monitor.on_anomaly:
                    fallen_back(
                        self.catalog,
                        self.served.name,
                        self.served.service.fallback,
                        self.name,
                        message,
                    )
        return raised
