"""The gateway: every service, the console and the world on one port, behind a token.

Knows HTTP and how its parts are put together: the guard before it, batchers behind it, watches and
crews beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from mesocosm.core.durations import seconds
from mesocosm.core.errors import Failure, nearest
from mesocosm.core.version import VERSION
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.serving.auth.middleware import HOSTS, AuthMiddleware
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.batching import Batcher
from mesocosm.serving.http.access_log import AccessLog
from mesocosm.serving.http.bodies import read_body
from mesocosm.serving.http.problems import Problem, render_problem, to_problem
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.protocols import chat
from mesocosm.serving.protocols.open_inference import InferEndpoint, describe_model
from mesocosm.serving.protocols.openapi import build_document
from mesocosm.serving.requests.endpoints import (
    FastRouter,
    PredictEndpoint,
    PredictHandler,
    read_mark,
)
from mesocosm.serving.service import LiveService
from mesocosm.serving.telemetry.metrics import Metrics
from mesocosm.serving.telemetry.tracing import Traces
from mesocosm.serving.workers.pool import WorkerPool

EVERY = 0.5  # seconds between two looks at the catalog

TRAFFIC = (
    "/predict",
    "/infer",
)  # routes that are requests of a service; feedback, what-if and acts of operators are not


def _lanes(crew: WorkerPool) -> int:
    """How many batches a crew takes at once."""
    return crew.lanes


def create_app(
    served: Mapping[str, LiveService],
    watches: Sequence[ServiceMonitor],
    roles: Roles,
    more: Callable[[FastAPI], None],
    metrics: Metrics,
    crews: Mapping[str, WorkerPool] | None = None,
    journal: PredictionLog | None = None,
    logs: AccessLog | None = None,
    traces: Traces | None = None,
    hosts: tuple[str, ...] = HOSTS,
    measure: Callable[[], None] = lambda: None,
    leads: Callable[[], bool] = lambda: True,
    leaving: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The application.

    Args:
        more: adds the routes of the console and the world.
        crews: the workers of services, by name; without them services answer in this process.
        journal: where predictions are logged, brought into the catalog when that takes records
            again.
        hosts: names by which the server may be called.
        measure: sets what metrics are told of the catalog, before they are read.
        leads: whether this gateway is the one that watches.
        leaving: whether it is about to stop, so that it is ready no more.
    """
    batchers: dict[str, Batcher] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        for name, one in served.items():
            await asyncio.to_thread(one.refresh)
            batch = one.service.batch
            target = seconds(batch.target) if batch.target else None
            crew = (crews or {}).get(name)
            batchers[name] = Batcher(
                one.answered,
                batch.most,
                seconds(batch.wait),
                one.service.queue,
                target,
                one.keep,
                partial(_lanes, crew) if crew else None,
            )
        tasks = [
            asyncio.create_task(_follow(served, metrics, crews or {}, journal, logs)),
            *(asyncio.create_task(_watch(w, leads)) for w in watches),
        ]
        yield
        for task in tasks:
            task.cancel()
        for batcher in batchers.values():
            await batcher.close()
        for crew in (crews or {}).values():
            crew.close()
        if journal:
            await asyncio.to_thread(journal.close)
        if logs:
            logs.flush()
        if traces:
            await asyncio.to_thread(traces.close)

    def done(scope: Scope, status: int, took: float) -> None:
        name = scope.get("path_params", {}).get("name", "")
        traffic = scope["path"].endswith(TRAFFIC) and not scope.get("state", {}).get("mark")
        if scope["method"] == "POST" and name in served and traffic:
            served[name].note(took * 1000, status)
            metrics.request(name, status, took)
        if logs:
            logs.request(scope, status, took)
        if traces:
            traces.request(scope, status, took)

    app = FastAPI(
        title="Mesocosm", version=VERSION, docs_url=None, redoc_url=None, lifespan=lifespan
    )

    async def said(request: Request, error: Exception) -> Response:
        return render_problem(to_problem(error), request.url.path)

    for kind in (Problem, Failure, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, said)

    def one_of(name: str) -> LiveService:
        if name not in served:
            near = nearest(name, served)
            hint = f"; did you mean '{near}'?" if near else f"; services: {', '.join(served)}"
            raise Problem(404, "No such service", f"no service is named '{name[:60]}'{hint}")
        return served[name]

    asking = PredictHandler(served, batchers, one_of)

    def described() -> dict[str, Any]:
        return build_document(served, app.routes)

    app.openapi = described  # type: ignore[method-assign]

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    def waiting() -> dict[str, str]:
        return {n: s.trouble or "loading" for n, s in served.items() if s.now is None} | (
            {"server": "stopping"} if leaving() else {}
        )

    @app.get("/readyz")
    async def readyz() -> Response:
        return JSONResponse(
            {"ready": not waiting(), "waiting": waiting()}, 503 if waiting() else 200
        )

    @app.get("/metrics")
    async def scrape() -> Response:
        for name, batcher in batchers.items():
            metrics.queue(name, batcher.waiting, batcher.sizes[-1] if batcher.sizes else 0)
        with suppress(Exception):  # a catalog that cannot be read now leaves the last figures
            await asyncio.to_thread(measure)
        return Response(
            await asyncio.to_thread(metrics.text), media_type="text/plain; version=0.0.4"
        )

    _inference_protocol(app, asking, waiting)

    @app.post("/v1/services/{name}/feedback")
    async def feedback(name: str, request: Request) -> Any:
        one = one_of(name)
        request.state.mark = read_mark(request.scope)
        body = await read_body(request)
        if (
            not isinstance(body, dict)
            or not isinstance(body.get("id"), str)
            or not isinstance(body.get("label"), str)
        ):
            raise Problem(
                422,
                "The request cannot be right",
                "wanted an object of two texts, 'id' and 'label'",
            )
        if journal:
            await asyncio.to_thread(journal.drain)
        await asyncio.to_thread(one.feedback, body["id"], body["label"])
        return {"kept": True}

    chat.add_routes(app, served, one_of)
    more(app)
    direct = FastRouter(
        app, {("v1", "predict"): PredictEndpoint(asking), ("v2", "infer"): InferEndpoint(asking)}
    )
    return AuthMiddleware(direct, roles, hosts, done)


def _inference_protocol(
    app: FastAPI, asking: PredictHandler, waiting: Callable[[], Mapping[str, str]]
) -> None:
    """Health and metadata of the Open Inference Protocol."""

    @app.get("/v2")
    async def server() -> Any:
        return {"name": "mesocosm", "version": VERSION, "extensions": ["binary_tensor_data"]}

    @app.get("/v2/health/live")
    async def live() -> Any:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> Response:
        return JSONResponse({"ready": not waiting()}, 503 if waiting() else 200)

    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def model(name: str, version: str = "") -> Any:
        _, unit = asking.unit(name)
        _is(name, version, unit.version)
        return describe_model(name, unit)

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(name: str, version: str = "") -> Any:
        _, unit = asking.unit(name)
        _is(name, version, unit.version)
        return {"name": name, "ready": True}

    def _is(name: str, wanted: str, runs: str) -> None:
        if wanted and wanted != runs:
            raise Problem(404, "No such version", f"{name} runs {runs}, not '{wanted[:60]}'")


async def _follow(
    served: Mapping[str, LiveService],
    metrics: Metrics,
    crews: Mapping[str, WorkerPool],
    journal: PredictionLog | None,
    logs: AccessLog | None,
) -> None:
    """Follow the catalog: what was deployed elsewhere is loaded here within half a second. Workers
    are looked after, logs brought in.
    """
    while True:
        for one in served.values():
            try:
                if await asyncio.to_thread(one.refresh):
                    metrics.version(one.name, one.now.version if one.now else "")
            except Exception as error:
                one.trouble = f"the catalog cannot be read now ({type(error).__name__})"
        for name, crew in crews.items():
            with suppress(Exception):
                await asyncio.to_thread(crew.tend)
                metrics.worker(name, crew.usage, crew.lanes)
        for call in (journal.drain if journal else None, logs.flush if logs else None):
            if call:
                with suppress(Exception):
                    await asyncio.to_thread(call)
        await asyncio.sleep(EVERY)


async def _watch(watch: ServiceMonitor, leads: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(seconds(watch.monitor.every))
        try:
            if await asyncio.to_thread(leads):
                await asyncio.to_thread(watch.look)
                watch.last.pop("trouble", None)
        except Exception as error:
            watch.last["trouble"] = f"the last look failed ({type(error).__name__})"
