"""Sign-in by a page of an OpenID Connect provider: the authorization code flow with PKCE. It issues
a token of ours, of the same role, that expires when the provider's does.

Knows the provider, addresses and cookies. Nothing that the provider issues reaches the browser;
people are redirected back to a page of ours.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9700 (best current practice)
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject
from mesocosm.serving.auth.oidc import Provider
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.http.request_headers import cookie_name

IN, BACK, OUT = "/signin", "/signin/back", "/signout"
BEGUN = 600.0  # seconds that a sign-in may take at the provider
MOST = 10_000  # sign-ins in progress that are kept
LONGEST = 12 * 3600.0  # seconds that one sign-in is valid at most
MARK = "mesocosm-signin"
PAGES = ("/", "/world")
SIGNED_OUT = (
    '<!doctype html><meta charset="utf-8"><title>Mesocosm</title><p>You are signed out. <a'
    ' href="/signin">Sign in</a></p>'
)


class SignIn:
    """Sign-ins in progress.

    Args:
        provider: whose tokens are accepted; its settings name the client.
        give: issues a token of ours of a role, what it may, and for how many seconds.
    """

    def __init__(
        self,
        provider: Provider,
        give: Callable[[str, str, float], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.provider, self.give, self.clock = provider, give, clock
        self.begun: dict[str, tuple[float, str, str, str]] = {}
        self.lock = threading.Lock()

    def begin(self, address: str, to: str) -> tuple[str, str]:
        """Begin a sign-in; the provider's page, and the state that the browser brings back.

        Raises:
            MesocosmError: the provider has no page to sign in.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        if to not in PAGES:
            to = PAGES[0]
        self._keep(state, nonce, verifier, to)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        parameters = {
            "response_type": "code",
            "client_id": self.provider.settings.client,
            "redirect_uri": address + BACK,
            "scope": self.provider.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        page = self.provider.find_endpoint("authorization_endpoint")
        separator = "&" if "?" in page else "?"
        return page + separator + urlencode(parameters), state

    def _keep(self, state: str, nonce: str, verifier: str, to: str) -> None:
        """Keep a sign-in in progress; those that took too long go, and the oldest of too many."""
        with self.lock:
            now = self.clock()
            self.begun = {k: v for k, v in self.begun.items() if v[0] > now}
            if len(self.begun) >= MOST:
                self.begun.pop(next(iter(self.begun)))
            self.begun[state] = now + BEGUN, nonce, verifier, to

    def end(self, address: str, state: str, mark: str, code: str) -> tuple[str, str]:
        """End a sign-in by the provider's code; a token of ours, and the page that was requested.

        Raises:
            Problem: it was not begun here, or the provider's response is invalid.
            MesocosmError: the provider cannot be reached.
        """
        nonce, verifier, to = self._take(state, mark)
        settings = self.provider.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": address + BACK,
            "client_id": settings.client,
            "code_verifier": verifier,
        }
        if settings.secret:
            form["client_secret"] = settings.secret
        tokens = self.provider.exchange(form)
        until = self.provider.find_expiry(
            str(tokens.get("id_token", "")), str(settings.client), nonce
        )
        if until is None:
            raise Problem(
                403,
                Message("serving.invalid_provider_token"),
                Message("serving.provider_token_wrong"),
            )
        found = self._find_role(tokens)
        if found is None:
            raise Problem(
                403,
                Message("serving.no_role"),
                Message("serving.no_role_of_ecosystem", claim=settings.claim),
            )
        remaining = max(1.0, min(LONGEST, until - self.clock()))
        return self.give(found["role"], found["may"], remaining), to

    def _take(self, state: str, mark: str) -> tuple[str, str, str]:
        """The nonce, the verifier and the page of a sign-in in progress, which ends."""
        begun = None
        with self.lock:
            if state and secrets.compare_digest(state, mark):
                begun = self.begun.pop(state, None)
        if begun is None or begun[0] <= self.clock():
            raise Problem(
                400,
                Message("serving.unknown_sign_in"),
                Message("serving.sign_in_again"),
            )
        _, nonce, verifier, to = begun
        return nonce, verifier, to

    def _find_role(self, tokens: JsonObject) -> Mapping[str, str] | None:
        """The role of the access token, or of the id token."""
        client = str(self.provider.settings.client)
        return self.provider.role(str(tokens.get("access_token", ""))) or self.provider.role(
            str(tokens.get("id_token", "")), extra=client
        )


def add_routes(app: FastAPI, signs: SignIn, address: str) -> None:
    """Add the pages of signing in and out.

    Args:
        address: the address of this server for browsers; that of each request where it is empty.
    """

    def here(request: Request) -> str:
        return address or f"{request.url.scheme}://{request.headers.get('host', '')}"

    def begin(request: Request, to: str = "/") -> Response:
        page, state = signs.begin(here(request), to)
        response = RedirectResponse(page, 303)
        response.set_cookie(
            MARK,
            state,
            max_age=int(BEGUN),
            path=IN,
            httponly=True,
            samesite="lax",
            secure=here(request).startswith("https://"),
        )
        return response

    def back(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
        if error:
            detail = Message("serving.provider_reported", error=error[:60], path=IN)
            raise Problem(403, Message("serving.sign_in_failed"), detail)
        token, to = signs.end(here(request), state, request.cookies.get(MARK, ""), code)
        secure = here(request).startswith("https://")
        return _signed_in(request.headers.get("host", ""), token, to, secure)

    def out(request: Request) -> Response:
        response = HTMLResponse(SIGNED_OUT)
        response.delete_cookie(cookie_name(request.headers.get("host", "")), path="/")
        return response

    app.get(IN, include_in_schema=False)(begin)
    app.get(BACK, include_in_schema=False)(back)
    app.get(OUT, include_in_schema=False)(out)


def _signed_in(host: str, token: str, to: str, secure: bool) -> Response:
    """A page that leads on, with the token's cookie: a strict cookie is not sent along with a
    redirect that began elsewhere.
    """
    response = HTMLResponse(
        '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh"'
        f' content="0;url={escape(to)}"><title>Mesocosm</title><p>You are signed in. <a'
        f' href="{escape(to)}">Go on</a></p>'
    )
    response.set_cookie(
        cookie_name(host), token, path="/", httponly=True, samesite="strict", secure=secure
    )
    response.delete_cookie(MARK, path=IN)
    return response
