"""Roles by their tokens: what each may do, and its rate limit.

Knows rights and tokens, and looks a token's role up no more often than it must.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from starlette.requests import HTTPConnection

from mesocosm.core.messages import Message
from mesocosm.core.permissions import OWNER, RIGHTS
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.http.request_headers import is_foreign_origin, is_known_host, read_token

REMEMBERED = 2.0  # seconds that a role is cached before the catalog is read again
BURST = 2.0  # seconds' worth of requests that a token may send at once
USES = ("/predict", "/infer", "/feedback", "/chat/completions", "/notes", "/what-if", "/talk")


def required_right(method: str, path: str) -> str:
    """The right that a request needs: `see` to read, `ask` to use a service, `change` for the rest.

    >>> required_right("POST", "/v1/services/desk/predict")
    'ask'
    >>> required_right("POST", "/v1/services/desk/rollback")
    'change'
    """
    if method in ("GET", "HEAD"):
        return "see"
    if path.endswith(USES):
        return "ask"
    return "change"


class Roles:
    """Finds a connection's role by its token, and limits the rate of each token.

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
        """Whether it has the owner's token."""
        return secrets.compare_digest(read_token(connection).encode(), self.token)

    def role(self, connection: HTTPConnection) -> str | None:
        """The role, None where the token is not known.

        Raises:
            Problem: the role may not do this, or its token exceeds its rate.
        """
        if self.owner(connection):
            return OWNER
        mark, found = self._find_role(read_token(connection))
        if not found:
            return None
        need = required_right(connection.scope.get("method", "GET"), connection.url.path)
        if RIGHTS.index(found["may"]) < RIGHTS.index(need):
            detail = Message("serving.role_may", role=found["role"], may=found["may"], need=need)
            raise Problem(403, Message("serving.forbidden"), detail)
        self._limit_rate(mark)
        return found["role"]

    def socket(self, connection: HTTPConnection, hosts: Sequence[str]) -> tuple[str, str]:
        """A socket's role and what it may do, two empty texts where its token, its host or the page
        that opened it is not ours.
        """
        host, origin = connection.headers.get("host", ""), connection.headers.get("origin", "")
        if len(connection.headers.getlist("host")) > 1:
            return "", ""
        if not is_known_host(host, hosts) or is_foreign_origin(origin, host):
            return "", ""
        if self.owner(connection):
            return OWNER, RIGHTS[-1]
        _, found = self._find_role(read_token(connection))
        if not found:
            return "", ""
        return found["role"], found["may"]

    def _find_role(self, token: str) -> tuple[bytes, Mapping[str, str] | None]:
        """A token's digest, and its role where it has one."""
        mark, now = sha256(token.encode()).digest(), time.monotonic()
        if not token:
            return mark, None
        if mark not in self.known or self.known[mark][0] < now:
            if len(self.known) > 10_000:
                self.known.clear()
            self.known[mark] = now + REMEMBERED, self.given(token)
        return mark, self.known[mark][1]

    def _limit_rate(self, mark: bytes) -> None:
        """Count a request of a token (a token bucket)."""
        now, most = time.monotonic(), self.rate * BURST
        left, at = self.left.get(mark, (most, now))
        left = min(most, left + (now - at) * self.rate) - 1
        if left < 0:
            wait = max(1, round(-left / self.rate))
            raise Problem(
                429,
                Message("serving.too_many_requests"),
                Message("serving.rate_of_token", rate=self.rate),
                headers={"Retry-After": str(wait)},
            )
        self.left[mark] = left, now
