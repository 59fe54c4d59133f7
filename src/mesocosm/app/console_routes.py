"""The console's API: each address, and what of the console it asks.

Knows HTTP and roles. Knows no sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from mesocosm.app.console_api import Console
from mesocosm.app.loader import trace
from mesocosm.catalog import Catalog
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.permissions import OWNER
from mesocosm.lifecycle.jobs.rollback import rollback
from mesocosm.lifecycle.progress_store import at_work
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.review.class_proposals import proposals, take_up
from mesocosm.lifecycle.review.label_review import worth_labelling
from mesocosm.serving.http.bodies import body_of
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.rollout.transitions import promote


def routes(app: FastAPI, console: Console) -> None:
    """Add the console's API."""
    spec, catalog = console.spec, console.catalog

    def owner(request: Request, why: str) -> None:
        if request.state.role != OWNER:
            raise Problem(403, "The role may not read this", f"{why}; it is for the owner's token")

    @app.get("/v1/ecosystem")
    async def ecosystem(request: Request) -> Any:
        return await asyncio.to_thread(console.everything, request.state.role)

    @app.get("/v1/monitors")
    async def monitors(request: Request) -> Any:
        return console.looks(request.state.role)

    @app.get("/v1/lineage/{ident}")
    async def lineage(ident: str, request: Request) -> Any:
        try:
            found = await asyncio.to_thread(trace, spec, catalog, ident)
        except MesocosmError as failure:
            raise Problem(404, "No such prediction", str(failure)) from failure
        if request.state.role != OWNER:
            found["prediction"].pop("input", None)
        return found

    @app.get("/report")
    async def report(request: Request) -> Response:
        owner(request, "the report shows example values")
        return HTMLResponse(await asyncio.to_thread(console.report))

    @app.get("/v1/datasets/{name}/rows")
    async def rows(
        name: str, request: Request, version: str = "newest", offset: int = 0, limit: int = 100
    ) -> Any:
        return await asyncio.to_thread(
            console.rows, name, request.state.role, version, offset, limit
        )

    @app.get("/v1/datasets/{name}/versions")
    async def versions(name: str, old: str = "", new: str = "") -> Any:
        return await asyncio.to_thread(console.versions, name, old, new)

    @app.get("/v1/work")
    async def work() -> Any:
        return await asyncio.to_thread(at_work, where_of(spec).store)

    @app.get("/v1/models/{name}/unsure")
    async def unsure(name: str, request: Request, most: int = 8) -> Any:
        owner(request, "rows to label show what was asked")
        try:
            return await asyncio.to_thread(
                worth_labelling, spec, catalog, name, max(1, min(most, 100))
            )
        except MesocosmError as failure:
            raise Problem(404, "Nothing to label", str(failure)) from failure

    @app.get("/v1/models/{name}/proposals")
    async def proposed(name: str, request: Request) -> Any:
        owner(request, "proposals show what was asked")
        try:
            return await asyncio.to_thread(proposals, spec, catalog, name)
        except MesocosmError as failure:
            raise Problem(404, "Nothing to propose", str(failure)) from failure

    @app.post("/v1/models/{name}/proposals")
    async def named(name: str, request: Request) -> Any:
        body = await body_of(request)
        asked = body if isinstance(body, dict) else {}
        told, label = asked.get("predictions"), asked.get("label")
        if (
            not isinstance(told, list)
            or not all(isinstance(p, str) for p in told)
            or not isinstance(label, str)
        ):
            raise Problem(
                422,
                "The request cannot be right",
                "wanted 'predictions', a list of their ids, and their 'label'",
            )
        try:
            return await asyncio.to_thread(
                take_up, spec, catalog, name, told, label, str(request.state.role)
            )
        except ConfigValueError as wrong:
            raise Problem(422, "The request cannot be right", str(wrong)) from wrong
        except MesocosmError as failure:
            raise Problem(404, "Nothing to label", str(failure)) from failure

    async def reason(request: Request) -> tuple[str, dict[str, Any]]:
        body = await body_of(request)
        asked = body if isinstance(body, dict) else {}
        return "".join(c for c in str(asked.get("why", "by hand"))[:200] if c.isprintable()), asked

    async def ended(
        name: str, request: Request, call: Callable[[Catalog, str, str, str], Any], title: str
    ) -> Any:
        why, _ = await reason(request)
        console.known(name)
        try:
            return await asyncio.to_thread(call, catalog, name, "console", why)
        except MesocosmError as failure:
            raise Problem(409, title, str(failure)) from failure

    @app.post("/v1/services/{name}/rollback")
    async def back(name: str, request: Request) -> Any:
        return await ended(name, request, rollback, "Nothing to go back to")

    @app.post("/v1/services/{name}/promote")
    async def forward(name: str, request: Request) -> Any:
        return await ended(name, request, promote, "Nothing to promote")

    @app.post("/v1/services/{name}/retrain")
    async def again(name: str, request: Request) -> Any:
        why, _ = await reason(request)
        console.known(name)
        held_back = await asyncio.to_thread(console.train, name, why)
        if held_back:
            raise Problem(409, "No challenger is trained now", held_back)
        return {"service": name, "begun": True, "why": why}

    @app.post("/v1/monitors/{name}/silence")
    async def silence(name: str, request: Request) -> Any:
        why, asked = await reason(request)
        return await asyncio.to_thread(
            console.silence, name, str(asked.get("for", "2h"))[:40], str(request.state.role), why
        )

    @app.post("/v1/alerts/{alert}/close")
    async def close(alert: str, request: Request) -> Any:
        why, asked = await reason(request)
        if not isinstance(asked.get("why"), str) or not why.strip():
            raise Problem(
                422,
                "A reason is required",
                "'why' is missing or empty; expected a sentence, which is written into the audit",
            )
        return await asyncio.to_thread(console.close, alert, str(request.state.role), why.strip())

    @app.get("/v1/services/{name}/what-if")
    async def form(name: str) -> Any:
        return await console.supposed(name, console.desk.form)

    @app.post("/v1/services/{name}/what-if")
    async def suppose(name: str, request: Request) -> Any:
        return await console.supposed(name, console.desk.ask, await body_of(request))
