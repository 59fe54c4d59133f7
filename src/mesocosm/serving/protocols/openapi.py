"""The OpenAPI document of a running gateway: each service with its fields. Knows forms; handles no
request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.core.records import Json, JsonObject
from mesocosm.core.version import VERSION
from mesocosm.serving.protocols.openapi_schemas import CHAT, FEEDBACK, INFER, PREDICTED, PROBLEM
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.service import LiveService

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

TYPES = {
    "decimal": ["string", "number"],
    "number": ["number", "string"],
    "integer": ["integer", "number", "string"],
    "boolean": ["boolean", "string"],
}


STRING: JsonObject = {"type": "string"}
BOOLEAN: JsonObject = {"type": "boolean"}
NOT_READY = {"503": "A service is not ready."}
DEADLINE: JsonObject = {
    "name": "X-Deadline-Ms",
    "in": "header",
    "required": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": 3_600_000},
}
BUSY = {"429": "The queue is full.", "408": "The deadline passed."}
PROBLEM_SCHEMA: JsonObject = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "type": STRING,
        "title": STRING,
        "status": {"type": "integer"},
        "detail": STRING,
    },
}


Paths = dict[str, dict[str, Json]]
"""By path and method: what it is for and what it answers."""


def build_document(
    served: Mapping[str, LiveService], routes: Sequence[BaseRoute] = ()
) -> dict[str, Json]:
    """The document, OpenAPI 3.1.

    Args:
        routes: the application's; those that are not described by hand are added with their paths
            and methods.
    """
    paths = {**_health_paths(), **_ecosystem_paths()}
    schemas: dict[str, Json] = {"Problem": PROBLEM_SCHEMA}
    for name, service in served.items():
        if service.now is not None and service.now.fields is not None:
            schemas[f"Row-{name}"] = _row_schema(service.now.fields)
            paths |= _service_paths(name, service.service.about)
    for path, method, summary in _undescribed_routes(routes):
        paths.setdefault(path, {}).setdefault(method, _describe_route(path, method, summary))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mesocosm",
            "version": VERSION,
            "description": "The services of one ecosystem, behind a token.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _health_paths() -> Paths:
    """Health and metrics, in our form and in that of the Open Inference Protocol."""
    return {
        "/healthz": {"get": _operation("Liveness.", {"status": STRING}, security=[])},
        "/readyz": {
            "get": _operation(
                "Whether every service is ready.",
                {"ready": BOOLEAN, "waiting": {"type": "object"}},
                more=NOT_READY,
                security=[],
            )
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus metrics.",
                "responses": {
                    "200": {
                        "description": "Text format.",
                        "content": {"text/plain": {"schema": STRING}},
                    },
                    **_problems(),
                },
            }
        },
        "/v2": {
            "get": _operation(
                "The server, by the Open Inference Protocol.", {"name": STRING, "version": STRING}
            )
        },
        "/v2/health/live": {"get": _operation("Liveness.", {"live": BOOLEAN})},
        "/v2/health/ready": {
            "get": _operation("Whether every service is ready.", {"ready": BOOLEAN}, more=NOT_READY)
        },
    }


def _ecosystem_paths() -> Paths:
    """The ecosystem's state, lineage and chat."""
    answer: JsonObject = {"choices": {"type": "array"}, "usage": {"type": "object"}}
    return {
        "/v1/ecosystem": {"get": _operation("The state that the console shows.", {})},
        "/v1/lineage/{ident}": {
            "get": _operation(
                "A prediction's lineage, down to rows of source files.",
                {},
                parameters=[_path_parameter("ident")],
            )
        },
        "/v1/chat/completions": {
            "post": _operation(
                "Ask a service that has a chat; `stream` gives server-sent events.",
                {**answer, "grounding": {"type": "object"}},
                body=CHAT,
            )
        },
    }


def _row_schema(fields: Fields) -> dict[str, Json]:
    """The schema of a row of a service."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [n for n, f in fields.fields.items() if not f.get("extra")],
        "properties": {
            name: {"type": _field_types(fields, name), "description": str(field["wanted"])}
            for name, field in fields.fields.items()
        },
    }


def _field_types(fields: Fields, name: str) -> list[str]:
    kind = str(fields.fields[name].get("type"))
    types = list(TYPES.get(kind, ["string", "number", "boolean"]))
    if name in fields.nested:
        types.append("array")
        if kind != "list":
            types.append("object")
    return [*types, "null"]


def _service_paths(name: str, about: str) -> Paths:
    """The paths of a service that predicts."""
    row: JsonObject = {"$ref": f"#/components/schemas/Row-{name}"}
    rows: JsonObject = {"type": "array", "minItems": 1, "maxItems": 1000, "items": row}
    batch: JsonObject = {
        "type": "object",
        "required": ["rows"],
        "additionalProperties": False,
        "properties": {"rows": rows},
    }
    predict = _operation(
        about or f"Predict by {name}.",
        PREDICTED,
        body={"oneOf": [row, batch]},
        parameters=[DEADLINE],
        more=BUSY,
    )
    infer = _operation(
        "Predict, by the Open Inference Protocol.",
        {"outputs": {"type": "array"}},
        body=INFER,
        parameters=[DEADLINE],
        more=BUSY,
    )
    feedback = _operation(
        "Record the true label of a prediction.", {"kept": BOOLEAN}, body=FEEDBACK
    )
    metadata = _operation("Metadata, by the Open Inference Protocol.", {"name": STRING})
    return {
        f"/v1/services/{name}/predict": {"post": predict},
        f"/v1/services/{name}/feedback": {"post": feedback},
        f"/v2/models/{name}": {"get": metadata},
        f"/v2/models/{name}/ready": {"get": _operation("Readiness.", {"ready": BOOLEAN})},
        f"/v2/models/{name}/infer": {"post": infer},
    }


SIGN_IN = ("/signin", "/signin/back", "/signout")
PAGES = ("/", "/world", "/report", *SIGN_IN)  # answered with a page
ABOUT = {
    "/v1/models": "Services that have a chat, as the chat interface names them.",
    "/report": "The report of all data and models, as a page; for the owner.",
    "/v1/scene": "The world's scene.",
    "/v1/monitors": "The last look of each monitor.",
    "/v1/work": "Jobs in progress.",
    "/v1/datasets/{name}/rows": "Rows of a dataset, for roles with access.",
    "/v1/datasets/{name}/changes": "Cells that a build changed, for roles with access.",
    "/v1/datasets/{name}/checks": "What builds found of a dataset's rules, for roles with access.",
    "/v1/datasets/{name}/versions": "Versions of a dataset, and what changed between two.",
    "/v1/alerts/{alert}/close": (
        "Close an open alert; `why`, the reason, is required and recorded in the audit."
    ),
    "/openapi.json": "This document.",
    "/v1/world": "The world as it changes, by WebSocket.",
    "/v1/visitors": "Where visitors are, by WebSocket.",
}


def _undescribed_routes(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, str]]:
    """Path, method and summary of each route; a socket is a `get` answered 101, a folder of files a
    `get`.
    """
    for route in routes:
        path: str = getattr(route, "path", "")
        call: Callable[[], object] | None = getattr(route, "endpoint", None)
        summary = ABOUT.get(path) or f"{_name_of(call).capitalize()}."
        if call is None:
            yield f"{path}/{{file}}", "get", summary
            continue
        for method in _list_methods(route):
            yield path.replace(":path}", "}"), method, summary


def _name_of(call: Callable[[], object] | None) -> str:
    """An endpoint in words, by the name of its function."""
    name: str = getattr(call, "__name__", "")
    return name.strip("_").replace("_", " ") or "Files of the pages"


def _list_methods(route: BaseRoute) -> list[str]:
    """The methods of a route, in small letters; a socket is a `get`."""
    methods: set[str] | None = getattr(route, "methods", None)
    if not methods:
        return ["get"]
    return [method.lower() for method in sorted(methods) if method != "HEAD"]


def _describe_route(path: str, method: str, summary: str) -> dict[str, Json]:
    body: JsonObject | None = None
    if method in ("post", "put"):
        body = {"type": "object"}
    names: list[str] = re.findall(r"{(\w+)}", path)
    operation = _operation(
        summary,
        {},
        body=body,
        parameters=[_path_parameter(name) for name in names],
        more={"409": "Not in this state.", "429": "Too many requests."},
        page=path in PAGES,
    )
    if path in SIGN_IN:
        operation["security"] = []
    return operation


def _path_parameter(name: str) -> dict[str, Json]:
    return {"name": name, "in": "path", "required": True, "schema": STRING}


def _problems(**more: str) -> dict[str, Json]:
    descriptions = {
        "400": "The body is not JSON.",
        "401": "Authentication required.",
        "403": "Forbidden.",
        "404": "Not found.",
        "413": "Request body too large.",
        "422": "Unprocessable request.",
        "503": "Unavailable.",
        **more,
    }
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {code: {"description": text, "content": content} for code, text in descriptions.items()}


def _operation(
    summary: str,
    gives: JsonObject,
    *,
    body: JsonObject | None = None,
    more: Mapping[str, str] | None = None,
    page: bool = False,
    **rest: Json,
) -> dict[str, Json]:
    """What a path is for.

    Args:
        gives: the properties of its response.
        more: problems that it may answer with beside the usual ones, by their status.
        page: whether it answers with a page.
        rest: other parts of the description.
    """
    content: JsonObject = {"application/json": {"schema": {"type": "object", "properties": gives}}}
    if page:
        content = {"text/html": {"schema": STRING}}
    response: JsonObject = {"description": "The response.", "content": content}
    operation: dict[str, Json] = {
        "summary": summary,
        "responses": {"200": response, **_problems(**(more or {}))},
    }
    if body:
        sent: JsonObject = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": sent}
    return operation | rest
