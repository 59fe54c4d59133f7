"""What both clients ask, and how they read answers. Knows the gateway's routes; sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

import httpx

from mesocosm.catalog.records import Alert, Alerts
from mesocosm.client.answers import (
    Answer,
    DatasetVersion,
    RunningService,
    ServerStatus,
    Trace,
    WhatIf,
)
from mesocosm.client.predictions import Prediction, prediction_of, row_as_json
from mesocosm.core.records import Json, JsonObject

T = TypeVar("T")
Row = Mapping[str, object]


class Refused(Exception):
    """The gateway's problem, in its words; `status` is HTTP's, `retry_after` seconds where it gives
    them.
    """

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        self.status, self.detail, self.retry_after = status, detail, retry_after
        super().__init__(detail)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[JsonObject], T]
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


def ask_prediction(service: str, row: Row, deadline_ms: int | None) -> Call[Prediction]:
    """The prediction of one row."""
    path = f"/v1/services/{_quote(service)}/predict"
    return Call("POST", path, prediction_of, row_as_json(row), _deadline(deadline_ms))


def ask_predictions(
    service: str, rows: Sequence[Row], deadline_ms: int | None
) -> Call[list[Prediction]]:
    """The predictions of rows, in their order."""
    path = f"/v1/services/{_quote(service)}/predict"
    body = {"rows": [row_as_json(row) for row in rows]}
    return Call("POST", path, _read_predictions, body, _deadline(deadline_ms))


def send_feedback(service: str, prediction: str, label: str) -> Call[None]:
    """The true label of a prediction."""
    path = f"/v1/services/{_quote(service)}/feedback"
    return Call("POST", path, _read_nothing, {"id": prediction, "label": label})


def ask_question(service: str, question: str) -> Call[Answer]:
    """A question to a service with chat."""
    body: Json = {"model": service, "messages": [{"role": "user", "content": question}]}
    return Call("POST", "/v1/chat/completions", _read_answer, body)


def ask_what_if(service: str, row: Row) -> Call[WhatIf]:
    """A row that is not logged, explained."""
    path = f"/v1/services/{_quote(service)}/what-if"
    return Call("POST", path, WhatIf.from_json, row_as_json(row))


def ask_trace(prediction: str) -> Call[Trace]:
    """The lineage of a prediction."""
    return Call("GET", f"/v1/lineage/{_quote(prediction)}", Trace.from_json)


def ask_status() -> Call[ServerStatus]:
    """What runs now."""
    return Call("GET", "/v1/ecosystem", _read_status)


def ask_versions(dataset: str) -> Call[tuple[DatasetVersion, ...]]:
    """The versions of a dataset."""
    return Call("GET", f"/v1/datasets/{_quote(dataset)}/versions", _read_versions)


def read_response(call: Call[T], response: httpx.Response) -> T:
    """What a response says.

    Raises:
        Refused: it reports a problem.
    """
    if response.status_code >= 400:
        raise _refusal(response)
    return call.read(response.json())


def refuse_body(error: TypeError | ValueError) -> Refused:
    """Why a body cannot be sent."""
    if isinstance(error, TypeError):
        return Refused(
            400,
            f"the body has a value that is not JSON ({error}); expected texts, numbers,"
            " booleans, lists and objects",
        )
    return Refused(
        400,
        "the body has a number that is infinite or NaN, which is not JSON; expected a"
        " finite number, or null",
    )


def _quote(name: str) -> str:
    return quote(name, safe="")


def _deadline(milliseconds: int | None) -> dict[str, str]:
    return {"X-Deadline-Ms": str(milliseconds)} if milliseconds else {}


def _read_nothing(answer: JsonObject) -> None:
    return None


def _read_predictions(answer: JsonObject) -> list[Prediction]:
    return [prediction_of(one) for one in _objects(answer.get("predictions"))]


def _read_answer(answer: JsonObject) -> Answer:
    return Answer.from_json(_object(answer.get("grounding")))


def _read_versions(answer: JsonObject) -> tuple[DatasetVersion, ...]:
    return tuple(DatasetVersion.from_json(one) for one in _objects(answer.get("versions")))


def _read_status(answer: JsonObject) -> ServerStatus:
    services = _object(answer.get("services"))
    monitors = _object(answer.get("monitors"))
    silenced = answer.get("silenced")
    names = silenced if isinstance(silenced, Sequence) else ()
    return ServerStatus(
        {name: RunningService.from_json(_object(one)) for name, one in services.items()},
        {name: _object(_object(one).get("last")) for name, one in monitors.items()},
        Alerts([Alert.from_json(one) for one in _objects(answer.get("alerts"))]),
        tuple(str(name) for name in names),
        tuple(str(one["text"]) for one in _objects(answer.get("next"))),
    )


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Json) -> list[JsonObject]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_object(one) for one in value]
    return []


def _refusal(response: httpx.Response) -> Refused:
    """The problem that a response reports, by our form or by that of a protocol of others."""
    body: JsonObject = {}
    if "json" in response.headers.get("content-type", ""):
        try:
            body = _object(response.json())
        except ValueError:  # a proxy's page under the header of JSON
            body = {}
    message = body.get("error")
    if isinstance(message, Mapping):
        message = message.get("message")
    if not message:
        message = body.get("detail", f"the gateway answered {response.status_code}")
    return Refused(response.status_code, str(message), _read_wait(response))


def _read_wait(response: httpx.Response) -> float | None:
    """The seconds of `Retry-After`; None where it has none, or a date."""
    try:
        return float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
