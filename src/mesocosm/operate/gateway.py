"""The gateway: every service, the console and the world on one port, behind a token.

Knows HTTP. Every failure is problem+json (RFC 9457) with one sentence; nothing is half answered.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from mesocosm.base.durations import seconds
from mesocosm.base.errors import Failure, Wrong, nearest
from mesocosm.operate.batcher import Batcher, Full
from mesocosm.operate.metrics import Metrics
from mesocosm.operate.served import Served
from mesocosm.operate.watch import Watch

MOST_BODY = 2_000_000
MOST_ROWS = 1000
OPEN = ("/healthz", "/readyz")
OWNER = "owner"  # the role of the token that `up` prints; it may do everything
RIGHTS = ("see", "ask", "change")  # each holds those before it
HOSTS = ("127.0.0.1", "localhost", "[::1]", "testserver")


class Problem(Exception):
    """A failure to answer with."""

    def __init__(self, status: int, title: str, detail: str, more: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.title, self.detail, self.more, self.headers = status, title, detail, dict(more or {}), dict(headers or {})
        super().__init__(detail)

    def response(self) -> JSONResponse:
        """The problem as RFC 9457 has it."""
        body = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail, **self.more}
        return JSONResponse(body, self.status, media_type="application/problem+json", headers=self.headers)


def problem_of(wrong: Wrong) -> Problem:
    """A fault of a request as a 422."""
    return Problem(422, "The request cannot be right", str(wrong), {"field": wrong.key, "choices": list(wrong.choices)})


async def body_of(request: Request) -> Any:
    """The request's JSON, bounded.

    Raises:
        Problem: it is too large or no JSON.
    """
    said = request.headers.get("content-length", "0")
    too_large = Problem(413, "The body is too large", f"a body may have {MOST_BODY} bytes at most")
    if said.isdigit() and int(said) > MOST_BODY:
        raise too_large
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BODY:
            raise too_large
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "The body is no JSON", "the body is no JSON that can be read; wanted an object") from error


def right_of(method: str, path: str) -> str:
    """What a request needs: `see` to read, `ask` to use a service, `change` for the rest.

    >>> right_of("POST", "/v1/services/desk/predict"), right_of("POST", "/v1/services/desk/rollback")
    ('ask', 'change')
    """
    if method in ("GET", "HEAD"):
        return "see"
    return "ask" if path.endswith(("/predict", "/feedback", "/chat/completions")) else "change"


def create_app(
    served: Mapping[str, Served], watches: list[Watch], token: str, more: Callable[[FastAPI, Callable[[Any], str | None]], None], metrics: Metrics,
    given: Callable[[str], Mapping[str, str] | None] = lambda token: None,
) -> FastAPI:  # fmt: skip
    """The application.

    Args:
        token: the owner's; one is asked for everywhere but at health.
        more: adds the routes of the console and the world; is handed what tells a connection's role.
        given: the `role` of another token and what it `may`.
    """
    batchers: dict[str, Batcher] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        for name, one in served.items():
            one.refresh()
            batch = one.service.batch
            batchers[name] = Batcher(one.predict, batch.most, seconds(batch.wait), one.service.queue)
        tasks = [asyncio.create_task(_follow(served, metrics)), *(asyncio.create_task(_watch(w)) for w in watches)]
        yield
        for task in tasks:
            task.cancel()
        for batcher in batchers.values():
            await batcher.close()

    app = FastAPI(title="Mesocosm", docs_url=None, redoc_url=None, lifespan=lifespan)

    def said(connection: Any) -> str:
        bearer = connection.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return str(bearer or connection.cookies.get("mesocosm", "") or connection.query_params.get("token", ""))

    def owner(connection: Any) -> bool:
        return secrets.compare_digest(said(connection).encode(), token.encode())

    def role_of(connection: Any) -> str | None:
        """The role of a connection's token, None where it is not known; of a request it stands in `state.role` already.

        Raises:
            Problem: the role may not do this.
        """
        if owner(connection):
            return OWNER
        found = given(said(connection)) if said(connection) else None
        need = right_of(connection.scope.get("method", "GET"), connection.url.path)
        if found and RIGHTS.index(found["may"]) < RIGHTS.index(need):
            raise Problem(403, "The role may not do this", f"'{found['role']}' may {found['may']}, and this needs {need}")
        return found["role"] if found else None

    @app.middleware("http")
    async def guard(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        name = _service_of(request.url.path)
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        try:
            if host not in HOSTS:
                raise Problem(403, "The host is not allowed", "this server answers only on the loopback address")
            if request.url.path not in OPEN:
                request.state.role = OWNER if owner(request) else await asyncio.to_thread(role_of, request)
            if request.url.path not in OPEN and not request.state.role:
                raise Problem(401, "A token is wanted", "give the token that 'mesocosm up' printed, as ?token= or 'Authorization: Bearer'")
            response = await call(request)
        except Problem as problem:
            response = problem.response()
        except Wrong as wrong:
            response = problem_of(wrong).response()
        except Failure as failure:
            response = Problem(503, "Not now", str(failure)).response()
        except Exception as error:
            response = Problem(500, "Mesocosm itself failed", f"{type(error).__name__} while answering; the log has no private values").response()
        took = (time.perf_counter() - began) * 1000
        if name in served and request.method == "POST":
            served[name].note(took, response.status_code >= 500)
            metrics.request(name, response.status_code, took / 1000)
        if request.query_params.get("token") and response.status_code < 400:
            response.set_cookie("mesocosm", said(request), httponly=True, samesite="strict")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def one_of(name: str) -> Served:
        if name not in served:
            near = nearest(name, served)
            hint = f"; did you mean '{near}'?" if near else f"; services: {', '.join(served)}"
            raise Problem(404, "No such service", f"no service is named '{name[:60]}'{hint}")
        return served[name]

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> Response:
        waiting = {n: s.trouble or "loading" for n, s in served.items() if s.now is None}
        return JSONResponse({"ready": not waiting, "waiting": waiting}, 503 if waiting else 200)

    @app.get("/metrics")
    async def scrape() -> Response:
        for name, batcher in batchers.items():
            metrics.queue(name, batcher.queue.qsize(), batcher.sizes[-1] if batcher.sizes else 0)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.post("/v1/services/{name}/predict")
    async def predict(name: str, request: Request) -> Any:
        one = one_of(name)
        now = one.now
        if now is None or now.preparation is None:
            raise Problem(503 if now is None else 422, "It does not predict", one.trouble or f"{name} serves no model; ask it by chat")
        body = await body_of(request)
        rows: list[Any] = body["rows"] if isinstance(body, dict) and isinstance(body.get("rows"), list) else [body]
        if len(rows) > MOST_ROWS or not rows:
            raise Problem(422, "The request cannot be right", f"{len(rows)} rows stand here; wanted 1 to {MOST_ROWS}")
        for row in rows:
            now.preparation.check(row)
        try:
            found = await asyncio.gather(*(batchers[name].run(row) for row in rows))
        except Full as full:
            raise Problem(429, "Too many wait", "the queue is full; try again in a second", headers={"Retry-After": "1"}) from full
        if rows[0] is body:
            if "why" in found[0]:
                raise Problem(422, "The row would not have been kept", found[0]["why"])
            return found[0]
        return {"predictions": found}

    @app.post("/v1/services/{name}/feedback")
    async def feedback(name: str, request: Request) -> Any:
        body = await body_of(request)
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not isinstance(body.get("label"), str):
            raise Problem(422, "The request cannot be right", "wanted an object of two texts, 'id' and 'label'")
        await asyncio.to_thread(one_of(name).feedback, body["id"], body["label"])
        return {"kept": True}

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Any:
        body = await body_of(request)
        messages = body.get("messages") if isinstance(body, dict) else None
        last = messages[-1] if isinstance(messages, list) and messages else {}
        text = last.get("content") if isinstance(last, dict) else None
        if not isinstance(text, str) or not text.strip() or len(text) > 2000:
            raise Problem(422, "The request cannot be right", "wanted 'messages' whose last has a 'content' of 1 to 2000 characters")
        one = one_of(str(body.get("model", "")))
        if one.now is None or one.now.speaker is None:
            raise Problem(422, "It does not speak", f"{one.name} has no table of answers")
        found = await asyncio.to_thread(one.now.speaker.ask, text.strip())
        one.events.append({"at": time.time(), "id": "", "label": "chat", "service": one.name})
        message = {"role": "assistant", "content": found["answer"]}
        return {
            "id": "c-" + secrets.token_hex(8), "object": "chat.completion", "created": int(time.time()), "model": one.name,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "grounding": found,
        }  # fmt: skip

    more(app, role_of)
    return app


def _service_of(path: str) -> str:
    parts = path.split("/")
    return parts[3] if path.startswith("/v1/services/") and len(parts) > 4 else ""


async def _follow(served: Mapping[str, Served], metrics: Metrics) -> None:
    """Follow the catalog: what was deployed elsewhere is loaded here within half a second."""
    while True:
        for one in served.values():
            try:
                if await asyncio.to_thread(one.refresh):
                    metrics.version(one.name, one.now.version if one.now else "")
            except Exception as error:
                one.trouble = f"the catalog cannot be read now ({type(error).__name__})"
        await asyncio.sleep(0.5)


async def _watch(watch: Watch) -> None:
    while True:
        await asyncio.sleep(seconds(watch.monitor.every))
        try:
            await asyncio.to_thread(watch.look)
        except Exception as error:
            watch.last["trouble"] = f"the last look failed ({type(error).__name__})"
