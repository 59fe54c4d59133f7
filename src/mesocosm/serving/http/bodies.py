"""Bodies as JSON: those of requests read within bounds, those of responses written.

Knows ASGI and JSON; knows no service.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

import orjson
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope

from mesocosm.core.errors import text_of
from mesocosm.core.messages import Message
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.json_keys import KeyTwice, repeated_key
from mesocosm.serving.http.problems import Problem

MOST_BODY = 2_000_000  # bytes
NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class JsonAnswer(Response):
    """A response as JSON."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """The body of the response."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


async def read_body(request: Request) -> Json:
    """Read a request's JSON, within bounds.

    Raises:
        Problem: it is too large or not JSON.
    """
    return await read_json(request.scope, request.receive)


async def read_json(scope: Scope, receive: Receive) -> Json:
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
    if _announces_more(scope):
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


def _announces_more(scope: Scope) -> bool:
    """Whether a request's header says that its body is too large."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BODY:
            return True
    return False


def as_object(body: Json) -> JsonObject:
    """A body that is an object; an empty one where it is another value."""
    return body if isinstance(body, Mapping) else {}


def parse_json(data: bytes) -> Json:
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


def _read(data: bytes) -> Json:
    try:
        read: Json = orjson.loads(data)
        return read
    except (ValueError, RecursionError):
        pass
    try:
        value: Json = json.loads(data)  # numbers that orjson does not read
        # half a character can be read, and never written again
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        detail = Message("serving.not_json")
        raise Problem(400, Message("serving.invalid_json"), detail) from error
    _check_finite(value, data)
    return value


def _check_finite(value: Json, data: bytes) -> None:
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


def non_finite(value: object) -> tuple[str, str] | None:
    """The path of the first number of a JSON value that is infinite or not a number, and how JSON's
    writers spell it.

    >>> non_finite({"rows": [{"a": 1.0}, {"a": float("inf")}]})
    ('rows[1].a', 'Infinity')
    """
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        at, item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return at or "the body", NON_FINITE[str(item)]
        waiting += reversed(list(_list_inner(at, item)))
    return None


def _list_inner(at: str, item: object) -> Iterator[tuple[str, object]]:
    """The values in an object or a list, with their paths."""
    if isinstance(item, dict):
        prefix = f"{at}." if at else ""
        for key, value in item.items():
            yield prefix + key[:60], value
    elif isinstance(item, list):
        for number, value in enumerate(item):
            yield f"{at}[{number}]", value
