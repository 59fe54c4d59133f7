"""Who may do what: every request's host, token, role and pace, and what is said of those that may
not.

Knows ASGI and roles. Every failure is problem+json (RFC 9457) with one sentence; nothing is half
answered.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mesocosm.base.errors import Failure, Later, Wrong
from mesocosm.base.json_keys import KeyTwice, repeated_key
from mesocosm.base.rights import OWNER, RIGHTS
from mesocosm.base.row_values import shown_bytes

MOST_BODY = 2_000_000
OPEN = ("/healthz", "/readyz", "/signin", "/signin/back", "/signout")
PAGES = (
    "/",
    "/world",
)  # what a person opens; who is nobody is led to the sign-in where there is one
HOSTS = ("127.0.0.1", "localhost", "[::1]", "testserver")
REMEMBERED = 2.0  # seconds that a role is believed before the catalog is asked again
BURST = 2.0  # seconds' worth of requests that a token may send at once
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src"
    " 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' blob: data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
READ = (b"host", b"authorization", b"origin", b"x-request-id")
IDENT = re.compile(r"[\w.-]{1,64}\Z", re.ASCII)


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


def spoken(problem: Problem, path: str) -> JSONResponse:
    """A problem as the protocol at a path has it: OpenAI's error object, the Open Inference
    Protocol's `error`, else problem details.

    >>> spoken(Problem(404, "No such service", "no service is named x"), "/v2/models/x").body
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


class Answer(Response):
    """An answer as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def problem_of(error: Exception) -> Problem:
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


async def body_of(request: Request) -> Any:
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
    return json_of(await read_bytes(scope, receive))


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


def json_of(data: bytes) -> Any:
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


def right_of(method: str, path: str) -> str:
    """What a request needs: `see` to read, `ask` to use a service, `change` for the rest.

    >>> right_of("POST", "/v1/services/desk/predict"), right_of("POST", "/v1/services/desk/rollback")
    ('ask', 'change')
    """
    if method in ("GET", "HEAD"):
        return "see"
    return (
        "ask"
        if path.endswith(
            ("/predict", "/infer", "/feedback", "/chat/completions", "/notes", "/what-if", "/talk")
        )
        else "change"
    )


class Roles:
    """Tells a connection's role by its token, and holds each token to a pace.

    Args:
        token: the owner's.
        given: the `role` of another token and what it `may`.
        rate: requests a second of a token that is not the owner's.

    `signs` is whether people can sign in by a page.
    """

    def __init__(
        self, token: str, given: Callable[[str], Mapping[str, str] | None], rate: float
    ) -> None:
        self.token, self.given, self.rate, self.signs = token.encode(), given, rate, False
        self.bearer = b"Bearer " + self.token
        self.known: dict[bytes, tuple[float, Mapping[str, str] | None]] = {}
        self.left: dict[bytes, tuple[float, float]] = {}

    def owner(self, connection: HTTPConnection) -> bool:
        """Whether the owner's token came with it."""
        return secrets.compare_digest(said(connection).encode(), self.token)

    def role(self, connection: HTTPConnection) -> str | None:
        """The role, None where the token is not known.

        Raises:
            Problem: the role may not do this, or its token asks too often.
        """
        if self.owner(connection):
            return OWNER
        mark, found = self._found(said(connection))
        if not found:
            return None
        need = right_of(connection.scope.get("method", "GET"), connection.url.path)
        if RIGHTS.index(found["may"]) < RIGHTS.index(need):
            raise Problem(
                403,
                "The role may not do this",
                f"'{found['role']}' may {found['may']}, and this needs {need}",
            )
        self._paced(mark)
        return found["role"]

    def socket(self, connection: HTTPConnection, hosts: Sequence[str]) -> tuple[str, str]:
        """A socket's role and what it may do, two empty texts where its token, its host or the page
        that opened it is not ours.
        """
        host = connection.headers.get("host", "")
        if len(connection.headers.getlist("host")) > 1:
            return "", ""
        if not named_so(host, hosts) or foreign(connection.headers.get("origin", ""), host):
            return "", ""
        if self.owner(connection):
            return OWNER, RIGHTS[-1]
        _, found = self._found(said(connection))
        return (str(found["role"]), str(found["may"])) if found else ("", "")

    def _found(self, token: str) -> tuple[bytes, Mapping[str, str] | None]:
        """A token's digest, and its role where it has one."""
        mark, now = sha256(token.encode()).digest(), time.monotonic()
        if not token:
            return mark, None
        if mark not in self.known or self.known[mark][0] < now:
            if len(self.known) > 10_000:
                self.known.clear()
            self.known[mark] = now + REMEMBERED, self.given(token)
        return mark, self.known[mark][1]

    def _paced(self, mark: bytes) -> None:
        now, most = time.monotonic(), self.rate * BURST
        left, at = self.left.get(mark, (most, now))
        left = min(most, left + (now - at) * self.rate) - 1
        if left < 0:
            wait = max(1, round(-left / self.rate))
            raise Problem(
                429,
                "Too many requests",
                f"this token may ask {self.rate:g} times a second",
                headers={"Retry-After": str(wait)},
            )
        self.left[mark] = left, now


def named_so(host: str, hosts: Sequence[str]) -> bool:
    """Whether a server is called by one of its names, whatever the port."""
    return host.rsplit(":", 1)[0] in hosts


def foreign(origin: str, host: str) -> bool:
    """Whether a page of another origin asks."""
    return bool(origin) and origin.split("//")[-1] != host


def cookie_of(host: str) -> str:
    """The name of the token's cookie: browsers send a host's cookies to all its ports, so the port
    is in the name.

    >>> cookie_of("127.0.0.1:8765"), cookie_of("example.org"), cookie_of("[::1]:80")
    ('mesocosm_8765', 'mesocosm', 'mesocosm_80')
    """
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
    return f"mesocosm_{port}" if port.isdigit() else "mesocosm"


def said(connection: HTTPConnection) -> str:
    """The token that came with a connection."""
    bearer = connection.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return str(
        bearer
        or connection.cookies.get(cookie_of(connection.headers.get("host", "")), "")
        or connection.query_params.get("token", "")
    )


class Guard:
    """Middleware around everything.

    Sentences mark the values of rows that they quote. This is where they leave: the owner is shown
    the values, other roles are not.

    Args:
        hosts: names by which this server may be called; others may be another page's, rebound to
            this address.
        done: is told of each request when it is answered: the scope, the status and the seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        roles: Roles,
        hosts: tuple[str, ...],
        done: Callable[[Scope, int, float], None],
    ) -> None:
        self.app, self.roles, self.hosts, self.done = app, roles, hosts, done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        headers = {name: value for name, value in scope["headers"] if name in READ}
        asked = headers.get(b"x-request-id", b"").decode("latin-1")
        ident = asked if IDENT.match(asked) else "r-" + secrets.token_hex(8)
        scope.setdefault("state", {})["request"] = ident
        cookie: list[tuple[bytes, bytes]] = []
        held: Message | None = None  # the head, until the first part of the body is known

        async def sending(message: Message) -> None:
            nonlocal status, held
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name for name, _ in message.get("headers", ())}
                more = [
                    *(h for h in SAFE if h[0] not in there),
                    (b"x-request-id", ident.encode()),
                    *(cookie if status < 400 else ()),
                ]
                message["headers"] = [*message.get("headers", ()), *more]
                held = message
                return
            if held is not None:
                head, held = held, None
                if message["type"] == "http.response.body":
                    message = _shown(head, message, scope["state"].get("role") == OWNER)
                await send(head)
            await send(message)

        try:
            host = headers.get(b"host", b"").decode("latin-1")
            if sum(name == b"host" for name, _ in scope["headers"]) > 1:
                raise Problem(
                    400,
                    "The host is ambiguous",
                    "a request has one 'Host' header; this one has several",
                )
            if not named_so(host, self.hosts):
                raise Problem(
                    403,
                    "The host is not allowed",
                    "this server answers only under the names it was given; by default the loopback"
                    " address",
                )
            if scope["path"] not in OPEN:
                scope["state"]["role"] = await self._role(scope, headers.get(b"authorization", b""))
                origin = headers.get(b"origin", b"").decode("latin-1")
                if scope["method"] not in ("GET", "HEAD", "OPTIONS") and foreign(origin, host):
                    raise Problem(
                        403,
                        "The origin is not allowed",
                        "a page of another origin may not change anything here",
                    )
            if b"token=" in scope["query_string"] and HTTPConnection(scope).query_params.get(
                "token"
            ):
                secure = "; Secure" if scope["scheme"] == "https" else ""
                cookie.append(
                    (
                        b"set-cookie",
                        f"{cookie_of(host)}={said(HTTPConnection(scope))}; HttpOnly; Path=/;"
                        f" SameSite=strict{secure}".encode(),
                    )
                )
            await self.app(scope, receive, sending)
        except Exception as error:
            if (
                not status
                and self.roles.signs
                and scope["path"] in PAGES
                and isinstance(error, Problem)
                and error.status == 401
                and scope["method"] == "GET"
            ):
                await RedirectResponse(f"/signin?to={scope['path']}", 303)(scope, receive, sending)
            elif (
                not status
            ):  # else it was answered already, or half: the server closes the connection then
                await spoken(problem_of(error), scope["path"])(scope, receive, sending)
        finally:
            self.done(scope, status, time.perf_counter() - began)

    async def _role(self, scope: Scope, bearer: bytes) -> str:
        if secrets.compare_digest(bearer, self.roles.bearer):
            return OWNER
        role = await asyncio.to_thread(self.roles.role, HTTPConnection(scope))
        if not role:
            raise Problem(
                401,
                "A token is wanted",
                "give the token that 'mesocosm up' printed, as ?token= or 'Authorization: Bearer'",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return role


def _shown(head: Message, message: Message, owner: bool) -> Message:
    """The first part of a JSON answer with the values of rows shown or withheld; the head's length
    is set anew where that changes it.
    """
    data = message.get("body", b"")
    if not any(name == b"content-type" and b"json" in value for name, value in head["headers"]):
        return message
    shown = shown_bytes(data, owner)
    if shown is data:
        return message
    head["headers"] = [
        (name, str(len(shown)).encode() if name == b"content-length" else value)
        for name, value in head["headers"]
    ]
    return {**message, "body": shown}
