"""The gateway: every service, the console and the world on one port, behind a token.

Knows HTTP and how its parts are put together: the middleware before it, batchers behind it,
monitors and worker pools beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from mesocosm.core.errors import MesocosmError, nearest
from mesocosm.core.messages import Message
from mesocosm.core.values.durations import seconds
from mesocosm.core.version import VERSION
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.serving.auth.middleware import HOSTS, AuthMiddleware
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.batching import Batcher
from mesocosm.serving.http.access_log import AccessLog
from mesocosm.serving.http.bodies import read_body
from mesocosm.serving.http.problems import UNPROCESSABLE, Problem, render_problem, to_problem
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.protocols import chat
from mesocosm.serving.protocols.open_inference import InferEndpoint, check_version, describe_model
from mesocosm.serving.protocols.openapi import build_document
from mesocosm.serving.requests.endpoints import (
    FastRouter,
    PredictEndpoint,
    PredictHandler,
    RowBatcher,
    read_mark,
)
from mesocosm.serving.service import LiveService
from mesocosm.serving.telemetry.metrics import Metrics
from mesocosm.serving.telemetry.tracing import Traces
from mesocosm.serving.workers.pool import WorkerPool

EVERY = 0.5  # seconds between two looks at the catalog
# routes that are requests of a service; feedback, what-if and acts of operators are not
TRAFFIC = ("/predict", "/infer")
ERRORS = (Problem, MesocosmError, HTTPException, RequestValidationError, Exception)


@dataclass(frozen=True)
class GatewayParts:
    """What a gateway is put together from.

    Args:
        add_routes: adds the routes of the console and the world.
        pools: the workers of services, by name; without them services predict in this process.
        journal: where predictions are logged, written into the catalog when that takes records
            again.
        hosts: names by which the server may be called.
        measure: sets the metrics of the catalog, before they are read.
        leads: whether this gateway is the one that runs the monitors.
        leaving: whether it is about to stop, so that it is not ready any more.
    """

    served: Mapping[str, LiveService]
    monitors: Sequence[ServiceMonitor]
    roles: Roles
    add_routes: Callable[[FastAPI], None]
    metrics: Metrics
    pools: Mapping[str, WorkerPool] = field(default_factory=dict)
    journal: PredictionLog | None = None
    logs: AccessLog | None = None
    traces: Traces | None = None
    hosts: tuple[str, ...] = HOSTS
    measure: Callable[[], None] = lambda: None
    leads: Callable[[], bool] = lambda: True
    leaving: Callable[[], bool] = lambda: False


def create_app(parts: GatewayParts) -> ASGIApp:
    """Create the application."""
    return _Gateway(parts).create_app()


class _Gateway:
    """The parts of a gateway, and the batchers of its services."""

    def __init__(self, parts: GatewayParts) -> None:
        self.parts = parts
        self.batchers: dict[str, RowBatcher] = {}
        self.handler = PredictHandler(parts.served, self.batchers, self.find_service)

    def create_app(self) -> ASGIApp:
        parts = self.parts
        app = FastAPI(
            title="Mesocosm",
            version=VERSION,
            docs_url=None,
            redoc_url=None,
            lifespan=self._lifespan,
        )
        for kind in ERRORS:
            app.add_exception_handler(kind, _respond_to_error)

        def describe() -> dict[str, Any]:
            return build_document(parts.served, app.routes)

        app.openapi = describe  # type: ignore[method-assign]
        self._add_health(app)
        _add_inference_protocol(app, self.handler, self.waiting)
        self._add_feedback(app)
        chat.add_routes(app, parts.served, self.find_service)
        parts.add_routes(app)
        routes: dict[tuple[str, str], ASGIApp] = {
            ("v1", "predict"): PredictEndpoint(self.handler),
            ("v2", "infer"): InferEndpoint(self.handler),
        }
        return AuthMiddleware(FastRouter(app, routes), parts.roles, parts.hosts, self._record)

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        parts = self.parts
        for name, service in parts.served.items():
            await asyncio.to_thread(service.refresh)
            self.batchers[name] = _create_batcher(service, parts.pools.get(name))
        tasks = [
            asyncio.create_task(_follow_catalog(parts)),
            *(asyncio.create_task(_run_monitor(m, parts.leads)) for m in parts.monitors),
        ]
        yield
        for task in tasks:
            task.cancel()
        for batcher in self.batchers.values():
            await batcher.close()
        await _close(parts)

    def find_service(self, name: str) -> LiveService:
        """A service by its name.

        Raises:
            Problem: there is none, with the nearest spelling.
        """
        served = self.parts.served
        if name not in served:
            near = nearest(name, served)
            detail = Message("serving.no_service_of", name=name[:60], services=tuple(served))
            if near:
                detail = Message("serving.no_service_near", name=name[:60], near=near)
            raise Problem(404, Message("serving.no_such_service"), detail)
        return served[name]

    def waiting(self) -> dict[str, str]:
        """Why the gateway is not ready, by service; empty where it is."""
        waiting = {n: s.trouble or "loading" for n, s in self.parts.served.items() if s.now is None}
        if self.parts.leaving():
            waiting["server"] = "stopping"
        return waiting

    def _record(self, scope: Scope, status: int, took: float) -> None:
        """Count, log and trace a request that was answered."""
        parts, name = self.parts, scope.get("path_params", {}).get("name", "")
        traffic = scope["path"].endswith(TRAFFIC) and not scope.get("state", {}).get("mark")
        if scope["method"] == "POST" and name in parts.served and traffic:
            parts.served[name].count_request(took * 1000, status)
            parts.metrics.request(name, status, took)
        if parts.logs:
            parts.logs.request(scope, status, took)
        if parts.traces:
            parts.traces.request(scope, status, took)

    def _add_health(self, app: FastAPI) -> None:
        metrics = self.parts.metrics

        @app.get("/healthz")
        async def healthz() -> dict[str, str]:
            return {"status": "alive"}

        @app.get("/readyz")
        async def readyz() -> Response:
            waiting = self.waiting()
            body = {"ready": not waiting, "waiting": waiting}
            return JSONResponse(body, 503 if waiting else 200)

        @app.get("/metrics")
        async def scrape() -> Response:
            for name, batcher in self.batchers.items():
                last = batcher.sizes[-1] if batcher.sizes else 0
                metrics.queue(name, batcher.waiting, last)
            with suppress(Exception):  # a catalog that cannot be read now leaves the last values
                await asyncio.to_thread(self.parts.measure)
            text = await asyncio.to_thread(metrics.text)
            return Response(text, media_type="text/plain; version=0.0.4")

    def _add_feedback(self, app: FastAPI) -> None:
        journal = self.parts.journal

        @app.post("/v1/services/{name}/feedback")
        async def feedback(name: str, request: Request) -> dict[str, bool]:
            service = self.find_service(name)
            request.state.mark = read_mark(request.scope)
            prediction, label = _read_feedback(await read_body(request))
            if journal:
                await asyncio.to_thread(journal.drain)
            await asyncio.to_thread(service.feedback, prediction, label)
            return {"kept": True}


async def _respond_to_error(request: Request, error: Exception) -> Response:
    return render_problem(to_problem(error), request.url.path)


def _create_batcher(service: LiveService, pool: WorkerPool | None) -> RowBatcher:
    batch, target, lanes = service.service.batch, None, None
    if batch.target:
        target = seconds(batch.target)
    if pool:
        lanes = pool.count_lanes
    return Batcher(
        service.answer,
        batch.max,
        seconds(batch.wait),
        service.service.queue,
        target,
        service.log,
        lanes,
    )


async def _close(parts: GatewayParts) -> None:
    for pool in parts.pools.values():
        pool.close()
    if parts.journal:
        await asyncio.to_thread(parts.journal.close)
    if parts.logs:
        parts.logs.flush()
    if parts.traces:
        await asyncio.to_thread(parts.traces.close)


def _read_feedback(body: object) -> tuple[str, str]:
    """The id and the label of a feedback."""
    if isinstance(body, dict):
        prediction, label = body.get("id"), body.get("label")
        if isinstance(prediction, str) and isinstance(label, str):
            return prediction, label
    raise Problem(422, UNPROCESSABLE, Message("serving.feedback_body"))


def _add_inference_protocol(
    app: FastAPI, handler: PredictHandler, waiting: Callable[[], Mapping[str, str]]
) -> None:
    """Add health and metadata of the Open Inference Protocol."""

    @app.get("/v2")
    async def server() -> dict[str, Any]:
        return {"name": "mesocosm", "version": VERSION, "extensions": ["binary_tensor_data"]}

    @app.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> Response:
        is_ready = not waiting()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def model(name: str, version: str = "") -> dict[str, Any]:
        _, deployed = handler.find_model(name)
        check_version(name, version, deployed)
        return describe_model(name, deployed)

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(name: str, version: str = "") -> dict[str, Any]:
        _, deployed = handler.find_model(name)
        check_version(name, version, deployed)
        return {"name": name, "ready": True}


async def _follow_catalog(parts: GatewayParts) -> None:
    """Follow the catalog: what was deployed elsewhere is loaded here within half a second. Workers
    are tended and logs written.
    """
    calls: list[Callable[[], object]] = []
    if parts.journal:
        calls.append(parts.journal.drain)
    if parts.logs:
        calls.append(parts.logs.flush)
    while True:
        for service in parts.served.values():
            await _refresh(service, parts.metrics)
        for name, pool in parts.pools.items():
            with suppress(Exception):
                await asyncio.to_thread(pool.tend)
                parts.metrics.worker(name, pool.usage, pool.lanes)
        for call in calls:
            with suppress(Exception):
                await asyncio.to_thread(call)
        await asyncio.sleep(EVERY)


async def _refresh(service: LiveService, metrics: Metrics) -> None:
    """Load what is deployed of a service now."""
    try:
        if await asyncio.to_thread(service.refresh):
            version = service.now.version if service.now else ""
            metrics.version(service.name, version)
    except Exception as error:
        service.trouble = f"the catalog cannot be read now ({type(error).__name__})"


async def _run_monitor(monitor: ServiceMonitor, leads: Callable[[], bool]) -> None:
    """Have a monitor look at its interval, where this gateway leads."""
    while True:
        await asyncio.sleep(seconds(monitor.monitor.every))
        try:
            if await asyncio.to_thread(leads):
                await asyncio.to_thread(monitor.look)
                monitor.last.pop("trouble", None)
        except Exception as error:
            monitor.last["trouble"] = f"the last look failed ({type(error).__name__})"
