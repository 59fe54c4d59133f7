"""Signing in by a page of an OpenID Connect provider: the authorization code flow with PKCE. What
comes of it is a token of ours, of the same role, that ends when the provider's does.

Knows the provider, addresses and cookies. Nothing that the provider hands out reaches the browser;
where people are sent back to is a page of ours.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9700 (best current practice)
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from mesocosm.serving.auth.oidc import Provider
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.http.request_headers import cookie_name

IN, BACK, OUT = "/signin", "/signin/back", "/signout"
BEGUN = 600.0  # seconds that somebody may take at the provider
MOST = 10_000  # sign-ins begun and not ended that are kept
LONGEST = 12 * 3600.0  # seconds that one sign-in counts at most
MARK = "mesocosm-signin"
PAGES = ("/", "/world")


class SignIn:
    """Sign-ins that have begun.

    Args:
        provider: whose tokens are believed; its settings name the client.
        give: makes a token of ours of a role, what it may, and for how many seconds.
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
        """The provider's page, and the mark that the browser brings back.

        Raises:
            Failure: the provider does not say where people sign in.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self.lock:
            now = self.clock()
            self.begun = {k: v for k, v in self.begun.items() if v[0] > now}
            if len(self.begun) >= MOST:
                self.begun.pop(next(iter(self.begun)))
            self.begun[state] = now + BEGUN, nonce, verifier, to if to in PAGES else PAGES[0]
        asked = {
            "response_type": "code",
            "client_id": self.provider.settings.client,
            "redirect_uri": address + BACK,
            "scope": self.provider.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": (
                base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
                .decode()
                .rstrip("=")
            ),
            "code_challenge_method": "S256",
        }
        page = self.provider.where("authorization_endpoint")
        return page + ("&" if "?" in page else "?") + urlencode(asked), state

    def end(self, address: str, state: str, mark: str, code: str) -> tuple[str, str]:
        """A token of ours for who comes back with a code, and the page they wanted.

        Raises:
            Problem: nobody began this here, or the provider's answer is not to be believed.
            Failure: the provider cannot be reached.
        """
        with self.lock:
            until, nonce, verifier, to = (
                self.begun.pop(state, (0.0, "", "", ""))
                if state and secrets.compare_digest(state, mark)
                else (0.0, "", "", "")
            )
        if until <= self.clock():
            raise Problem(
                400,
                "Nobody began this",
                "this sign-in was not begun in this browser, or more than ten minutes ago; begin"
                " again at /signin",
            )
        held = self.provider.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": address + BACK,
            "client_id": held.client,
            "code_verifier": verifier,
        } | ({"client_secret": held.secret} if held.secret else {})
        told = self.provider.exchange(form)
        who = self.provider.whose(str(told.get("id_token", "")), str(held.client), nonce)
        if who is None:
            raise Problem(
                403,
                "The provider's word is not to be believed",
                "its token is not signed by its key, not for us, over, or not of this sign-in",
            )
        found = next(
            (
                r
                for key in ("access_token", "id_token")
                if (
                    r := self.provider.role(
                        str(told.get(key, "")), extra=str(held.client) if key == "id_token" else ""
                    )
                )
            ),
            None,
        )
        if found is None:
            raise Problem(
                403,
                "No role here",
                "the provider knows you, and gives you none of the roles of this file (claim"
                f" '{held.claim}')",
            )
        return (
            self.give(found["role"], found["may"], max(1.0, min(LONGEST, who - self.clock()))),
            to,
        )


def add_routes(app: FastAPI, signs: SignIn, address: str) -> None:
    """The pages of signing in and out.

    Args:
        address: how browsers call this server; where it is empty, as each request calls it.
    """

    def here(request: Request) -> str:
        return address or f"{request.url.scheme}://{request.headers.get('host', '')}"

    def secure(request: Request) -> bool:
        return here(request).startswith("https://")

    def begin(request: Request, to: str = "/") -> Response:
        page, state = signs.begin(here(request), to)
        answer = RedirectResponse(page, 303)
        answer.set_cookie(
            MARK,
            state,
            max_age=int(BEGUN),
            path=IN,
            httponly=True,
            samesite="lax",
            secure=secure(request),
        )
        return answer

    def back(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
        if error:
            raise Problem(
                403, "The provider let nobody in", f"it says '{error[:60]}'; begin again at {IN}"
            )
        token, to = signs.end(here(request), state, request.cookies.get(MARK, ""), code)
        # a page of ours leads on: a strict cookie is not sent along with a redirect that began
        # elsewhere
        answer = HTMLResponse(
            '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh"'
            f' content="0;url={escape(to)}"><title>Mesocosm</title><p>You are signed in. <a'
            f' href="{escape(to)}">Go on</a></p>'
        )
        answer.set_cookie(
            cookie_name(request.headers.get("host", "")),
            token,
            path="/",
            httponly=True,
            samesite="strict",
            secure=secure(request),
        )
        answer.delete_cookie(MARK, path=IN)
        return answer

    def out(request: Request) -> Response:
        answer = HTMLResponse(
            '<!doctype html><meta charset="utf-8"><title>Mesocosm</title><p>You are signed out. <a'
            ' href="/signin">Sign in</a></p>'
        )
        answer.delete_cookie(cookie_name(request.headers.get("host", "")), path="/")
        return answer

    def described(**more: Any) -> dict[str, Any]:
        return {"include_in_schema": False, **more}

    app.get(IN, **described())(begin)
    app.get(BACK, **described())(back)
    app.get(OUT, **described())(out)
