"""Who may do what: every request's host, token, role and pace, and what is said of those that may
not.

Knows ASGI and roles. Every failure is problem+json (RFC 9457) with one sentence; nothing is half
answered.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable

from fastapi.responses import RedirectResponse
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mesocosm.core.confidential.row_values import shown_bytes
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
PAGES = (
    "/",
    "/world",
)  # what a person opens; who is nobody is led to the sign-in where there is one
HOSTS = ("127.0.0.1", "localhost", "[::1]", "testserver")
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


class AuthMiddleware:
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
                    message = _reveal_body(head, message, scope["state"].get("role") == OWNER)
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
            if not is_known_host(host, self.hosts):
                raise Problem(
                    403,
                    "The host is not allowed",
                    "this server answers only under the names it was given; by default the loopback"
                    " address",
                )
            if scope["path"] not in OPEN:
                scope["state"]["role"] = await self._role(scope, headers.get(b"authorization", b""))
                origin = headers.get(b"origin", b"").decode("latin-1")
                if scope["method"] not in ("GET", "HEAD", "OPTIONS") and is_foreign_origin(
                    origin, host
                ):
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
                        f"{cookie_name(host)}={read_token(HTTPConnection(scope))}; HttpOnly; Path=/;"
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
                await render_problem(to_problem(error), scope["path"])(scope, receive, sending)
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


def _reveal_body(head: Message, message: Message, owner: bool) -> Message:
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
