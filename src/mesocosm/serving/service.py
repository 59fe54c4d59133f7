"""A live service: its predictions logged before they are returned, and its statistics.

Knows the catalog and what is deployed. Knows no HTTP.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.serving.candidate import Candidate
from mesocosm.serving.deployment import DeployedService
from mesocosm.serving.model_instance import Load, ModelInstance
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.requests.labels import normalise_label
from mesocosm.serving.requests.refusals import find_refused_field
from mesocosm.serving.requests.request_marks import count_traffic, mark_of
from mesocosm.serving.rollout.decision import is_routed_to_new, traffic_share
from mesocosm.serving.settings import Service

MOST_SHADOWS = 100  # batches that wait for a shadow at most; more are not shadowed

Rows = Sequence[Mapping[str, Any]]


@dataclass
class Answered:
    """Responses to raw rows in their order, the records to log before they are returned, and the
    milliseconds it took.
    """

    responses: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    ms: float = 0.0


class LiveService(DeployedService):
    """One service.

    Args:
        load: makes a model instance of a service's name and a deployment's record.
        journal: where predictions are logged; the catalog where not given.
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
        # receives how many rows a version answered
        self.count: Callable[[str, int], None] = lambda version, rows: None
        self.events: deque[dict[str, Any]] = deque(maxlen=500)
        # when, the milliseconds, whether it failed on our side, and whether it was rejected
        self.times: deque[tuple[float, float, bool, bool]] = deque(maxlen=5000)
        # when, and the field over which a row was rejected
        self.rows: deque[tuple[float, str]] = deque(maxlen=5000)
        self.shadows = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self.room = threading.Semaphore(MOST_SHADOWS)

    def predict(self, rows: Rows) -> list[dict[str, Any]]:
        """Predict checked raw rows, each logged with an id before its prediction is returned.

        A row that the recipe would have quarantined has `why` instead of a label.
        """
        return self.log(self.answer(rows))

    def log(self, answered: Answered) -> list[dict[str, Any]]:
        """Log the records of responses; returns the responses once that is done."""
        records = answered.records
        if records:
            if self.journal:
                self.journal.write(records)
            else:
                self.catalog.log(records)
            traffic = [r for r in records if not r["mark"]]
            for version, rows in Counter(r["version"] for r in traffic).items():
                self.count(version, rows)
            self.events.extend(
                {"at": r["at"], "id": r["id"], "label": r["output"]["label"], "service": self.name}
                for r in traffic
            )
        return answered.responses

    def answer(self, rows: Rows) -> Answered:
        """Predict checked raw rows; nothing is logged yet.

        During a rollout some rows are the candidate's; those that it cannot predict are predicted
        by the deployed version.
        """
        now, candidate = self.now, self.candidate
        assert now is not None
        if candidate is None:
            return self._predict_or_stand_in(now, rows)
        setting = self.service.rollout
        share = traffic_share(setting, candidate.rollout["step"])
        # a drill is no evidence about a candidate
        routed = [
            not mark_of(row) and is_routed_to_new(_routing_key(row, setting.key), share)
            for row in rows
        ]
        pairs = list(zip(rows, routed, strict=True))
        new = self._answer_by_candidate(now, candidate, [row for row, is_new in pairs if is_new])
        old = self._answer_by_deployed(now, candidate, [row for row, is_new in pairs if not is_new])
        by_version: dict[bool, Iterator[dict[str, Any]]] = {
            True: iter(new.responses),
            False: iter(old.responses),
        }
        responses = [next(by_version[is_new]) for is_new in routed]
        return Answered(responses, [*new.records, *old.records])

    def _answer_by_candidate(
        self, now: ModelInstance, candidate: Candidate, rows: Rows
    ) -> Answered:
        if not rows:
            return Answered()
        try:
            answered = self._predict(candidate.loaded, rows, check=True)
            if any("died" in response for response in answered.responses):
                raise MesocosmError("its worker died")
        # whatever it is: the request has a response all the same, and the rollout an error
        except Exception as error:
            candidate.new.count_failed(len(rows), error)
            return self._predict_or_stand_in(now, rows)
        candidate.new.count_answered(len(rows), answered.ms)
        return answered

    def _answer_by_deployed(self, now: ModelInstance, candidate: Candidate, rows: Rows) -> Answered:
        if not rows:
            return Answered()
        answered = self._predict_or_stand_in(now, rows)
        traffic = count_traffic(rows)
        candidate.old.count_answered(traffic, answered.ms)
        shadows = self.service.rollout.method == "shadow" and traffic
        if shadows and self.room.acquire(blocking=False):
            both = [
                (row, response)
                for row, response in zip(rows, answered.responses, strict=True)
                if not mark_of(row)
            ]
            self.shadows.submit(self._shadow, candidate, both)
        return answered

    def _predict_or_stand_in(self, model: ModelInstance, rows: Rows) -> Answered:
        """Predict raw rows by a version, or by the one that stands in for it where it broke."""
        try:
            return self._predict(model, rows)
        except MesocosmError:
            if model.broken:
                self._load_deployment()
            now = self.now
            if now is None or now is model:
                raise
            return self._predict(now, rows, check=True)

    def _shadow(
        self, candidate: Candidate, both: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    ) -> None:
        """Predict by the candidate too, after the response was returned; it is not shown."""
        rows = [row for row, _ in both]
        try:
            answered = self._predict(candidate.loaded, rows, check=True)
            agreed = sum(
                ours.get("label", ours.get("why")) == theirs.get("label", theirs.get("why"))
                for ours, (_, theirs) in zip(answered.responses, both, strict=True)
            )
            candidate.new.count_answered(len(rows), answered.ms)
            candidate.new.count_shadowed(len(rows), agreed)
        # whatever it is: no request waits for this response, and the rollout has an error
        except Exception as error:
            candidate.new.count_failed(len(rows), error)
        finally:
            self.room.release()

    def _predict(self, model: ModelInstance, rows: Rows, check: bool = False) -> Answered:
        """Predict raw rows by one version.

        Args:
            check: whether its fields are validated again, as of a version other than the rows were
                checked for.
        """
        began = time.perf_counter()
        assert model.fields is not None
        if check:
            for row in rows:
                model.fields.check(row)
        predictions = model.answer(rows)
        answered = Answered(ms=(time.perf_counter() - began) * 1000)
        at = self.catalog.clock()
        for raw, prediction in zip(rows, predictions, strict=True):
            if "out" in prediction:
                record = self._create_record(model, raw, prediction, answered.ms, at)
                answered.records.append(record)
                answered.responses.append(_create_response(model, raw, record))
            else:
                answered.responses.append(prediction)
            if not mark_of(raw):
                self._count_row(model, prediction, at)
        return answered

    def _create_record(
        self,
        model: ModelInstance,
        raw: Mapping[str, Any],
        prediction: Mapping[str, Any],
        ms: float,
        at: float,
    ) -> dict[str, Any]:
        assert model.fields is not None
        clean = prediction["clean"]
        return {
            "id": "p-" + secrets.token_hex(8),
            "service": self.name,
            "version": model.version,
            "snapshot": model.snapshot,
            "input": {"raw": model.fields.redact(raw, clean), "clean": clean},
            "output": prediction["out"],
            "ms": round(ms, 3),
            "at": at,
            "mark": mark_of(raw),
        }

    def _count_row(self, model: ModelInstance, prediction: Mapping[str, Any], at: float) -> None:
        assert model.fields is not None
        if "out" in prediction:
            self.rows.append((at, ""))
        else:
            why = str(prediction.get("why", ""))
            self.count_rejection(find_refused_field(why, model.fields.fields))

    def feedback(self, prediction: str, label: str) -> None:
        """Record the true label of a prediction.

        Raises:
            ConfigValueError: there is no such prediction, or the label is not one of the model's.
        """
        row = self.catalog.prediction(prediction)
        if row is None or row["service"] != self.name:
            found = Message(
                "serving.not_a_prediction_of", prediction=prediction[:40], name=self.name
            )
            raise ConfigValueError("id", found, Message("serving.id_of_prediction"))
        feedback = {
            "prediction": prediction,
            "service": self.name,
            "label": normalise_label(label, self.name, self.now),
            "at": self.catalog.clock(),
        }
        self.catalog.add(t.FEEDBACK, [feedback])

    def count_request(self, ms: float, status: int) -> None:
        """Count a request: how long it took, and whether it failed (5xx) or was rejected (4xx)."""
        self.times.append((self.catalog.clock(), ms, status >= 500, 400 <= status < 500))

    def count_rejection(self, field: str) -> None:
        """Count a rejected row, by the field over which it was rejected."""
        self.rows.append((self.catalog.clock(), field[:60] or "a row"))

    def count_rejections(self, seconds: float) -> tuple[dict[str, int], int]:
        """The rejected rows of the last seconds, by field, and how many rows there were."""
        since = self.catalog.clock() - seconds
        recent = [name for at, name in list(self.rows) if at >= since]
        return dict(Counter(n for n in recent if n)), len(recent)

    def metrics(self, seconds: float = 60.0) -> dict[str, float | None]:
        """Requests a second, p50 and p95 in milliseconds, the share that failed (5xx) and the share
        that was rejected (4xx), of the last seconds.

        All but the rate are None without requests. p50 and p95 are of the requests that were not
        rejected, since a rejection takes no model's time; they are None where all were.
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

        return {
            "rate": round(len(recent) / seconds, 3),
            "p50_ms": _percentile(times, 0.5),
            "p95_ms": _percentile(times, 0.95),
            "error_rate": round(sum(e[2] for e in recent) / len(recent), 4),
            "refused_rate": round(sum(e[3] for e in recent) / len(recent), 4),
        }


def _create_response(
    model: ModelInstance, raw: Mapping[str, Any], record: Mapping[str, Any]
) -> dict[str, Any]:
    """A prediction as it is returned, with warnings where there are any."""
    assert model.fields is not None
    response = {"id": record["id"], "version": model.version, **record["output"]}
    warnings = model.fields.warnings(record["input"]["clean"], raw)
    if warnings:
        response["warnings"] = warnings
    return response


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def _routing_key(row: Mapping[str, Any], name: str | None) -> str:
    """The key by which a row is routed to a version: a field, or the whole row."""
    if name and row.get(name) is not None:
        return str(row[name])
    return digest(dict(row), size=8)
