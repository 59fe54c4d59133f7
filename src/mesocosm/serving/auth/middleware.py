"""Authentication and authorisation: every request's host, origin, token, role and rate.

Knows ASGI and roles. Every error is problem+json (RFC 9457) with one sentence; no response is
incomplete.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi.responses import RedirectResponse, Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from mesocosm.core.confidential.row_values import shown_bytes
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import language_of_request, writing_in
from mesocosm.core.permissions import OWNER
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.http.problems import Problem, render_problem, to_problem
from mesocosm.serving.http.request_headers import (
    cookie_name,
    is_foreign_origin,
    is_known_host,
    read_token,
)

OPEN = ("/healthz", "/readyz", "/signin", "/signin/back", "/signout")
# what a person opens; who is not signed in is redirected to the sign-in where there is one
PAGES = ("/", "/world")
HOSTS = ("127.0.0.1", "localhost", "[::1]", "testserver")
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src"
    " 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self' blob:"
    " data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
READ = (b"host", b"authorization", b"origin", b"x-request-id", b"accept-language")
IDENT = re.compile(r"[\w.-]{1,64}\Z", re.ASCII)


@dataclass
class _Exchange:
    """A request and its response.

    Args:
        status: of the response; 0 before it begins.
        head: of the response, until the first part of the body is known.
        cookies: headers that a successful response has too.
    """

    scope: Scope
    receive: Receive
    send: Send
    request_id: str
    headers: Mapping[bytes, bytes]
    status: int = 0
    head: AsgiMessage | None = None
    cookies: list[tuple[bytes, bytes]] = field(default_factory=list)

    def text(self, header: bytes) -> str:
        """A header of the request as text; empty without it."""
        return self.headers.get(header, b"").decode("latin-1")

    @property
    def language(self) -> str:
        """The language to respond in."""
        query: bytes = self.scope["query_string"]
        return language_of_request(query.decode("latin-1"), self.text(b"accept-language"))

    async def respond(self, message: AsgiMessage) -> None:
        """Send a part of the response, with safe headers and the values of rows withheld."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(message)
            self.head = message
            return
        if self.head is not None:
            head, self.head = self.head, None
            if message["type"] == "http.response.body":
                owner = self.scope["state"].get("role") == OWNER
                message = _reveal_body(head, message, owner)
            await self.send(head)
        await self.send(message)

    def _add_headers(self, message: AsgiMessage) -> None:
        given = list(message.get("headers", ()))
        names = {name for name, _ in given}
        more = [header for header in SAFE if header[0] not in names]
        more.append((b"x-request-id", self.request_id.encode()))
        if self.status < 400:
            more += self.cookies
        message["headers"] = [*given, *more]


class AuthMiddleware:
    """Middleware around everything.

    Sentences mark the values of rows that they quote. This is where they leave: the owner is shown
    the values, other roles are not.

    Args:
        hosts: names by which this server may be called; others may be another page's, rebound to
            this address.
        done: receives each request when it is answered: the scope, the status and the seconds.
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
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = {name: value for name, value in scope["headers"] if name in READ}
        request_id = headers.get(b"x-request-id", b"").decode("latin-1")
        if not IDENT.match(request_id):
            request_id = "r-" + secrets.token_hex(8)
        scope.setdefault("state", {})["request"] = request_id
        exchange = _Exchange(scope, receive, send, request_id, headers)
        try:
            with writing_in(exchange.language):
                await self._handle(exchange)
        finally:
            self.done(scope, exchange.status, time.perf_counter() - began)

    async def _handle(self, exchange: _Exchange) -> None:
        """Admit a request and have it answered; or reject it."""
        try:
            await self._admit(exchange)
            await self.app(exchange.scope, exchange.receive, exchange.respond)
        except Exception as error:
            if not exchange.status:
                await self._reject(exchange, error)
            # else the response began already: the server closes the connection then

    async def _admit(self, exchange: _Exchange) -> None:
        """Check the host, the role and the origin of a request.

        Raises:
            Problem: it is not allowed.
        """
        scope = exchange.scope
        host = exchange.text(b"host")
        self._check_host(scope, host)
        if scope["path"] not in OPEN:
            scope["state"]["role"] = await self._role(
                scope, exchange.headers.get(b"authorization", b"")
            )
            changes = scope["method"] not in ("GET", "HEAD", "OPTIONS")
            if changes and is_foreign_origin(exchange.text(b"origin"), host):
                raise Problem(
                    403,
                    Message("serving.origin_not_allowed"),
                    Message("serving.foreign_origin"),
                )
        if b"token=" in scope["query_string"]:
            exchange.cookies += _token_cookie(scope, host)

    def _check_host(self, scope: Scope, host: str) -> None:
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:
            raise Problem(
                400,
                Message("serving.ambiguous_host"),
                Message("serving.one_host_header"),
            )
        if not is_known_host(host, self.hosts):
            raise Problem(
                403,
                Message("serving.host_not_allowed"),
                Message("serving.known_hosts"),
            )

    async def _reject(self, exchange: _Exchange, error: Exception) -> None:
        """Respond to an error: to a person who is not signed in with a redirect, where people sign
        in by a page.
        """
        scope, receive = exchange.scope, exchange.receive
        unauthenticated = isinstance(error, Problem) and error.status == 401
        is_page = scope["path"] in PAGES and scope["method"] == "GET"
        if unauthenticated and is_page and self.roles.signs:
            response: Response = RedirectResponse(f"/signin?to={scope['path']}", 303)
        else:
            response = render_problem(to_problem(error), scope["path"])
        await response(scope, receive, exchange.respond)

    async def _role(self, scope: Scope, bearer: bytes) -> str:
        if secrets.compare_digest(bearer, self.roles.bearer):
            return OWNER
        role = await asyncio.to_thread(self.roles.role, HTTPConnection(scope))
        if not role:
            raise Problem(
                401,
                Message("serving.authentication_required"),
                Message("serving.send_token"),
                headers={"WWW-Authenticate": "Bearer"},
            )
        return role


def _token_cookie(scope: Scope, host: str) -> list[tuple[bytes, bytes]]:
    """A cookie of the token in the query, so that links need not carry it."""
    connection = HTTPConnection(scope)
    if not connection.query_params.get("token"):
        return []
    cookie = f"{cookie_name(host)}={read_token(connection)}; HttpOnly; Path=/; SameSite=strict"
    if scope["scheme"] == "https":
        cookie += "; Secure"
    return [(b"set-cookie", cookie.encode())]


def _reveal_body(head: AsgiMessage, message: AsgiMessage, owner: bool) -> AsgiMessage:
    """The first part of a JSON response with the values of rows shown or withheld; the length in
    its head is corrected where that changes it.
    """
    data = message.get("body", b"")
    if not any(name == b"content-type" and b"json" in value for name, value in head["headers"]):
        return message
    shown = shown_bytes(data, owner)
    if shown is data:
        return message
    length = (b"content-length", str(len(shown)).encode())
    head["headers"] = [
        length if header[0] == b"content-length" else header for header in head["headers"]
    ]
    return {**message, "body": shown}
