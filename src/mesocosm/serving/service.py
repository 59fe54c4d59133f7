"""A service that lives: its answers logged before they are given out, and what is counted of them.

Knows the catalog and what is deployed. Knows no HTTP.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.core.errors import Failure, Wrong
from mesocosm.core.hashing import digest
from mesocosm.serving.candidate import Candidate
from mesocosm.serving.deployment import DeployedService
from mesocosm.serving.model_instance import Load, ModelInstance
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.requests.labels import normalise_label
from mesocosm.serving.requests.refusals import find_refused_field
from mesocosm.serving.requests.request_marks import count_traffic, mark_of
from mesocosm.serving.rollout.decision import is_routed_to_new, traffic_share
from mesocosm.serving.settings import Service

MOST_SHADOWS = 100  # batches that wait for a shadow at most; more are not asked


class LiveService(DeployedService):
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
        journal: PredictionLog | None = None,
    ) -> None:
        super().__init__(name, service, catalog, load)
        self.journal = journal
        self.count: Callable[[str, int], None] = lambda version, rows: (
            None
        )  # is told how many rows a version answered
        self.events: deque[dict[str, Any]] = deque(maxlen=500)
        self.times: deque[tuple[float, float, bool, bool]] = deque(maxlen=5000)
        self.rows: deque[tuple[float, str]] = deque(
            maxlen=5000
        )  # when, and the field over which a row was refused
        self.shadows = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self.room = threading.Semaphore(MOST_SHADOWS)

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
        share = traffic_share(setting, trial.rollout["step"])
        picked = [
            not mark_of(row) and is_routed_to_new(_routing_key(row, setting.key), share)
            for row in rows
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
        self, unit: ModelInstance, rows: Sequence[Mapping[str, Any]]
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
        self,
        trial: Candidate,
        rows: Sequence[Mapping[str, Any]],
        answers: Sequence[Mapping[str, Any]],
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
        self, unit: ModelInstance, rows: Sequence[Mapping[str, Any]], check: bool = False
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
                    self.refused(find_refused_field(str(one.get("why", "")), unit.fields.fields))
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
                    "label": normalise_label(label, self.name, self.now),
                    "at": self.catalog.clock(),
                }
            ],
        )

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


def _routing_key(row: Mapping[str, Any], name: str | None) -> str:
    """What a row is given to a version by."""
    return str(row.get(name)) if name and row.get(name) is not None else digest(dict(row), size=8)
