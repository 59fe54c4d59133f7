"""The prediction endpoint: the rows of a request checked, batched and predicted. Knows batchers and
roles; knows no other protocol's form.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.permissions import OWNER
from mesocosm.serving.batching import Batcher, DeadlinePassed, QueueFull
from mesocosm.serving.http.bodies import JsonAnswer, read_json
from mesocosm.serving.http.problems import UNPROCESSABLE, Problem
from mesocosm.serving.model_instance import ModelInstance, Row
from mesocosm.serving.requests.refusals import find_refused_field, json_kind
from mesocosm.serving.requests.request_marks import HEADER, MARKS, MarkedRow
from mesocosm.serving.service import Answered, LiveService, Response

MOST_ROWS = 1000
MARK = HEADER.lower().encode()
MOST_ERRORS = 100  # malformed rows that one problem lists
MOST_WAIT = 3_600_000  # milliseconds of a deadline

RowBatcher: TypeAlias = Batcher[Row, Answered, Response]


class PredictHandler:
    """Services by name, with the batcher of each.

    Args:
        served: the services.
        batchers: filled when the gateway starts.
        find_service: a service by its name.
    """

    def __init__(
        self,
        served: Mapping[str, LiveService],
        batchers: Mapping[str, RowBatcher],
        find_service: Callable[[str], LiveService],
    ) -> None:
        self.served, self.batchers, self.find_service = served, batchers, find_service

    def find_model(self, name: str) -> tuple[LiveService, ModelInstance]:
        """A service that predicts, and its deployed model.

        Raises:
            Problem: there is none, or not now.
        """
        service = self.find_service(name)
        now = service.now
        if now is None or now.fields is None:
            status = 503 if now is None else 422
            detail = service.trouble or Message("serving.chat_only", name=name)
            raise Problem(status, Message("serving.does_not_predict"), detail)
        return service, now

    async def predict(
        self,
        service: LiveService,
        model: ModelInstance,
        rows: Sequence[object],
        scope: Scope,
        receive: Receive,
    ) -> list[Response]:
        """Predict raw rows; one that would have been quarantined has `why`.

        Raises:
            Problem: the queue is full, the deadline passed, or the client left.
            ConfigValueError: a row is invalid.
        """
        mark, invalid = self._check(service, model, rows, scope)
        if invalid:
            raise _malformed_rows(invalid, len(rows))
        checked = cast(Sequence[Row], rows)
        return await self._predict(service, model, checked, mark, scope, receive)

    async def predict_valid(
        self,
        service: LiveService,
        model: ModelInstance,
        rows: Sequence[object],
        scope: Scope,
        receive: Receive,
    ) -> list[Response]:
        """Predict raw rows; one that is malformed has `why` and its `field` while others are
        predicted, where there are others.

        Raises:
            Problem: the queue is full, the deadline passed, or the client left.
            ConfigValueError: all rows are invalid.
        """
        mark, invalid = self._check(service, model, rows, scope)
        if len(invalid) == len(rows):
            raise _malformed_rows(invalid, len(rows))
        valid = [row for number, row in enumerate(rows) if number not in invalid]
        checked = cast(list[Row], valid)
        predictions = iter(await self._predict(service, model, checked, mark, scope, receive))
        responses: list[Response] = []
        for number in range(len(rows)):
            if number in invalid:
                wrong = invalid[number]
                responses.append({"why": wrong.render(), "field": wrong.key})
            else:
                responses.append(next(predictions))
        return responses

    def _check(
        self, service: LiveService, model: ModelInstance, rows: Sequence[object], scope: Scope
    ) -> tuple[str, dict[int, ConfigValueError]]:
        """The mark of a request, and its invalid rows by their index."""
        if not 1 <= len(rows) <= MOST_ROWS:
            detail = Message("serving.batch_size", rows=len(rows), most=MOST_ROWS)
            raise Problem(422, UNPROCESSABLE, detail)
        mark = scope["state"]["mark"] = read_mark(scope)
        assert model.fields is not None
        invalid: dict[int, ConfigValueError] = {}
        for number, row in enumerate(rows):
            try:
                model.fields.check(row)
            except ConfigValueError as wrong:
                if not mark:
                    service.count_rejection(wrong.key)
                invalid[number] = wrong
        return mark, invalid

    async def _predict(
        self,
        service: LiveService,
        model: ModelInstance,
        rows: Sequence[Row],
        mark: str,
        scope: Scope,
        receive: Receive,
    ) -> list[Response]:
        """Predict checked rows in batches, until the deadline or until the client leaves."""
        if mark:
            rows = [MarkedRow(row, mark) for row in rows]
        wait, began = _read_deadline(scope), time.time_ns()
        batcher = self.batchers[service.name]
        async with _cancelled_by_client(receive):
            try:
                responses = await _run(batcher, rows, wait)
            finally:
                scope["state"]["prediction"] = {
                    "began": began,
                    "ended": time.time_ns(),
                    "version": model.version,
                    "rows": len(rows),
                }
        if any("died" in response for response in responses):
            raise Problem(
                500,
                Message("serving.worker_died"),
                Message("serving.worker_died_twice"),
            )
        return responses


async def _run(batcher: RowBatcher, rows: Sequence[Row], wait: float | None) -> list[Response]:
    """Run rows in batches within a time, in seconds."""
    try:
        if wait is None:
            return await batcher.run(rows)
        deadline = asyncio.get_running_loop().time() + wait
        return await asyncio.wait_for(batcher.run(rows, deadline), wait)
    except QueueFull as full:
        seconds = max(1, round(full.seconds))
        raise Problem(
            429,
            Message("serving.queue_full"),
            Message("serving.retry_in", seconds=seconds),
            headers={"Retry-After": str(seconds)},
        ) from full
    except (DeadlinePassed, TimeoutError) as late:
        milliseconds = (wait or 0) * 1000
        detail = Message("serving.no_response_in_time", milliseconds=milliseconds)
        raise Problem(408, Message("serving.deadline_exceeded"), detail) from late


@asynccontextmanager
async def _cancelled_by_client(receive: Receive) -> AsyncIterator[None]:
    """Cancel what runs within when the client closes the connection.

    Raises:
        Problem: it did.
    """
    task, left = asyncio.current_task(), False

    async def watch() -> None:
        nonlocal left
        if (await receive())["type"] == "http.disconnect" and task:
            left = True
            task.cancel()

    watching = asyncio.get_running_loop().create_task(watch())
    try:
        yield
    except asyncio.CancelledError as error:
        if not left:
            raise
        detail = Message("serving.closed_before_response")
        raise Problem(499, Message("serving.client_closed"), detail) from error
    finally:
        watching.cancel()


def _malformed_rows(bad: Mapping[int, ConfigValueError], count: int) -> Exception:
    """The error of a request whose rows are malformed, with each of them where there are
    several.
    """
    first = next(iter(bad))
    if count == 1:
        return bad[first]
    errors = [
        {"index": n, "field": wrong.key, "detail": wrong.render()}
        for n, wrong in list(bad.items())[:MOST_ERRORS]
    ]
    more = {"field": bad[first].key, "errors": errors}
    return Problem(
        422,
        UNPROCESSABLE,
        Message("serving.row_problem", row=first, problem=bad[first].render()),
        more,
    )


def _find_header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return None


def _read_deadline(scope: Scope) -> float | None:
    """Seconds within which a response is needed, by the header `X-Deadline-Ms`."""
    value = _find_header(scope, b"x-deadline-ms")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= MOST_WAIT:
        detail = f"X-Deadline-Ms is invalid; expected whole milliseconds, 1 to {MOST_WAIT}"
        raise Problem(400, Message("serving.invalid_header"), detail)
    return int(value) / 1000


def read_mark(scope: Scope) -> str:
    """The mark of a request that is not traffic, by its header.

    Raises:
        Problem: there is no such mark, or the role may not set one.
    """
    given = (_find_header(scope, MARK) or b"").decode("latin-1")
    if given and given not in MARKS:
        detail = f"{HEADER} is '{given[:40]}'; expected {', '.join(MARKS)}"
        raise Problem(400, Message("serving.invalid_header"), detail)
    if given and scope["state"].get("role") != OWNER:
        raise Problem(
            403,
            Message("serving.role_may_not_mark"),
            Message("serving.header_needs_owner", header=HEADER),
        )
    return given


class FastRouter:
    """Routes the most frequent requests before the rest of the application sees them.

    Args:
        routes: endpoints by the version of the interface and the last word of the path.
    """

    def __init__(self, app: ASGIApp, routes: Mapping[tuple[str, str], ASGIApp]) -> None:
        self.app, self.routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, or pass it on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            _, *parts = scope["path"].split("/")
            parameters = _path_parameters(parts)
            endpoint = None
            if parameters:
                endpoint = self.routes.get((parts[0], parts[-1]))
            if endpoint:
                scope["path_params"] = parameters
                scope["fast_route"] = f"/{parts[0]}/{parts[1]}/{{name}}/{parts[-1]}"
                await endpoint(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _path_parameters(parts: Sequence[str]) -> dict[str, str]:
    """The name and version in a path, as parts; empty where it is of another form.

    >>> _path_parameters(["v2", "models", "desk", "versions", "v1", "infer"])
    {'name': 'desk', 'version': 'v1'}
    """
    match list(parts):
        case ["v1", "services", name, _]:
            return {"name": name}
        case ["v2", "models", name, _]:
            return {"name": name}
        case ["v2", "models", name, "versions", version, _]:
            return {"name": name, "version": version}
    return {}


class PredictEndpoint:
    """`POST /v1/services/{name}/predict`: one row, or `rows`."""

    def __init__(self, handler: PredictHandler) -> None:
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        service, model = self.handler.find_model(scope["path_params"]["name"])
        body = await read_json(scope, receive)
        rows = _read_rows(body, model)
        if rows is None:
            responses = await self.handler.predict_valid(service, model, [body], scope, receive)
            response = responses[0]
            if "why" in response:
                more = _refused_field(response, model)
                raise Problem(422, Message("serving.row_quarantined"), str(response["why"]), more)
            await JsonAnswer(response)(scope, receive, send)
            return
        responses = await self.handler.predict_valid(service, model, rows, scope, receive)
        for number, response in enumerate(responses):
            if "why" in response:
                response.update(index=number, **_refused_field(response, model))
        await JsonAnswer({"predictions": responses})(scope, receive, send)


def _read_rows(body: object, model: ModelInstance) -> list[object] | None:
    """The rows of a body; None where it is itself one row."""
    if not isinstance(body, dict):
        return None
    rows = body.get("rows")
    if isinstance(rows, list):
        return rows
    if set(body) == {"rows"} and model.fields and "rows" not in model.fields.fields:
        detail = f"'rows' is {json_kind(rows)}; expected a list of rows, each an object"
        raise Problem(422, UNPROCESSABLE, detail, {"field": "rows"})
    return None


def _refused_field(rejected: Row, model: ModelInstance) -> dict[str, str]:
    """The field that a row was rejected over, where it names one."""
    if not model.fields:
        return {}
    fields = model.fields.fields
    field = str(rejected.get("field") or find_refused_field(str(rejected["why"]), fields))
    if field not in fields:
        return {}
    return {"field": field}
