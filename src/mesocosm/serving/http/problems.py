"""Failures to answer with, as problem+json (RFC 9457) or as the protocol at a path has them.

Knows errors and protocols; answers no request itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mesocosm.core.errors import Failure, Later, Wrong


class Problem(Exception):
    """A failure to answer with."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.title, self.detail, self.more, self.headers = (
            status,
            title,
            detail,
            dict(more or {}),
            dict(headers or {}),
        )
        super().__init__(detail)

    def response(self) -> JSONResponse:
        """The problem as RFC 9457 has it."""
        body = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return JSONResponse(
            body, self.status, media_type="application/problem+json", headers=self.headers
        )


def render_problem(problem: Problem, path: str) -> JSONResponse:
    """A problem as the protocol at a path has it: OpenAI's error object, the Open Inference
    Protocol's `error`, else problem details.

    >>> render_problem(Problem(404, "No such service", "no service is named x"), "/v2/models/x").body
    b'{"error":"no service is named x"}'
    """
    if path.startswith("/v2"):
        return JSONResponse(
            {
                "error": problem.detail,
                **({"field": problem.more["field"]} if "field" in problem.more else {}),
            },
            problem.status,
            headers=problem.headers,
        )
    if (
        path == "/v1/chat/completions"
        or path == "/v1/models"
        or (path.startswith("/v1/models/") and path.count("/") == 3)
    ):
        kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
            problem.status, "invalid_request_error" if problem.status < 500 else "server_error"
        )
        code = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(
            problem.status
        )
        return JSONResponse(
            {
                "error": {
                    "message": problem.detail,
                    "type": kind,
                    "param": problem.more.get("field") or None,
                    "code": code,
                }
            },
            problem.status,
            headers=problem.headers,
        )
    return problem.response()


def to_problem(error: Exception) -> Problem:
    """What is said of an error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return Problem(
            error.status_code,
            str(error.detail),
            {
                404: "nothing is at this path; see /openapi.json",
                405: "the path takes another method; see /openapi.json",
            }.get(error.status_code, str(error.detail)),
            headers=error.headers,
        )
    if isinstance(error, RequestValidationError):
        told = {".".join(map(str, e["loc"][1:])): str(e["msg"]) for e in error.errors()}
        said = "; ".join(
            f"{name or 'the request'}: {why[:1].lower()}{why[1:]}" for name, why in told.items()
        )
        return Problem(422, "The request is invalid", said[:400], {"fields": list(told)[:20]})
    if isinstance(error, Wrong):
        return Problem(
            422,
            "The request cannot be right",
            str(error),
            {"field": error.key, "choices": list(error.choices)},
        )
    if isinstance(error, Later):
        return Problem(503, "Not now", str(error), headers={"Retry-After": "1"})
    if isinstance(error, Failure):
        return Problem(503, "Not now", str(error))
    return Problem(
        500,
        "Mesocosm itself failed",
        f"{type(error).__name__} while answering; the log has no private values",
    )
