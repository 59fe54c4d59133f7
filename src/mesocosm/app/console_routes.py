"""The console's API: each address, and what of the console it calls.

Knows HTTP and roles. Knows no sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeGuard

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from mesocosm.app.console_api import UNPROCESSABLE, Console
from mesocosm.app.loader import trace
from mesocosm.app.pages.files import with_chinese_font
from mesocosm.catalog import Catalog
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message, Text
from mesocosm.core.permissions import OWNER
from mesocosm.lifecycle.access.datasets.changed_cells import ChangeFilter
from mesocosm.lifecycle.jobs.rollback import rollback
from mesocosm.lifecycle.progress_store import read_progress, render_progress_lines
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review import class_proposals
from mesocosm.lifecycle.review.class_proposals import propose_classes
from mesocosm.lifecycle.review.label_review import suggest_labelling
from mesocosm.serving.http.bodies import read_body
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.rollout.transitions import promote


def add_routes(app: FastAPI, console: Console) -> None:
    """Add the console's API."""
    _add_state_routes(app, console)
    _add_dataset_routes(app, console)
    _add_labelling_routes(app, console)
    _add_service_routes(app, console)
    _add_alert_routes(app, console)


def _require_owner(request: Request, why: str) -> None:
    if request.state.role != OWNER:
        raise Problem(
            403, Message("serving.role_may_not_read"), Message("serving.owner_only", why=why)
        )


@contextmanager
def _refuse(status: int, title: Text) -> Iterator[None]:
    """Answer a failure with a status and a title; an invalid value is unprocessable."""
    try:
        yield
    except ConfigValueError as wrong:
        raise Problem(422, UNPROCESSABLE, wrong.render()) from wrong
    except MesocosmError as failure:
        raise Problem(status, title, failure.render()) from failure


async def _read_object(request: Request) -> dict[str, Any]:
    """The body, empty where it is not an object."""
    body = await read_body(request)
    return body if isinstance(body, dict) else {}


def _is_list_of_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _reason(body: dict[str, Any]) -> str:
    """The reason of an act, as the audit records it."""
    text = str(body.get("why", "by hand"))[:200]
    return "".join(letter for letter in text if letter.isprintable())


def _add_state_routes(app: FastAPI, console: Console) -> None:
    spec, catalog = console.spec, console.catalog

    @app.get("/v1/ecosystem")
    async def ecosystem(request: Request) -> Any:
        return await asyncio.to_thread(console.describe, request.state.role)

    @app.get("/v1/monitors")
    async def monitors(request: Request) -> Any:
        return console.describe_monitors(request.state.role)

    @app.get("/v1/lineage/{ident}")
    async def lineage(ident: str, request: Request) -> Any:
        try:
            found = await asyncio.to_thread(trace, spec, catalog, ident)
        except MesocosmError as failure:
            raise Problem(404, Message("serving.no_such_prediction"), failure.render()) from failure
        if request.state.role != OWNER:
            found["prediction"].pop("input", None)
        return found

    @app.get("/report")
    async def report(request: Request) -> Response:
        _require_owner(request, "the report shows example values")
        return HTMLResponse(with_chinese_font(await asyncio.to_thread(console.report)))

    @app.get("/v1/work")
    async def work() -> Any:
        working = await asyncio.to_thread(read_progress, locate_project(spec).store)
        return [render_progress_lines(state) for state in working]


def _add_dataset_routes(app: FastAPI, console: Console) -> None:
    @app.get("/v1/datasets/{name}/rows")
    async def rows(
        name: str, request: Request, version: str = "newest", offset: int = 0, limit: int = 100
    ) -> Any:
        return await asyncio.to_thread(
            console.rows, name, request.state.role, version, offset, limit
        )

    @app.get("/v1/datasets/{name}/changes")
    async def changes(
        name: str,
        request: Request,
        wanted: Annotated[ChangeFilter, Depends()],
        version: str = "newest",
        limit: int = 100,
    ) -> Any:
        return await asyncio.to_thread(
            console.changes, name, request.state.role, version, wanted, limit
        )

    @app.get("/v1/datasets/{name}/checks")
    async def checks(name: str, request: Request) -> Any:
        return await asyncio.to_thread(console.checks, name, request.state.role)

    @app.get("/v1/datasets/{name}/versions")
    async def versions(name: str, old: str = "", new: str = "") -> Any:
        return await asyncio.to_thread(console.versions, name, old, new)


def _add_labelling_routes(app: FastAPI, console: Console) -> None:
    spec, catalog = console.spec, console.catalog

    @app.get("/v1/models/{name}/unsure")
    async def unsure(name: str, request: Request, most: int = 8) -> Any:
        _require_owner(request, "rows to label show requests")
        count = max(1, min(most, 100))
        try:
            return await asyncio.to_thread(suggest_labelling, spec, catalog, name, count)
        except MesocosmError as failure:
            raise Problem(404, Message("serving.nothing_to_label"), failure.render()) from failure

    @app.get("/v1/models/{name}/proposals")
    async def read_proposals(name: str, request: Request) -> Any:
        _require_owner(request, "proposals show requests")
        try:
            return await asyncio.to_thread(propose_classes, spec, catalog, name)
        except MesocosmError as failure:
            raise Problem(404, Message("serving.nothing_to_propose"), failure.render()) from failure

    @app.post("/v1/models/{name}/proposals")
    async def accept_proposal(name: str, request: Request) -> Any:
        body = await _read_object(request)
        idents, label = body.get("predictions"), body.get("label")
        if not _is_list_of_texts(idents) or not isinstance(label, str):
            expected = "expected 'predictions', a list of their ids, and their 'label'"
            raise Problem(422, UNPROCESSABLE, expected)
        with _refuse(404, Message("serving.nothing_to_label")):
            return await asyncio.to_thread(
                class_proposals.accept_proposal,
                spec,
                catalog,
                name,
                idents,
                label,
                str(request.state.role),
            )


def _add_service_routes(app: FastAPI, console: Console) -> None:
    catalog = console.catalog

    async def end_rollout(
        name: str, request: Request, call: Callable[[Catalog, str, str, str], Any], title: str
    ) -> Any:
        why = _reason(await _read_object(request))
        console.require_service(name)
        try:
            return await asyncio.to_thread(call, catalog, name, "console", why)
        except MesocosmError as failure:
            raise Problem(409, title, failure.render()) from failure

    @app.post("/v1/services/{name}/rollback")
    async def roll_back(name: str, request: Request) -> Any:
        return await end_rollout(name, request, rollback, "No previous version")

    @app.post("/v1/services/{name}/promote")
    async def promote_candidate(name: str, request: Request) -> Any:
        return await end_rollout(name, request, promote, "Nothing to promote")

    @app.post("/v1/services/{name}/retrain")
    async def retrain(name: str, request: Request) -> Any:
        why = _reason(await _read_object(request))
        console.require_service(name)
        refusal = await asyncio.to_thread(console.train, name, why)
        if refusal:
            raise Problem(409, Message("serving.no_challenger"), refusal)
        return {"service": name, "begun": True, "why": why}

    @app.get("/v1/services/{name}/what-if")
    async def form(name: str) -> Any:
        return await console.ask_what_if(name, console.desk.form)

    @app.post("/v1/services/{name}/what-if")
    async def ask_what_if(name: str, request: Request) -> Any:
        return await console.ask_what_if(name, console.desk.ask, await read_body(request))


def _add_alert_routes(app: FastAPI, console: Console) -> None:
    @app.post("/v1/monitors/{name}/silence")
    async def silence(name: str, request: Request) -> Any:
        body = await _read_object(request)
        length, who = str(body.get("for", "2h"))[:40], str(request.state.role)
        return await asyncio.to_thread(console.silence, name, length, who, _reason(body))

    @app.post("/v1/alerts/{alert}/close")
    async def close(alert: str, request: Request) -> Any:
        body = await _read_object(request)
        why = _reason(body).strip()
        if not isinstance(body.get("why"), str) or not why:
            raise Problem(
                422,
                Message("serving.reason_required"),
                Message("serving.why_missing"),
            )
        return await asyncio.to_thread(console.close, alert, str(request.state.role), why)
