"""Bodies as JSON: those of requests read within bounds, those of answers written.

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

from mesocosm.core.json_keys import KeyTwice, repeated_key
from mesocosm.serving.http.problems import Problem

MOST_BODY = 2_000_000


class JsonAnswer(Response):
    """An answer as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


async def read_body(request: Request) -> Any:
    """The request's JSON, bounded.

    Raises:
        Problem: it is too large or no JSON.
    """
    return await read_json(request.scope, request.receive)


async def read_json(scope: Scope, receive: Receive) -> Any:
    """The JSON of a request's body, bounded.

    Raises:
        Problem: it is too large or no JSON.
    """
    return parse_json(await read_bytes(scope, receive))


async def read_bytes(scope: Scope, receive: Receive) -> bytes:
    """A request's body, bounded.

    Raises:
        Problem: it is too large or not whole.
    """
    too_large = Problem(413, "The body is too large", f"a body may have {MOST_BODY} bytes at most")
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BODY:
            raise too_large
    data = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(
                400, "The body is not whole", "the connection was closed while it was read"
            )
        data += message.get("body", b"")
        if len(data) > MOST_BODY:
            raise too_large
        if not message.get("more_body"):
            return bytes(data)


def parse_json(data: bytes) -> Any:
    """JSON read from bytes.

    Raises:
        Problem: it is none, or a key comes twice in an object.
    """
    found = _read(data)
    encoding = json.detect_encoding(data)
    if (
        key := repeated_key(data if encoding == "utf-8" else data.decode(encoding), found)
    ) is not None:
        raise Problem(400, "A key comes twice", str(KeyTwice(key)), {"field": key[:60]})
    return found


def _read(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except (ValueError, RecursionError):
        pass
    try:
        found = json.loads(data)  # numbers that orjson does not read
        json.dumps(
            found, ensure_ascii=False
        ).encode()  # half a character can be read, and never written again
    except (ValueError, RecursionError) as error:
        raise Problem(
            400, "The body is no JSON", "the body is no JSON that can be read; wanted an object"
        ) from error
    if named := non_finite(found):
        if named[1].removeprefix("-").encode() not in data:
            raise Problem(
                400,
                "A number is too large",
                f"{named[0]}: the number is beyond 1.8e308, the largest that a double holds; wanted"
                " a finite number, or null",
                {"field": named[0]},
            )
        raise Problem(
            400,
            "The body is no JSON",
            f"{named[0]}: {named[1]} is no JSON value; wanted a finite number, or null",
            {"field": named[0]},
        )
    return found


def non_finite(value: Any) -> tuple[str, str] | None:
    """Where the first number of a JSON value stands that is infinite or none, and how JSON's
    writers spell it.

    >>> non_finite({"rows": [{"a": 1.0}, {"a": float("inf")}]})
    ('rows[1].a', 'Infinity')
    """
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, float) and not math.isfinite(one):
            return at or "the body", (
                "NaN" if math.isnan(one) else "Infinity" if one > 0 else "-Infinity"
            )
        if isinstance(one, dict):
            waiting += [(f"{at}.{k[:60]}" if at else k[:60], v) for k, v in reversed(one.items())]
        elif isinstance(one, list):
            waiting += [(f"{at}[{n}]", v) for n, v in reversed(list(enumerate(one)))]
    return None
