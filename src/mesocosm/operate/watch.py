"""The watch: looks at live inputs and figures, has a drift judged, raises alerts, and asks for what fits.

Knows tests, the judge and the catalog. It is handed the ways to retrain and to roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesocosm.base.durations import per_second, seconds
from mesocosm.catalog import Catalog
from mesocosm.operate.correction import doubted, floor_of
from mesocosm.operate.drift.features import columns, drifted
from mesocosm.operate.drift.meaning import LEAST, Meaning, meaning
from mesocosm.operate.drift.where import where
from mesocosm.operate.moving import fallen_back, recalibrated
from mesocosm.operate.served import Served
from mesocosm.operate.service import Monitor
from mesocosm.operate.surging import Surges
from mesocosm.operate.unit import Unit
from mesocosm.operate.verdict import FEW, SURE, Verdict, fewer, judged

LEAP = 60.0  # seconds by which a clock that was set back is said to have been set back
WIDE = 10  # windows that a look back takes in, for shifts that a single one is too small to show
MOST_ITEMS = 5000  # answers that one look counts for surges
JUDGED = 300  # rows that the judge has predicted again
RECALLED = 500  # requests of late that tell what is usual of the answers of a version that takes over
FEW_ROWS = 32  # of them in one question, so that those who wait for an answer do not wait for these


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
        self.began = self.since
        self.changed = self.since  # rows before it were changed, as an alert has said; no look back takes them in again
        self.cleared = 0.0  # refusals before it are of an incident that is over
        self.last: dict[str, Any] = {}
        self.detectors: dict[str, Any] = {}
        self.knows: Unit | None = None
        self.meaning: Meaning | None = None
        self.read: list[str] = []  # texts and images, by name
        self.features: dict[tuple[Any, ...], list[float]] = {}  # of the held-out texts and images
        self.held: list[dict[str, Any]] = []
        self.surges: Surges | None = None
        self.counts: Unit | None = None  # whose answers it counts
        self.surged = self.began  # the newest answer that was counted
        self.told = 0  # how often labels were looked at; each look has its share of the level

    def look(self) -> list[str]:
        """One look; returns the ids of alerts raised."""
        return [*self._refused(), *self._drift(), *self._concept(), *self._anomaly(), *self._surge()]

    def _asked(self, most: int, since: float) -> list[dict[str, Any]]:
        """The newest requests since a moment, newest first. Where the clock went ahead and came back, what was logged meanwhile waits until its time has come, and the watch goes on."""
        now = self.catalog.clock()
        return self.catalog.predictions(self.served.name, most=most, since=min(since, now - 1) if since > now + LEAP else since, until=now + LEAP)

    def _open(self, what: str) -> bool:
        return any(a["monitor"] == self.name and a["what"] == what for a in self.catalog.alerts(open_only=True))

    def _refused(self) -> list[str]:
        """Rows that may not be used all at once: a source writes a field otherwise than it did."""
        drift = self.monitor.drift
        refused, rows = self.served.refusals(min(max(60.0, seconds(self.monitor.every)), self.catalog.clock() - self.cleared))
        if not drift or not refused or self._open("schema"):
            return []
        name, count = max(refused.items(), key=lambda e: e[1])
        if count < 10 or count < 0.2 * rows:
            return []
        verdict = Verdict("schema", None, "mend the source", f"{count} of the last {rows} rows of {self.served.name} were refused over {name}: what sends them writes it otherwise than the training rows have it", {"feature": name})
        return [self.catalog.alert(self.name, self.served.name, "schema", f"{verdict.why}; remedy: {verdict.remedy}", {"verdict": verdict.as_json()})]

    def _drift(self) -> list[str]:
        drift, now = self.monitor.drift, self.served.now
        if not drift or not now or now.fields is None:
            return []
        fresh = [r for r in self._asked(drift.window, self.since) if r["version"] == now.version]
        self.last |= {"waiting": len(fresh), "window": drift.window}
        if len(fresh) < drift.window:
            return []
        self.since = max(r["at"] for r in fresh)
        level = per_second(drift.false_alarms) * seconds(self.monitor.every)
        self._met(now)
        training = now.fields.training | (self.meaning.training if self.meaning and self._along() else {})
        rows, live, opened = fresh, self._meant([r["input"]["clean"] for r in fresh]), [a for a in self.catalog.alerts(open_only=True) if a["monitor"] == self.name and a["what"] == "drift"]
        needed = min(WIDE * drift.window, max((a["detail"].get("rows", 0) for a in opened), default=0))  # an alert clears after as many rows as it was found in
        found, tested = drifted(training, columns(live), level / 2, drift.method, self._whole(fresh))
        if not found and opened and needed <= drift.window:  # it showed in one window, and now one is without it
            self.changed = min(r["at"] for r in fresh)
        elif not found:  # a small shift shows over many windows only
            rows = [r for r in self._asked(WIDE * drift.window, self.changed) if r["version"] == now.version]
            if len(rows) > drift.window:
                live = [r["input"]["clean"] for r in rows]
                found, wide = drifted(now.fields.training, columns(live), level / 2, drift.method)
                tested |= {k: min(p, tested.get(k, 1.0)) for k, p in wide.items()}
        self.last |= {"p_values": tested, "level": level / 2 / max(1, len(tested)), "looked_at": self.catalog.clock()}
        if not found and opened and len(rows) < needed:
            return []
        if not found:
            self.last.pop("verdict", None)
            if self.catalog.clear(self.name, f"the last {len(rows)} rows look like the training rows again"):
                self.cleared = self.catalog.clock()
            return []
        self.changed = self.since
        if opened:
            return []
        worst = found[0]
        part = where(worst["feature"], training, live, level / 2, drift.method)
        if part:  # what a part of the rows shows is judged by that part
            inside = [k for k, row in enumerate(live) if row.get(part["field"]) == part["value"]]
            rows, live = [rows[k] for k in inside], [live[k] for k in inside]
            found = [f for f in drifted(training, columns(live), level / 2, drift.method)[0] if f["feature"] == worst["feature"]] or found
            worst = found[0]
        verdict = self._judged(found, training, live, level)
        self.last["verdict"] = verdict.as_json()
        moved = f", median {worst['median_before']:.6g} -> {worst['median_now']:.6g}" if "median_now" in worst else ""
        names = ", ".join(f["feature"] for f in found)
        told = f", all of it where {part['field']} is '{part['value']}' ({part['rows']} of {part['of']} rows)" if part else ""
        message = f"inputs of {self.served.name} drifted in {names} (p {worst['p']:.1e} over {len(rows)} rows{moved}){told}: {verdict.why}; remedy: {verdict.remedy}"
        detail = {"features": found, "rows": part["of"] if part else len(rows), "where": part, "verdict": verdict.as_json(), "predictions": [r["id"] for r in rows[:20]]}
        raised = [self.catalog.alert(self.name, self.served.name, "drift", message, detail)]
        wanted = {"retrain", "recalibrate"} & set(self.monitor.on_drift)
        if "recalibrate" in wanted and verdict.remedy == "recalibrate":
            recalibrated(self.catalog, self.served.name, verdict.detail["weights"], self.name, verdict.why)
        elif "retrain" in wanted and verdict.remedy == "retrain":
            self.retrain(self.served.name, verdict.why)
        elif wanted:
            with self.catalog.transaction() as con:
                self.catalog.write_audit(con, self.name, "judge", self.served.name, f"left as it is: {verdict.why}; remedy: {verdict.remedy}")
        return raised

    def _met(self, unit: Unit) -> None:
        """Get to know what the held-out rows of a version mean, once."""
        if self.knows is not unit:
            self.held = unit.held()[:JUDGED]
            self.read, self.features = [n for n, f in (unit.fields.fields if unit.fields else {}).items() if f.get("type") in ("text", "image")], {}
            vectors = self._vectors(unit, self.held)
            self.features = dict(zip(map(self._key, self.held), vectors, strict=False))
            self.meaning = meaning(", ".join(self.read), vectors) if self.read else None
            self.last.pop("unwatched", None)
            if 0 < len(vectors) < LEAST:
                self.last["unwatched"] = f"{', '.join(self.read)}: {len(vectors)} rows are held out, and {LEAST} are needed"
            if self.meaning:
                self.held = [row | more for row, more in zip(self.held, self.meaning.held, strict=True)]
            self.knows = unit

    def _key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(str(row.get(n)) for n in self.read)

    def _vectors(self, unit: Unit, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        """Features of rows; each text and image is read once."""
        if not self.read:
            return []
        fresh = {key: row for row in rows if (key := self._key(row)) not in self.features}
        vectors = unit.vectors(list(fresh.values())) if fresh else []
        if fresh and not vectors:
            return []  # the model reads neither
        known = self.features | dict(zip(fresh, vectors, strict=True))
        return [known[self._key(row)] for row in rows]

    def _meant(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Rows with what their texts and images mean."""
        if not self.meaning or not self.knows or not self._along():
            return list(rows)
        return [dict(row) | more for row, more in zip(rows, self.meaning.along(self._vectors(self.knows, rows)), strict=True)]

    def _along(self) -> bool:
        """Whether texts and images are tested by directions."""
        return self.monitor.drift is not None and self.monitor.drift.meaning == "directions"

    def _whole(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """The p-value of the texts and images of logged rows, where they are tested together."""
        drift = self.monitor.drift
        if not self.meaning or not self.knows or not drift or drift.meaning == "directions":
            return {}
        return self.meaning.whole(self._vectors(self.knows, [r["input"]["clean"] for r in rows]), drift.meaning)

    def _judged(self, found: Sequence[Mapping[str, Any]], training: Mapping[str, Any], live: Sequence[Mapping[str, Any]], level: float) -> Verdict:
        drift, unit = self.monitor.drift, self.served.now
        assert drift and unit and unit.fields
        units = {n: f.get("unit") for n, f in unit.fields.fields.items()}
        return judged(found, training, live[:JUDGED], unit.predict, self.held, self._labelled, drift.harm, level, units)

    def _concept(self) -> list[str]:
        """Answers that turn out wrong more often than they should, though the inputs look as before; looked at when their number has doubled."""
        if not self.monitor.drift or self.served.now is None:
            return []
        rows, right, expected = self._labelled()
        if rows < FEW * 2**self.told or self._open("drift"):
            return []
        self.told += 1
        if fewer(rows, right, expected) >= SURE / (self.told * (self.told + 1)):
            return []
        verdict = Verdict("concept", round((expected - right) / rows, 4), "retrain", f"of {rows} answers whose label came back {right} were right, where {expected:.0f} were expected: what the inputs say of the answer has changed")
        self.last["verdict"] = verdict.as_json()
        raised = [self.catalog.alert(self.name, self.served.name, "drift", f"answers of {self.served.name} are right less often: {verdict.why}; remedy: {verdict.remedy}", {"features": [], "rows": rows, "verdict": verdict.as_json()})]
        if "retrain" in self.monitor.on_drift:
            self.retrain(self.served.name, verdict.why)
        return raised

    def _labelled(self) -> tuple[int, int, float]:
        """Of the answers since the watch began whose label came back: how many, how many were right, and how many should be."""
        now = self.served.now
        rows = [r for r in self.catalog.labelled(self.served.name, self.began) if now and r["version"] == now.version and "probability" in r["output"]]
        right = sum(str(r["output"]["label"]) == r["label"] for r in rows)
        return len(rows), right, sum(float(r["output"]["probability"]) for r in rows)

    def _surge(self) -> list[str]:
        """Answers of one kind that come far more often than they did; the alert has the items."""
        setting, now = self.monitor.surge, self.served.now
        if not setting or not now or now.fields is None:
            return []
        if self.surges is None or self.counts is not now:  # what is usual of one version's answers is not of another's
            self.counts = now
            rows = now.held()[:JUDGED]
            said = now.predict(rows) if rows else []
            if setting.unsure:
                floor = floor_of(said, self.served.service.abstain or 0.0, None)
                said = [doubted(one, floor) for one in said]
            self.surges = Surges(setting, [row | {"label": setting.told(one), "sure": setting.sure(one)} for row, one in zip(rows, said, strict=True)])
            self.surges.risen |= {str(a["detail"].get("group")) for a in self._surging()}  # told before this one began to look
            self.surges.remember(self._recalled(now))
        fresh = self._asked(MOST_ITEMS, self.surged)[::-1]
        raised = []
        for row in fresh:
            self.surged = max(self.surged, row["at"])
            if row["version"] != now.version:  # one that is tried beside it, or served before
                continue
            found = self.surges.see(dict(row["input"]["clean"]) | {"label": setting.told(row["output"]), "sure": setting.sure(row["output"]), "id": row["id"]})
            if found and "over" in found:
                for alert in self._surging():
                    if alert["detail"].get("group") == found["group"]:
                        self.catalog.clear(self.name, f"{found['count']} of the last {found['seen']} items are '{setting.counted}', as is usual", alert["id"])
            elif found:
                group = f" in {setting.by} '{found['group']}'" if setting.by else ""
                of = f" from {found['senders']} senders" if found["senders"] else ""
                message = f"'{setting.counted}' surged at {self.served.name}{group}: {found['count']} of {found['seen']} items{of}, where {found['usual']:.0%} is usual"
                message += f"; 'mesocosm labels {self.served.service.serves} --new' shows what they ask for" if setting.unsure else ""
                items = [{k: i.get(k) for k in ("id", setting.once, setting.sender) if k} for i in found["items"]]
                raised.append(self.catalog.alert(self.name, self.served.name, "surge", message, found | {"items": items}))
        self.last |= {"surge": {"usual": {g or "all": share for g, share in self.surges.usual(list(self.surges.known) or [""]).items()}, "left_out": dict(self.surges.left_out)}}
        return raised

    def _recalled(self, unit: Unit) -> list[dict[str, Any]]:
        """Requests of late that were no part of a surge, with what a version says of them now: what is usual need not be learnt anew with each version."""
        setting = self.monitor.surge
        if not setting or unit.fields is None or any(f.get("image") for f in unit.fields.fields.values()):
            return []  # an image is not kept
        told = self._surging(open_only=False)
        items = {str(i.get("id")) for a in told for i in a["detail"].get("items", ())}

        def quiet(row: Mapping[str, Any]) -> bool:
            group = str(row["input"]["clean"].get(setting.by)) if setting.by else ""
            return row["id"] not in items and not any(a["detail"].get("group") == group and a["at"] <= row["at"] <= (a["cleared_at"] or row["at"]) for a in told)

        raw = [r["input"]["raw"] for r in self.catalog.predictions(self.served.name, most=RECALLED, until=self.surged)[::-1] if quiet(r)]
        said = [one for at in range(0, len(raw), FEW_ROWS) for one in unit.answer(raw[at : at + FEW_ROWS])]
        return [one["clean"] | {"label": setting.told(one["out"]), "sure": setting.sure(one["out"])} for one in said if "out" in one]

    def _surging(self, open_only: bool = True) -> list[dict[str, Any]]:
        return [a for a in self.catalog.alerts(open_only=open_only) if a["monitor"] == self.name and a["what"] == "surge"]

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
            value = figures[key]
            if value is None:  # no request, no figure
                continue
            detector = self.detectors[key]
            detector.update(value)
            if detector.drift_detected:
                message = f"{key} of {self.served.name} changed to {value:.4g}"
                raised.append(self.catalog.alert(self.name, self.served.name, "anomaly", message, {"figure": key, "value": value}))
                if "rollback" in self.monitor.on_anomaly:
                    self.rollback(self.served.name, message)
                elif "fallback" in self.monitor.on_anomaly:
                    fallen_back(self.catalog, self.served.name, self.served.service.fallback, self.name, message)
        return raised
