"""Bodies as JSON: those of requests read within bounds, those of responses written.

Knows ASGI and JSON; knows no service.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope

from mesocosm.core.errors import text_of
from mesocosm.core.messages import Message
from mesocosm.core.values.json_keys import KeyTwice, repeated_key
from mesocosm.serving.http.problems import Problem

MOST_BODY = 2_000_000  # bytes
NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class JsonAnswer(Response):
    """A response as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body of the response."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


async def read_body(request: Request) -> Any:
    """Read a request's JSON, within bounds.

    Raises:
        Problem: it is too large or not JSON.
    """
    return await read_json(request.scope, request.receive)


async def read_json(scope: Scope, receive: Receive) -> Any:
    """Read the JSON of a request's body, within bounds.

    Raises:
        Problem: it is too large or not JSON.
    """
    return parse_json(await read_bytes(scope, receive))


async def read_bytes(scope: Scope, receive: Receive) -> bytes:
    """Read a request's body, within bounds.

    Raises:
        Problem: it is too large or incomplete.
    """
    too_large = Problem(
        413, Message("serving.body_too_large"), Message("serving.body_bytes", most=MOST_BODY)
    )
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BODY:
            raise too_large
    data = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            detail = Message("serving.closed_in_body")
            raise Problem(400, Message("serving.incomplete_body"), detail)
        data += message.get("body", b"")
        if len(data) > MOST_BODY:
            raise too_large
        if not message.get("more_body"):
            return bytes(data)


def parse_json(data: bytes) -> Any:
    """Parse JSON.

    Raises:
        Problem: it is not JSON, or an object has a duplicate key.
    """
    value = _read(data)
    encoding = json.detect_encoding(data)
    text: bytes | str = data
    if encoding != "utf-8":
        text = data.decode(encoding)
    key = repeated_key(text, value)
    if key is not None:
        raise Problem(
            400, Message("serving.duplicate_key"), text_of(KeyTwice(key)), {"field": key[:60]}
        )
    return value


def _read(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except (ValueError, RecursionError):
        pass
    try:
        value = json.loads(data)  # numbers that orjson does not read
        # half a character can be read, and never written again
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        detail = Message("serving.not_json")
        raise Problem(400, Message("serving.invalid_json"), detail) from error
    _check_finite(value, data)
    return value


def _check_finite(value: Any, data: bytes) -> None:
    """Reject a number that is infinite or not a number, whether it was written so or is too
    large.
    """
    found = non_finite(value)
    if not found:
        return
    field, spelt = found
    more = {"field": field}
    if spelt.removeprefix("-").encode() in data:
        detail = Message("serving.not_a_json_value", field=field, value=spelt)
        raise Problem(400, Message("serving.invalid_json"), detail, more)
    detail = Message("serving.number_beyond_double", field=field)
    raise Problem(400, Message("serving.number_too_large"), detail, more)


def non_finite(value: Any) -> tuple[str, str] | None:
    """The path of the first number of a JSON value that is infinite or not a number, and how JSON's
    writers spell it.

    >>> non_finite({"rows": [{"a": 1.0}, {"a": float("inf")}]})
    ('rows[1].a', 'Infinity')
    """
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        at, item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return at or "the body", NON_FINITE[str(item)]
        if isinstance(item, dict):
            prefix = f"{at}." if at else ""
            waiting += [(prefix + k[:60], v) for k, v in reversed(item.items())]
        elif isinstance(item, list):
            waiting += [(f"{at}[{n}]", v) for n, v in reversed(list(enumerate(item)))]
    return None
