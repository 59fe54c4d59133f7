"""A live service: its predictions logged before they are returned, and its statistics.

Knows the catalog and what is deployed. Knows no HTTP.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypedDict, cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import PredictionRow
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.serving.candidate import Candidate
from mesocosm.serving.deployment import DeployedService
from mesocosm.serving.model_instance import Load, ModelInstance, Row, RowAnswer
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.requests.labels import normalise_label
from mesocosm.serving.requests.refusals import find_refused_field
from mesocosm.serving.requests.request_marks import count_traffic, mark_of
from mesocosm.serving.rollout.decision import is_routed_to_new, traffic_share
from mesocosm.serving.settings import Service

MOST_SHADOWS = 100  # batches that wait for a shadow at most; more are not shadowed

Rows = Sequence[Row]
Response = dict[str, object]
"""What is returned of a row: its prediction with its id, or `why` there is none."""


class PredictionEvent(TypedDict):
    """A prediction as the world and the console show it: as a firefly."""

    at: float
    id: str
    label: object
    service: str


@dataclass
class Answered:
    """Responses to raw rows in their order, the records to log before they are returned, and the
    milliseconds it took.
    """

    responses: list[Response] = field(default_factory=list)
    records: list[PredictionRow] = field(default_factory=list)
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """A request that was answered: when, in how many milliseconds, and whether it `failed` on our
    side or was `rejected`.
    """

    at: float
    ms: float
    failed: bool
    rejected: bool


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
        self.events: deque[PredictionEvent] = deque(maxlen=500)
        self.times: deque[RequestOutcome] = deque(maxlen=5000)
        # when, and the field over which a row was rejected
        self.rows: deque[tuple[float, str]] = deque(maxlen=5000)
        self.shadows = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self.room = threading.Semaphore(MOST_SHADOWS)

    def predict(self, rows: Rows) -> list[Response]:
        """Predict checked raw rows, each logged with an id before its prediction is returned.

        A row that the recipe would have quarantined has `why` instead of a label.
        """
        return self.log(self.answer(rows))

    def log(self, answered: Answered) -> list[Response]:
        """Log the records of responses; returns the responses once that is done."""
        records = answered.records
        if records:
            if self.journal:
                self.journal.write(records)
            else:
                self.catalog.log(records)
            self._count_traffic([r for r in records if not r["mark"]])
        return answered.responses

    def _count_traffic(self, records: Sequence[PredictionRow]) -> None:
        """Count predictions of traffic by version, and keep them to be shown."""
        for version, rows in Counter(r["version"] for r in records).items():
            self.count(version, rows)
        for r in records:
            label = r["output"]["label"]
            self.events.append({"at": r["at"], "id": r["id"], "label": label, "service": self.name})

    def answer(self, rows: Rows) -> Answered:
        """Predict checked raw rows; nothing is logged yet.

        During a rollout some rows are the candidate's; those that it cannot predict are predicted
        by the deployed version.
        """
        now, candidate = self.now, self.candidate
        assert now is not None
        if candidate is None:
            return self._predict_or_stand_in(now, rows)
        routed = self._route(candidate, rows)
        new = self._answer_by_candidate(now, candidate, _choose(rows, routed, True))
        old = self._answer_by_deployed(now, candidate, _choose(rows, routed, False))
        by_version: dict[bool, Iterator[Response]] = {
            True: iter(new.responses),
            False: iter(old.responses),
        }
        responses = [next(by_version[is_new]) for is_new in routed]
        return Answered(responses, [*new.records, *old.records])

    def _route(self, candidate: Candidate, rows: Rows) -> list[bool]:
        """Which rows are the candidate's; a drill is no evidence about one."""
        setting = self.service.rollout
        share = traffic_share(setting, candidate.rollout["step"])
        return [
            not mark_of(row) and is_routed_to_new(_routing_key(row, setting.key), share)
            for row in rows
        ]

    def _answer_by_candidate(
        self, now: ModelInstance, candidate: Candidate, rows: Rows
    ) -> Answered:
        if not rows:
            return Answered()
        try:
            answered = self._predict(candidate.loaded, rows, check=True)
            if any("died" in response for response in answered.responses):
                raise MesocosmError(Message("serving.its_worker_died"))
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
            pairs = zip(rows, answered.responses, strict=True)
            both = [(row, response) for row, response in pairs if not mark_of(row)]
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

    def _shadow(self, candidate: Candidate, both: Sequence[tuple[Row, Row]]) -> None:
        """Predict by the candidate too, after the response was returned; it is not shown."""
        rows = [row for row, _ in both]
        try:
            answered = self._predict(candidate.loaded, rows, check=True)
            pairs = zip(answered.responses, [theirs for _, theirs in both], strict=True)
            agreed = sum(_read_outcome(ours) == _read_outcome(theirs) for ours, theirs in pairs)
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
        if check:
            _check_rows(model, rows)
        predictions = model.answer(rows)
        answered = Answered(ms=(time.perf_counter() - began) * 1000)
        at = self.catalog.clock()
        for raw, prediction in zip(rows, predictions, strict=True):
            if "out" in prediction:
                record = self._create_record(model, raw, prediction, answered.ms, at)
                answered.records.append(record)
                answered.responses.append(_create_response(model, raw, record))
            else:
                answered.responses.append(cast(Response, prediction))
            if not mark_of(raw):
                self._count_row(model, prediction, at)
        return answered

    def _create_record(
        self, model: ModelInstance, raw: Row, prediction: RowAnswer, ms: float, at: float
    ) -> PredictionRow:
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

    def _count_row(self, model: ModelInstance, prediction: RowAnswer, at: float) -> None:
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
        at = self.catalog.clock()
        self.times.append(RequestOutcome(at, ms, status >= 500, 400 <= status < 500))

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
        recent = [outcome for outcome in list(self.times) if outcome.at >= since]
        times = sorted(outcome.ms for outcome in recent if not outcome.rejected)
        return {
            "rate": round(len(recent) / seconds, 3),
            "p50_ms": _percentile(times, 0.5),
            "p95_ms": _percentile(times, 0.95),
            "error_rate": _share([outcome.failed for outcome in recent]),
            "refused_rate": _share([outcome.rejected for outcome in recent]),
        }


def _share(flags: Sequence[bool]) -> float | None:
    """The share of requests of which something is so; None without requests."""
    if not flags:
        return None
    return round(sum(flags) / len(flags), 4)


def _choose(rows: Rows, routed: Sequence[bool], is_new: bool) -> Rows:
    """The rows of the new version, or those of the old one."""
    return [row for row, to_new in zip(rows, routed, strict=True) if to_new is is_new]


def _read_outcome(response: Row) -> object:
    """What two versions agree on: the label, or why there is none."""
    return response.get("label", response.get("why"))


def _check_rows(model: ModelInstance, rows: Rows) -> None:
    assert model.fields is not None
    for row in rows:
        model.fields.check(row)


def _create_response(model: ModelInstance, raw: Row, record: PredictionRow) -> Response:
    """A prediction as it is returned, with warnings where there are any."""
    assert model.fields is not None
    response: Response = {"id": record["id"], "version": model.version, **record["output"]}
    warnings = model.fields.warnings(record["input"]["clean"], raw)
    if warnings:
        response["warnings"] = warnings
    return response


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def _routing_key(row: Row, name: str | None) -> str:
    """The key by which a row is routed to a version: a field, or the whole row."""
    if name and row.get(name) is not None:
        return str(row[name])
    return digest(dict(row), size=8)
