"""The OpenAPI document of a running gateway: each service with the fields that it reads. Knows
forms; answers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesocosm.core.version import VERSION
from mesocosm.serving.protocols.openapi_schemas import CHAT, FEEDBACK, INFER, PREDICTED, PROBLEM
from mesocosm.serving.service import LiveService

TYPES = {
    "decimal": ["string", "number"],
    "number": ["number", "string"],
    "integer": ["integer", "number", "string"],
    "boolean": ["boolean", "string"],
}


def build_document(served: Mapping[str, LiveService], routes: Sequence[Any] = ()) -> dict[str, Any]:
    """The document, OpenAPI 3.1.

    Args:
        routes: the application's; those that are not described by hand are added with their paths
            and methods.
    """
    paths: dict[str, Any] = {
        "/healthz": {
            "get": _operation(
                "Whether the process lives.", {"status": {"type": "string"}}, security=[]
            )
        },
        "/readyz": {
            "get": _operation(
                "Whether every service can answer.",
                {"ready": {"type": "boolean"}, "waiting": {"type": "object"}},
                more={"503": "A service is not ready."},
                security=[],
            )
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus metrics.",
                "responses": {
                    "200": {
                        "description": "Text format.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    **_problems(),
                },
            }
        },
        "/v1/ecosystem": {"get": _operation("Everything that the console shows.", {})},
        "/v1/lineage/{ident}": {
            "get": _operation(
                "A prediction's past, down to rows of source files.",
                {},
                parameters=[_path_parameter("ident")],
            )
        },
        "/v1/chat/completions": {
            "post": _operation(
                "Ask a service that speaks; `stream` gives server-sent events.",
                {
                    "choices": {"type": "array"},
                    "usage": {"type": "object"},
                    "grounding": {"type": "object"},
                },
                body=CHAT,
            )
        },
        "/v2": {
            "get": _operation(
                "The server, by the Open Inference Protocol.",
                {"name": {"type": "string"}, "version": {"type": "string"}},
            )
        },
        "/v2/health/live": {
            "get": _operation("Whether the process lives.", {"live": {"type": "boolean"}})
        },
        "/v2/health/ready": {
            "get": _operation(
                "Whether every service can answer.",
                {"ready": {"type": "boolean"}},
                more={"503": "A service is not ready."},
            )
        },
    }
    schemas: dict[str, Any] = {
        "Problem": {
            "type": "object",
            "required": ["title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        },
    }
    for name, one in served.items():
        unit = one.now
        if unit is None or unit.fields is None:
            continue
        fields, nested = unit.fields.fields, unit.fields.nested
        row = f"Row-{name}"
        schemas[row] = {
            "type": "object",
            "additionalProperties": False,
            "required": [n for n, f in fields.items() if not f.get("extra")],
            "properties": {
                n: {
                    "type": [
                        *TYPES.get(str(f.get("type")), ["string", "number", "boolean"]),
                        *(
                            []
                            if n not in nested
                            else ["array"]
                            if f.get("type") == "list"
                            else ["array", "object"]
                        ),
                        "null",
                    ],
                    "description": f["wanted"],
                }
                for n, f in fields.items()
            },
        }
        whole = {
            "oneOf": [
                {"$ref": f"#/components/schemas/{row}"},
                {
                    "type": "object",
                    "required": ["rows"],
                    "additionalProperties": False,
                    "properties": {
                        "rows": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 1000,
                            "items": {"$ref": f"#/components/schemas/{row}"},
                        }
                    },
                },
            ]
        }
        late = {
            "name": "X-Deadline-Ms",
            "in": "header",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 3_600_000},
        }
        more = {"429": "Too many wait.", "408": "The deadline passed."}
        paths[f"/v1/services/{name}/predict"] = {
            "post": _operation(
                one.service.about or f"Ask {name}.",
                PREDICTED,
                body=whole,
                parameters=[late],
                more=more,
            )
        }
        paths[f"/v1/services/{name}/feedback"] = {
            "post": _operation(
                "The label that turned out to be true.",
                {"kept": {"type": "boolean"}},
                body=FEEDBACK,
            )
        }
        paths[f"/v2/models/{name}"] = {
            "get": _operation(
                "Metadata, by the Open Inference Protocol.", {"name": {"type": "string"}}
            )
        }
        paths[f"/v2/models/{name}/ready"] = {
            "get": _operation("Whether it can answer.", {"ready": {"type": "boolean"}})
        }
        paths[f"/v2/models/{name}/infer"] = {
            "post": _operation(
                "Ask it, by the Open Inference Protocol.",
                {"outputs": {"type": "array"}},
                body=INFER,
                parameters=[late],
                more=more,
            )
        }
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


PAGES = (
    "/",
    "/world",
    "/report",
    "/signin",
    "/signin/back",
    "/signout",
)  # what is answered with a page
ABOUT = {
    "/v1/models": "Services that speak, as the chat interface names them.",
    "/report": "The report of all data and models, as a page; for the owner.",
    "/v1/scene": "The world's scene.",
    "/v1/monitors": "What each monitor last looked at.",
    "/v1/work": "What is being made now.",
    "/v1/datasets/{name}/rows": "Rows of a dataset, for roles with access.",
    "/v1/datasets/{name}/versions": "Versions of a dataset, and what changed between two.",
    "/v1/alerts/{alert}/close": (
        "Close an open alert; `why`, the reason, is required and written into the audit."
    ),
    "/openapi.json": "This document.",
    "/v1/world": "The world as it changes, by WebSocket.",
    "/v1/visitors": "Where visitors are, by WebSocket.",
}


def _undescribed_routes(routes: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    """Path, method and summary of each route; a socket is a `get` that is answered 101, a folder of
    files a `get`.
    """
    for route in routes:
        path = getattr(route, "path", "")
        call = getattr(route, "endpoint", None)
        name = getattr(call, "__name__", "").strip("_").replace("_", " ") or "Files of the pages"
        summary = ABOUT.get(path) or f"{name.capitalize()}."
        if call is None:
            yield f"{path}/{{file}}", "get", summary
            continue
        for method in sorted(getattr(route, "methods", None) or ("WEBSOCKET",)):
            if method != "HEAD":
                yield (
                    path.replace(":path}", "}"),
                    "get" if method == "WEBSOCKET" else method.lower(),
                    summary,
                )


def _describe_route(path: str, method: str, summary: str) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", path)
    op = _operation(
        summary,
        {},
        parameters=[_path_parameter(n) for n in names],
        more={"409": "Not in this state.", "429": "Too many requests."},
        **({"body": {"type": "object"}} if method in ("post", "put") else {}),
    )
    if path in PAGES:
        op["responses"]["200"]["content"] = {"text/html": {"schema": {"type": "string"}}}
    if path in ("/signin", "/signin/back", "/signout"):
        op["security"] = []
    return op


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _problems(**more: str) -> dict[str, Any]:
    said = {
        "400": "The body is no JSON.",
        "401": "A token is wanted.",
        "403": "The role may not.",
        "404": "No such thing.",
        "413": "Too large.",
        "422": "It cannot be right.",
        "503": "Not now.",
        **more,
    }
    return {
        code: {"description": text, "content": {"application/problem+json": {"schema": PROBLEM}}}
        for code, text in said.items()
    }


def _operation(
    summary: str,
    gives: Mapping[str, Any],
    *,
    body: Mapping[str, Any] | None = None,
    more: Mapping[str, str] | None = None,
    **rest: Any,
) -> dict[str, Any]:
    answer = {
        "description": "The answer.",
        "content": {"application/json": {"schema": {"type": "object", "properties": dict(gives)}}},
    }
    asked = (
        {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
        if body
        else {}
    )
    return {
        "summary": summary,
        "responses": {"200": answer, **_problems(**(more or {}))},
        **asked,
        **rest,
    }
