"""The addresses of a gateway, read from the application that serves a small ecosystem."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

FILE = """ecosystem: pond
sources: {table: {type: csv, path: table.csv}}
datasets: {rows: {from: table, fields: {question: {type: text}, answer: {type: text}}}}
services: {faq: {answers: {from: rows, question: question, answer: answer}}}
oidc:
  {issuer: "https://id.example.org", audience: pond, claim: groups, client: pond, roles: {a: see}}
"""
ABOUT = {
    "/healthz": "Liveness.",
    "/readyz": "Readiness: 503 with the reasons while a service is not ready or the server stops.",
    "/metrics": "Prometheus metrics.",
    "/openapi.json": "This gateway's OpenAPI document, with each service's own fields.",
    "/v1/services/{name}/predict": (
        "Predict one row, or `{rows: [...]}` with up to 1,000. A prediction has an `id`, and"
        " `warnings` where a value is unusual."
    ),
    "/v1/services/{name}/feedback": "Record the true label of a prediction: `{id, label}`.",
    "/v1/services/{name}/promote": "Promote the version in rollout; `why` is recorded.",
    "/v1/services/{name}/rollback": "Serve the previous version again; `why` is recorded.",
    "/v1/services/{name}/retrain": "Train and evaluate a challenger; `why` is recorded.",
    "/v1/services/{name}/what-if": (
        "The features with their ranges (GET); a prediction that is not logged (POST)."
    ),
    "/v1/chat/completions": (
        "Ask a service that has a table of answers, by OpenAI's interface; `stream` gives"
        " server-sent events."
    ),
    "/v1/models": "Services that have a chat, as OpenAI's interface lists models.",
    "/v1/models/{name}": "One of them.",
    "/v1/models/{name}/unsure": "Requests to label next; for the owner.",
    "/v1/models/{name}/proposals": (
        "Candidate new classes (GET); label one (POST: `predictions`, `label`); for the owner."
    ),
    "/v1/ecosystem": "The state that the console shows.",
    "/v1/work": "Jobs in progress.",
    "/v1/lineage/{ident}": "The lineage of a prediction, down to rows of source files.",
    "/v1/datasets/{name}/rows": (
        "Rows of a dataset, for roles in its `access`: `version`, `offset`, `limit`."
    ),
    "/v1/datasets/{name}/versions": "Versions of a dataset; with `old` and `new`, what changed.",
    "/report": "The report of all data and models, as a page; for the owner.",
    "/v1/monitors": "The last look of each monitor.",
    "/v1/monitors/{name}/silence": "Silence notifications: `for`, such as `2h`, and `why`.",
    "/v1/alerts/{alert}/close": "Close an open alert; `why` is required.",
    "/v2": "The server, by the Open Inference Protocol.",
    "/v2/health/live": "Liveness.",
    "/v2/health/ready": "Readiness.",
    "/v2/models/{name}": "Metadata of a service.",
    "/v2/models/{name}/versions/{version}": "The same; 404 for any version but the deployed one.",
    "/v2/models/{name}/ready": "Readiness of a service.",
    "/v2/models/{name}/versions/{version}/ready": "Readiness of a version.",
    "/v2/models/{name}/infer": "Predict from tensors, as JSON or binary.",
    "/v1/scene": "The world's scene; `at` is a time in seconds since 1970.",
    "/v1/moments": "The moments that the world can show.",
    "/v1/world": "The world as it changes (WebSocket).",
    "/v1/world/models/{kind}": "A 3D model of the project.",
    "/v1/visitors": "Where visitors are (WebSocket).",
    "/v1/markers": "The markers (GET); their shared document (WebSocket).",
    "/v1/notes": "Notes on elements (GET); leave one (POST: `on`, `text`).",
    "/v1/notes/{ident}": "Remove a note.",
    "/v1/places/{name}/talk": "Ask an inhabitant: `messages`, as in a chat.",
    "/": "The console.",
    "/world": "The world's page.",
    "/signin": "Sign in at the OpenID Connect provider.",
    "/signin/back": "Where the provider sends the browser back.",
    "/signout": "Delete the browser's token.",
}


@dataclass(frozen=True)
class Route:
    """An address.

    Args:
        path: with names of its parts in braces.
        methods: HTTP's, or `WebSocket`.
        about: what it does.
    """

    path: str
    methods: tuple[str, ...]
    about: str


def list_routes() -> list[Route]:
    """All addresses, in the order of `ABOUT`; one that is not described there comes last."""
    methods: dict[str, set[str]] = {}
    for path, method in _routes():
        methods.setdefault(path, set()).add(method)
    known = [path for path in ABOUT if path in methods]
    rest = sorted(set(methods) - set(known))
    return [Route(p, tuple(sorted(methods[p])), ABOUT.get(p, "")) for p in [*known, *rest]]


def _routes() -> Iterator[tuple[str, str]]:
    """Each address with each of its methods; folders of the pages' files are left out."""
    with tempfile.TemporaryDirectory() as folder:
        router = _application(Path(folder))
    for family, verb in router.routes:
        parent = {"v1": "services", "v2": "models"}[family]
        yield f"/{family}/{parent}/{{name}}/{verb}", "POST"
    for route in router.app.routes:
        if not hasattr(route, "endpoint"):
            continue
        for method in getattr(route, "methods", None) or ("WebSocket",):
            if method != "HEAD":
                yield route.path, method


def _application(folder: Path) -> Any:
    """The router of a gateway over a small ecosystem, which serves nothing yet."""
    from mesocosm.app.run import Running
    from mesocosm.config.loader import read
    from mesocosm.lifecycle.project_store import open_catalog

    (folder / "table.csv").write_text("question,answer\n", encoding="utf-8")
    (folder / "ecosystem.yaml").write_text(FILE, encoding="utf-8")
    spec = read(folder / "ecosystem.yaml")
    running = Running(spec, open_catalog(spec), token="reference")
    router = running.app.app
    assert isinstance(router.app, FastAPI)
    running.journal.close()
    return router
