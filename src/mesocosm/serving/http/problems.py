"""Error responses, as problem+json (RFC 9457) or in the form of the protocol at a path.

Knows errors and protocols; handles no request itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.messages import Message, Text, render, render_list
from mesocosm.core.messages.language import SOURCE, current_language

UNPROCESSABLE = Message("serving.unprocessable")  # the title of a response 422
OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
OPENAI_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
HTTP_TITLES = {  # of the server, by its words
    "Not Found": Message("serving.not_found"),
    "Method Not Allowed": Message("serving.method_not_allowed"),
}
HTTP_DETAILS = {
    404: Message("serving.no_such_path"),
    405: Message("serving.other_method"),
}

INPUT_ERRORS = {  # what is wrong with a part of a request, by the name of Pydantic's error
    "missing": "serving.input.missing",
    "int_parsing": "serving.input.whole_number",
    "int_type": "serving.input.whole_number",
    "float_parsing": "serving.input.number",
    "bool_parsing": "serving.input.yes_or_no",
    "string_type": "serving.input.text",
    "greater_than_equal": "serving.input.at_least",
    "greater_than": "serving.input.more_than",
    "less_than_equal": "serving.input.at_most",
    "less_than": "serving.input.less_than",
}
BOUNDS = ("ge", "gt", "le", "lt")


class Problem(Exception):
    """An error response."""

    def __init__(
        self,
        status: int,
        title: Text,
        detail: Text,
        more: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.title, self.detail = status, title, detail
        self.more, self.headers = dict(more or {}), dict(headers or {})
        super().__init__(str(detail))

    def response(self) -> JSONResponse:
        """The response in the form of RFC 9457, in the language of the reader; with the `id` and
        the `params` of the detail, where it has them.
        """
        body: dict[str, object] = {
            "type": "about:blank",
            "title": render(self.title),
            "status": self.status,
            "detail": render(self.detail),
        }
        if isinstance(self.detail, Message):
            body |= self.detail.as_json()
        body |= self.more
        return JSONResponse(
            body, self.status, media_type="application/problem+json", headers=self.headers
        )


def render_problem(problem: Problem, path: str) -> JSONResponse:
    """The response in the form of the protocol at a path: OpenAI's error object, the Open Inference
    Protocol's `error`, else problem details.

    >>> render_problem(Problem(404, "No such service", "no service x"), "/v2/models/x").body
    b'{"error":"no service x"}'
    """
    if path.startswith("/v2"):
        body: dict[str, object] = {"error": render(problem.detail)}
        if "field" in problem.more:
            body["field"] = problem.more["field"]
        return JSONResponse(body, problem.status, headers=problem.headers)
    if _is_openai(path):
        error = {
            "message": render(problem.detail),
            "type": _openai_type(problem.status),
            "param": problem.more.get("field") or None,
            "code": OPENAI_CODES.get(problem.status),
        }
        return JSONResponse({"error": error}, problem.status, headers=problem.headers)
    return problem.response()


def _is_openai(path: str) -> bool:
    """Whether a path is of the chat interface."""
    if path in ("/v1/chat/completions", "/v1/models"):
        return True
    return path.startswith("/v1/models/") and path.count("/") == 3


def _openai_type(status: int) -> str:
    if status >= 500:
        return "server_error"
    return OPENAI_TYPES.get(status, "invalid_request_error")


def to_problem(error: Exception) -> Problem:
    """The response to an error."""
    match error:
        case Problem():
            return error
        case HTTPException():
            text = str(error.detail)
            title: Text = HTTP_TITLES.get(text, text)
            detail: Text = HTTP_DETAILS.get(error.status_code, text)
            return Problem(error.status_code, title, detail, headers=error.headers)
        case RequestValidationError():
            return _invalid_request(error)
        case ConfigValueError():
            more = {"field": error.key, "choices": list(error.choices)}
            return Problem(422, UNPROCESSABLE, error.render(), more)
        case RetryableError():
            unavailable = Message("serving.unavailable")
            return Problem(503, unavailable, error.message, headers={"Retry-After": "1"})
        case MesocosmError():
            return Problem(503, Message("serving.unavailable"), error.message)
    detail = Message("serving.error_in_request", kind=type(error).__name__)
    return Problem(500, Message("serving.internal_error"), detail)


def _invalid_request(error: RequestValidationError) -> Problem:
    messages = {".".join(map(str, e["loc"][1:])): _describe_input(e) for e in error.errors()}
    detail = "; ".join(f"{name or 'the request'}: {why}" for name, why in messages.items())
    if current_language() != SOURCE:
        named = [
            Message("serving.input_error", name=name or Message("serving.the_request"), why=why)
            for name, why in messages.items()
        ]
        detail = render_list(tuple(named))
    return Problem(422, UNPROCESSABLE, detail[:400], {"fields": list(messages)[:20]})


def _describe_input(error: Mapping[str, Any]) -> str:
    """What is wrong with an input; in English as Pydantic writes it."""
    text, kind = str(error["msg"]), str(error["type"])
    if current_language() == SOURCE or kind not in INPUT_ERRORS:
        return f"{text[:1].lower()}{text[1:]}"
    bounds = [value for name, value in error.get("ctx", {}).items() if name in BOUNDS]
    return Message(INPUT_ERRORS[kind], bound=str(bounds[0]) if bounds else "").render()
