"""A service asked for predictions: the rows of a request checked, batched and answered, in our own
form here. Knows batchers and roles; knows no other protocol's form.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mesocosm.core.errors import Wrong
from mesocosm.core.permissions import OWNER
from mesocosm.serving.batching import Batcher, DeadlinePassed, QueueFull
from mesocosm.serving.http.bodies import JsonAnswer, read_json
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.requests.refusals import find_refused_field, json_kind
from mesocosm.serving.requests.request_marks import HEADER, MARKS, MarkedRow
from mesocosm.serving.service import LiveService

MOST_ROWS = 1000
MARK = HEADER.lower().encode()
MOST_ERRORS = 100  # malformed rows that one problem lists
MOST_WAIT = 3_600_000  # milliseconds of a deadline


class PredictHandler:
    """Services by name, with the batcher of each.

    Args:
        served: the services.
        batchers: filled when the gateway starts.
    """

    def __init__(
        self,
        served: Mapping[str, LiveService],
        batchers: Mapping[str, Batcher],
        one_of: Callable[[str], LiveService],
    ) -> None:
        self.served, self.batchers, self.one_of = served, batchers, one_of

    def unit(self, name: str) -> tuple[LiveService, ModelInstance]:
        """A service that predicts, and what it runs.

        Raises:
            Problem: there is none, or not now.
        """
        one = self.one_of(name)
        now = one.now
        if now is None or now.fields is None:
            raise Problem(
                503 if now is None else 422,
                "It does not predict",
                one.trouble or f"{name} serves no model; ask it by chat",
            )
        return one, now

    async def rows(
        self,
        one: LiveService,
        unit: ModelInstance,
        rows: Sequence[Any],
        scope: Scope,
        receive: Receive,
        apart: bool = False,
    ) -> list[dict[str, Any]]:
        """Predictions of raw rows; one whose row would not have been kept has `why`.

        Args:
            apart: whether a row that is malformed has `why` and its `field` while others are
                answered, where there are others.

        Raises:
            Problem: too many wait, the deadline passed, or nobody waits any more.
            Wrong: a row cannot be right.
        """
        if not 1 <= len(rows) <= MOST_ROWS:
            raise Problem(
                422,
                "The request cannot be right",
                f"{len(rows)} rows stand here; wanted 1 to {MOST_ROWS}",
            )
        mark = scope["state"]["mark"] = read_mark(scope)
        assert unit.fields is not None
        bad: dict[int, Wrong] = {}
        for number, row in enumerate(rows):
            try:
                unit.fields.check(row)
            except Wrong as wrong:
                if not mark:
                    one.refused(wrong.key)
                bad[number] = wrong
        if bad and (not apart or len(bad) == len(rows)):
            raise _malformed_rows(bad, len(rows))
        if bad:
            answered = iter(
                await self.rows(
                    one, unit, [row for n, row in enumerate(rows) if n not in bad], scope, receive
                )
            )
            return [
                {"why": str(bad[n]), "field": bad[n].key} if n in bad else next(answered)
                for n in range(len(rows))
            ]
        if mark:
            rows = [MarkedRow(row, mark) for row in rows]
        loop = asyncio.get_running_loop()
        wait = _read_deadline(scope)
        here, gone = asyncio.current_task(), False

        async def left() -> None:
            nonlocal gone
            if (await receive())["type"] == "http.disconnect" and here:
                gone = True
                here.cancel()

        watch, began = loop.create_task(left()), time.time_ns()
        try:
            run = self.batchers[one.name].run(
                rows, loop.time() + wait if wait is not None else None
            )
            found = await (asyncio.wait_for(run, wait) if wait is not None else run)
        except QueueFull as full:
            seconds = max(1, round(full.seconds))
            raise Problem(
                429,
                "Too many wait",
                f"the queue is full; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            ) from full
        except (DeadlinePassed, TimeoutError) as late:
            raise Problem(
                408,
                "Too late",
                f"no answer could be given within the {wait * 1000 if wait else 0:.0f} ms that the"
                " request allows",
            ) from late
        except asyncio.CancelledError as error:
            if not gone:
                raise
            raise Problem(
                499, "Nobody waits", "the connection was closed before the answer"
            ) from error
        finally:
            watch.cancel()
            scope["state"]["asked"] = {
                "began": began,
                "ended": time.time_ns(),
                "version": unit.version,
                "rows": len(rows),
            }
        if any("died" in said for said in found):
            raise Problem(
                500,
                "The worker died",
                "what runs the model died over this row, twice; others were answered",
            )
        return found


def _malformed_rows(bad: Mapping[int, Wrong], count: int) -> Exception:
    """What is said of a request whose rows are malformed, with each of them where there are
    several.
    """
    first = next(iter(bad))
    if count == 1:
        return bad[first]
    errors = [
        {"index": n, "field": wrong.key, "detail": str(wrong)}
        for n, wrong in list(bad.items())[:MOST_ERRORS]
    ]
    return Problem(
        422,
        "The request cannot be right",
        f"row {first}: {bad[first]}",
        {"field": bad[first].key, "errors": errors},
    )


def _read_deadline(scope: Scope) -> float | None:
    """Seconds within which the answer is wanted, by the header `X-Deadline-Ms`."""
    for name, value in scope["headers"]:
        if name == b"x-deadline-ms":
            if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= MOST_WAIT:
                raise Problem(
                    400,
                    "The header cannot be right",
                    f"X-Deadline-Ms wants whole milliseconds, 1 to {MOST_WAIT}",
                )
            return int(value) / 1000
    return None


def read_mark(scope: Scope) -> str:
    """The mark of a request that is no traffic, by its header.

    Raises:
        Problem: there is no such mark, or the role may not set one.
    """
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == MARK), "")
    if given and given not in MARKS:
        raise Problem(
            400, "The header is invalid", f"{HEADER} is '{given[:40]}'; expected {', '.join(MARKS)}"
        )
    if given and scope["state"].get("role") != OWNER:
        raise Problem(403, "The role may not mark requests", f"{HEADER} needs the owner's token")
    return given


class FastRouter:
    """Answers the routes that are asked most before the rest of the application is.

    Args:
        routes: by version of the interface and last word of the path, what answers.
    """

    def __init__(self, app: ASGIApp, routes: Mapping[tuple[str, str], ASGIApp]) -> None:
        self.app, self.routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass it on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            _, *parts = scope["path"].split("/")
            found = self.routes.get((parts[0], parts[-1])) if len(parts) in (4, 6) else None
            if (
                found
                and parts[1] == ("services" if parts[0] == "v1" else "models")
                and (len(parts) == 4 or (parts[0] == "v2" and parts[3] == "versions"))
            ):
                scope["path_params"] = {"name": parts[2]} | (
                    {"version": parts[4]} if len(parts) == 6 else {}
                )
                scope["told"] = f"/{parts[0]}/{parts[1]}/{{name}}/{parts[-1]}"
                await found(scope, receive, send)
                return
        await self.app(scope, receive, send)


class PredictEndpoint:
    """`POST /v1/services/{name}/predict`: one row, or `rows`."""

    def __init__(self, asking: PredictHandler) -> None:
        self.asking = asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        name = scope["path_params"]["name"]
        service, unit = self.asking.unit(name)
        body = await read_json(scope, receive)
        several = body.get("rows") if isinstance(body, dict) else None
        rows = several if isinstance(several, list) else [body]
        if (
            rows is not several
            and isinstance(body, dict)
            and set(body) == {"rows"}
            and unit.fields
            and "rows" not in unit.fields.fields
        ):
            raise Problem(
                422,
                "The request is invalid",
                f"'rows' is {json_kind(several)}; wanted a list of rows, each an object",
                {"field": "rows"},
            )
        found = await self.asking.rows(service, unit, rows, scope, receive, apart=True)
        if rows and rows[0] is body:
            if "why" in found[0]:
                raise Problem(
                    422,
                    "The row would not have been kept",
                    found[0]["why"],
                    _field_of(found[0], unit),
                )
            await JsonAnswer(found[0])(scope, receive, send)
            return
        await JsonAnswer(
            {
                "predictions": [
                    one | {"index": n} | _field_of(one, unit) if "why" in one else one
                    for n, one in enumerate(found)
                ]
            }
        )(scope, receive, send)


def _field_of(refused: Mapping[str, Any], unit: ModelInstance) -> dict[str, str]:
    """The field that a row was refused over, where it names one."""
    fields = unit.fields.fields if unit.fields else {}
    field = refused.get("field") or find_refused_field(str(refused["why"]), fields)
    return {"field": field} if field in fields else {}
