"""A service that lives: its version and answers, swapped whole between two batches.

Knows the catalog and what it is handed to load with. Knows no HTTP.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mesocosm.base.digest import digest
from mesocosm.base.errors import Failure, Wrong
from mesocosm.catalog import Catalog
from mesocosm.catalog import tables as t
from mesocosm.operate.journal import Journal
from mesocosm.operate.marks import count_traffic, mark_of
from mesocosm.operate.moving import promoted, returned, simpler
from mesocosm.operate.prepare import MOST_TEXT, refused_over
from mesocosm.operate.rollout import Side, chosen, decide, share_of
from mesocosm.operate.service import Service
from mesocosm.operate.unit import Load, Unit

AGAIN = 5.0  # seconds between two tries of a version that could not be loaded
MOST_SHADOWS = 100  # batches that wait for a shadow at most; more are not asked


class Count:
    """What one version did since a rollout began, as this process saw it."""

    def __init__(self) -> None:
        self.requests = self.errors = self.both = self.agreed = 0
        self.times: deque[float] = deque(maxlen=2000)

    def took(self, requests: int, ms: float) -> None:
        """Count requests that were answered together."""
        self.requests += requests
        self.times.extend([ms] * requests)

    def failed(self, requests: int) -> None:
        """Count requests that were not answered."""
        self.requests += requests
        self.errors += requests

    def side(self, judged: int, right: int) -> Side:
        """Its figures, with what feedback says."""
        times = sorted(self.times)
        p95 = times[min(len(times) - 1, int(0.95 * len(times)))] if times else 0.0
        return Side(
            self.requests, self.errors, round(p95, 3), judged, right, self.both, self.agreed
        )


@dataclass
class Trial:
    """A new version beside the one that serves."""

    rollout: dict[str, Any]
    loaded: Unit
    new: Count
    old: Count


class Served:
    """One service.

    Args:
        load: makes a unit of a service's name and a deployment's record.
        journal: where predictions are kept; the catalog where not given.
    """

    def __init__(
        self,
        name: str,
        service: Service,
        catalog: Catalog,
        load: Load,
        journal: Journal | None = None,
    ) -> None:
        self.name, self.service, self.catalog, self.load = name, service, catalog, load
        self.journal = journal
        self.count: Callable[[str, int], None] = lambda version, rows: (
            None
        )  # is told how many rows a version answered
        self.now: Unit | None = None
        self.deployed = 0  # the deployment that `now` is, or stands in for
        self.again: float | None = (
            None  # where an older version stands in: when what is deployed is tried again
        )
        self.trial: Trial | None = None
        self.trouble = ""
        self.events: deque[dict[str, Any]] = deque(maxlen=500)
        self.times: deque[tuple[float, float, bool, bool]] = deque(maxlen=5000)
        self.rows: deque[tuple[float, str]] = deque(
            maxlen=5000
        )  # when, and the field over which a row was refused
        self.lock = threading.Lock()
        self.shadows = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self.room = threading.Semaphore(MOST_SHADOWS)

    def refresh(self) -> bool:
        """Load what the catalog says is deployed, and what is tried beside it; the old one serves
        until the new one is warm.
        """
        fresh = self._deployed()
        self._tried()
        return fresh

    def _deployed(self) -> bool:
        with self.lock:
            row = self.catalog.deployment(self.name)
            broken = self.now.broken if self.now else ""
            due = self.again is not None and time.monotonic() >= self.again
            if row is None or (self.now and row["id"] == self.deployed and not broken and not due):
                return False
            trial, old = self.trial, self.now
            if (
                trial
                and trial.rollout["version"] == row["version"]
                and trial.rollout["answers"] == row["answers"]
            ):
                self.now, self.deployed = trial.loaded, row["id"]  # it is warm already
                return _let_go(old)
            try:
                self.now, self.deployed, self.trouble = self._load(row), row["id"], ""
                self.again = None
                self.catalog.clear(f"serving-{self.name}", "what is deployed is whole again")
            except Failure as error:
                self.trouble = str(error)
                if due:
                    self.again = time.monotonic() + AGAIN
                return self._last_good(row, str(error)) if self.now is None or broken else False
            return _let_go(old)

    def _load(self, row: Mapping[str, Any]) -> Unit:
        """A unit.

        Raises:
            Failure: it cannot be loaded, whatever the reason.
        """
        try:
            return self.load(self.name, row)
        except Failure:
            raise
        except Exception as error:
            raise Failure(
                f"{row['version'] or 'its table of answers'} cannot be run ({type(error).__name__})"
            ) from error

    def _last_good(self, row: Mapping[str, Any], why: str) -> bool:
        """Serve what served before, or the simpler model, where what is deployed is not whole; an
        alert says so until it is.
        """
        kept = simpler(self.catalog, self.service.fallback)
        for before in [
            *self.catalog.deployments(self.name)[1:],
            {"version": kept, "answers": row["answers"]},
        ]:
            if (before["version"], before["answers"]) == (
                row["version"],
                row["answers"],
            ) or not before["version"]:
                continue
            try:
                old, self.now, self.deployed = self.now, self._load(before), row["id"]
            except Failure:
                continue
            self.again = time.monotonic() + AGAIN
            monitor = f"serving-{self.name}"
            if not any(a["monitor"] == monitor for a in self.catalog.alerts(open_only=True)):
                self.catalog.alert(
                    monitor,
                    self.name,
                    "corrupt",
                    f"{row['version']} cannot be loaded, and {before['version']} serves: {why}",
                    {"version": row["version"]},
                )
            return _let_go(old)
        self.now = None if self.now and self.now.broken else self.now
        return False

    def _tried(self) -> None:
        """Follow the catalog's rollout: a new one is loaded beside, one that ended is let go, one
        that is due moves on.
        """
        row = self.catalog.rollout(self.name)
        if row is None or self.now is None:
            ended, self.trial = self.trial, None
            if ended and ended.loaded is not self.now:
                _let_go(ended.loaded)
            return
        if self.trial is None or self.trial.rollout["id"] != row["id"]:
            try:
                loaded = self._load(row)
            except Failure as error:
                returned(self.catalog, row, "rollout", f"it cannot be loaded: {error}")
                self._warn(row, str(error))
                return
            if self.trial:
                _let_go(self.trial.loaded)
            self.trial = Trial(row, loaded, Count(), Count())
        self.trial.rollout = row
        self._move(self.trial)

    def _move(self, trial: Trial) -> None:
        row, now = trial.rollout, self.catalog.clock()
        told = self.catalog.told(self.name, row["began"])
        new, old = (
            count.side(*told.get(version, (0, 0)))
            for count, version in ((trial.new, row["version"]), (trial.old, row["before"]))
        )
        step = decide(self.service.rollout, row["step"], new, old, now - row["stepped_at"])
        if step.act == "promote":
            promoted(self.catalog, row, "rollout", step.why, step.detail)
        elif step.act == "return" and returned(self.catalog, row, "rollout", step.why, step.detail):
            self._warn(row, step.why)
        elif step.act in ("step", "hold"):
            values: dict[str, Any] = {"detail": step.detail, "why": step.why} | (
                {"step": step.step, "stepped_at": now} if step.act == "step" else {}
            )
            if values["detail"] != row["detail"] or step.act == "step":
                with self.catalog.transaction() as con:
                    if self.catalog.move_rollout(con, row, "rollout", **values):
                        trial.rollout = row | values

    def _warn(self, row: Mapping[str, Any], why: str) -> None:
        message = (
            f"{row['version']} was taken back from {self.name}, and {row['before']} serves: {why}"
        )
        self.catalog.alert(
            f"rollout-{self.name}", self.name, "rollout", message, {"version": row["version"]}
        )

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predictions of checked raw rows, each logged with an id before it is given out.

        A row that the recipe would have set aside gives `why` instead of a label.
        """
        return self.keep(self.answered(rows))

    def keep(
        self, answered: tuple[list[dict[str, Any]], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """What `answered` gave, once its records are in the log."""
        found, kept = answered
        if kept:
            self.journal.write(kept) if self.journal else self.catalog.log(kept)
            traffic = [k for k in kept if not k["mark"]]
            for version, rows in Counter(k["version"] for k in traffic).items():
                self.count(version, rows)
            self.events.extend(
                {"at": k["at"], "id": k["id"], "label": k["output"]["label"], "service": self.name}
                for k in traffic
            )
        return found

    def answered(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Predictions of checked raw rows, and the records to log before they are given out.

        While a new version is tried, some rows are its; those that it cannot answer are answered by
        the one that serves.
        """
        now, trial = self.now, self.trial
        assert now is not None
        if trial is None:
            return self._surely(now, rows)[:2]
        setting = self.service.rollout
        share = share_of(setting, trial.rollout["step"])
        picked = [
            not mark_of(row) and chosen(_key(row, setting.key), share) for row in rows
        ]  # a drill judges no new version
        mine, theirs = (
            [row for row, pick in zip(rows, picked, strict=True) if pick == which]
            for which in (True, False)
        )
        found: dict[bool, Any] = {True: iter(()), False: iter(())}
        kept: list[dict[str, Any]] = []
        if mine:
            try:
                answers, logs, took = self._said(trial.loaded, mine, check=True)
                if any("died" in a for a in answers):
                    raise Failure("its worker died")
                trial.new.took(len(mine), took)
            except Exception:  # whatever it is: the request has an answer all the same, and the rollout a mark against it
                trial.new.failed(len(mine))
                answers, logs, _ = self._surely(now, mine)
            found[True] = iter(answers)
            kept += logs
        if theirs:
            answers, logs, took = self._surely(now, theirs)
            trial.old.took(count_traffic(theirs), took)
            found[False] = iter(answers)
            kept += logs
            if (
                setting.strategy == "shadow"
                and count_traffic(theirs)
                and self.room.acquire(blocking=False)
            ):
                both = [
                    (row, answer)
                    for row, answer in zip(theirs, answers, strict=True)
                    if not mark_of(row)
                ]
                self.shadows.submit(
                    self._shadow, trial, [row for row, _ in both], [answer for _, answer in both]
                )
        return [next(found[pick]) for pick in picked], kept

    def _surely(
        self, unit: Unit, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], float]:
        """What a version says of raw rows; where it is whole no more, what says the one that stands
        in for it.
        """
        try:
            return self._said(unit, rows)
        except Failure:
            if unit.broken:
                self._deployed()
            now = self.now
            if now is None or now is unit:
                raise
            return self._said(now, rows, check=True)

    def _shadow(
        self, trial: Trial, rows: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]
    ) -> None:
        """Ask the new version too, when the answer is out; nobody sees what it says."""
        try:
            said, _, took = self._said(trial.loaded, rows, check=True)
            trial.new.took(len(rows), took)
            trial.new.both += len(rows)
            trial.new.agreed += sum(
                a.get("label", a.get("why")) == b.get("label", b.get("why"))
                for a, b in zip(said, answers, strict=True)
            )
        except (
            Exception
        ):  # whatever it is: nobody waits for this answer, and the rollout has a mark against it
            trial.new.failed(len(rows))
        finally:
            self.room.release()

    def _said(
        self, unit: Unit, rows: Sequence[Mapping[str, Any]], check: bool = False
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], float]:
        """What one version says of raw rows, the records of it, and the milliseconds it took."""
        began = time.perf_counter()
        assert unit.fields is not None
        for row in rows if check else ():
            unit.fields.check(row)
        said = unit.answer(rows)
        took = (time.perf_counter() - began) * 1000
        at = self.catalog.clock()
        found, kept = [], []
        for raw, one in zip(rows, said, strict=True):
            if "out" not in one:
                found.append(one)
                if not mark_of(raw):
                    self.refused(refused_over(str(one.get("why", "")), unit.fields.fields))
                continue
            if not mark_of(raw):
                self.rows.append((at, ""))
            ident = "p-" + secrets.token_hex(8)
            kept.append(
                {
                    "id": ident,
                    "service": self.name,
                    "version": unit.version,
                    "snapshot": unit.snapshot,
                    "input": {"raw": unit.fields.logged(raw, one["clean"]), "clean": one["clean"]},
                    "output": one["out"],
                    "ms": round(took, 3),
                    "at": at,
                    "mark": mark_of(raw),
                }
            )
            warned = unit.fields.warnings(one["clean"], raw)
            found.append(
                {
                    "id": ident,
                    "version": unit.version,
                    **one["out"],
                    **({"warnings": warned} if warned else {}),
                }
            )
        return found, kept, took

    def feedback(self, prediction: str, label: str) -> None:
        """Keep the label that turned out to be true.

        Raises:
            Wrong: there is no such prediction, or the label is none of the model's.
        """
        row = self.catalog.prediction(prediction)
        if row is None or row["service"] != self.name:
            raise Wrong(
                "id", f"'{prediction[:40]}' is no prediction of {self.name}", "the id of one"
            )
        self.catalog.add(
            t.FEEDBACK,
            [
                {
                    "prediction": prediction,
                    "service": self.name,
                    "label": self._meant(label),
                    "at": self.catalog.clock(),
                }
            ],
        )

    def _meant(self, label: str) -> str:
        """A label given by a person, as the model's own are spelt; an alias of the file is the
        value it stands for.

        Raises:
            Wrong: the model cannot say it.
        """
        says, labels = (
            (self.now.says, list(self.now.labels))
            if self.now and self.now.fields
            else ("classes", [])
        )
        if says in ("text", "tags"):
            if not label.strip() or len(label) > MOST_TEXT:
                raise Wrong(
                    "label",
                    f"a text of {len(label)} characters was given",
                    f"the text that would have been right, at most {MOST_TEXT} characters",
                )
        elif says == "number":
            try:
                if not math.isfinite(float(label)):
                    raise ValueError
            except ValueError as error:
                raise Wrong(
                    "label", f"'{label[:40]}' is no number", "the number that turned out to be true"
                ) from error
        else:
            told = (
                sorted({v.strip() for v in label.split(";") if v.strip()})
                if says == "labels"
                else [label]
            )
            known = self.now.fields.spellings if self.now and self.now.fields else {}
            meant = [
                (
                    one
                    if one in labels
                    else known.get(one.strip(), known.get(one.strip().casefold(), one))
                )
                for one in told or [""]
            ]
            for one in meant:
                if one not in labels:
                    raise Wrong(
                        "label",
                        f"'{one[:40]}' is no label of {self.name}",
                        "its labels with ';' between" if says == "labels" else "one of its labels",
                        labels,
                        one,
                    )
            return "; ".join(sorted(set(meant)) if says == "labels" else meant)
        return label

    def note(self, ms: float, status: int) -> None:
        """Remember how long a request took, whether it failed because of us, and whether it was
        refused.
        """
        self.times.append((self.catalog.clock(), ms, status >= 500, 400 <= status < 500))

    def refused(self, field: str) -> None:
        """Remember that a row was refused, and over which field."""
        self.rows.append((self.catalog.clock(), field[:60] or "a row"))

    def refusals(self, seconds: float) -> tuple[dict[str, int], int]:
        """Of the rows of the last seconds: how many were refused, by field, and how many there
        were.
        """
        since = self.catalog.clock() - seconds
        recent = [name for at, name in list(self.rows) if at >= since]
        return dict(Counter(n for n in recent if n)), len(recent)

    def figures(self, seconds: float = 60.0) -> dict[str, float | None]:
        """Requests a second, p50 and p95 in milliseconds, the share that failed (5xx) and the share
        that was refused (4xx), of the last seconds.

        All but the rate are None where no request came: nothing is known then. p50 and p95 are of
        the requests that were not refused, since a refusal takes no model's time; they are None
        where all were.
        """
        since = self.catalog.clock() - seconds
        recent = [e for e in list(self.times) if e[0] >= since]
        times = sorted(e[1] for e in recent if not e[3])

        if not recent:
            return {
                "rate": 0.0,
                "p50_ms": None,
                "p95_ms": None,
                "error_rate": None,
                "refused_rate": None,
            }

        def pick(share: float) -> float | None:
            return round(times[min(len(times) - 1, int(share * len(times)))], 2) if times else None

        return {
            "rate": round(len(recent) / seconds, 3),
            "p50_ms": pick(0.5),
            "p95_ms": pick(0.95),
            "error_rate": round(sum(e[2] for e in recent) / len(recent), 4),
            "refused_rate": round(sum(e[3] for e in recent) / len(recent), 4),
        }


def _let_go(unit: Unit | None) -> bool:
    """Forget a unit that nothing asks any more; batches under way have it still for a moment."""
    if unit is not None:
        timer = threading.Timer(30.0, unit.close)
        timer.daemon = True
        timer.start()
    return True


def _key(row: Mapping[str, Any], name: str | None) -> str:
    """What a row is given to a version by."""
    return str(row.get(name)) if name and row.get(name) is not None else digest(dict(row), size=8)
