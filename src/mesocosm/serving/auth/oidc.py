"""Tokens of an OpenID Connect provider: whose they are, and what their roles may do here.

Knows JSON web tokens and the provider's keys. Only signatures by a key pair are believed, only for
this audience, only until they expire.

Source: OpenID Connect Core 1.0; RFC 7519
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from mesocosm.core.errors import Failure
from mesocosm.core.permissions import OWNER, RIGHTS
from mesocosm.core.settings import Kind
from mesocosm.core.url_policy import check_url, transport

ALGORITHMS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
AGAIN = 60.0  # seconds between two looks for keys, however many tokens name a key that is not known
PAUSE = 5.0  # seconds after which a provider that did not answer a sign-in is asked again
LEEWAY = 30.0  # seconds that two clocks may differ
MOST = 1_000_000  # bytes of the provider's documents


class Oidc(Kind):
    """Who may come in with a token of an OpenID Connect provider.

    Args:
        issuer: the provider's address, as its tokens name it.
        audience: what a token must be made for.
        claim: the claim that names roles: a word, or a list of words.
        roles: what each role may do: `see`, `ask` (use services) or `change`; datasets' `access`
            lists the same names.
        client: the name under which this ecosystem is known to the provider; with it people sign in
            by a page.
        secret: the client's secret, where the provider gave one; name a variable of the
            environment, as `${OIDC_SECRET}`.
        scope: what is asked of the provider when somebody signs in.
        address: how browsers call this server, as `https://eco.example.org`; as each request calls
            it where it is not given.
        private_network: whether the provider may stand at a private address.

    Source: OpenID Connect Discovery 1.0
    """

    issuer: str
    audience: str
    claim: str = "roles"
    roles: dict[str, Literal["see", "ask", "change"]]
    client: str | None = None
    secret: str | None = Field(None, repr=False)
    scope: str = "openid profile"
    address: str = ""
    private_network: bool = False

    @field_validator("address")
    @classmethod
    def _called(cls, value: str) -> str:
        if value and (not _is_safe_url(value) or urlsplit(value).path.strip("/")):
            raise ValueError("an address that begins with https://, without a path")
        return value.rstrip("/")

    @field_validator("issuer")
    @classmethod
    def _sealed(cls, value: str) -> str:
        if not _is_safe_url(value):
            raise ValueError("an address that begins with https://")
        return value.rstrip("/")

    @field_validator("roles")
    @classmethod
    def _others(cls, value: dict[str, str]) -> dict[str, str]:
        if OWNER in value:
            raise ValueError(f"other names: '{OWNER}' is the role of the token that 'up' prints")
        return value


def _is_safe_url(url: str) -> bool:
    """Whether what is read there cannot be changed on its way: over TLS, or on this machine.

    >>> _is_safe_url("https://a.example")
    True
    >>> _is_safe_url("http://localhost:8080/x")
    True
    >>> _is_safe_url("http://localhost.evil.example")
    False
    >>> _is_safe_url("http://127.0.0.1@evil.example")
    False
    """
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )


def _fetch_json(url: str, private: bool, form: Mapping[str, Any] | None = None) -> dict[str, Any]:
    import httpx

    if not _is_safe_url(url):
        raise ValueError("the provider names an address without TLS")
    check_url(url, ("https", "http"), private, "oidc.issuer")
    with (
        httpx.Client(timeout=10, follow_redirects=False, transport=transport(private)) as client,
        client.stream(
            "GET" if form is None else "POST",
            url,
            data=form,
            headers={"Accept": "application/json"},
        ) as answer,
    ):
        answer.raise_for_status()
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > MOST:
                raise ValueError("the provider's document is too large")
    found = json.loads(body)
    return found if isinstance(found, dict) else {}


class Provider:
    """Tells the role of a provider's token.

    Args:
        fetch: reads a JSON document of an address.
    """

    def __init__(
        self,
        settings: Oidc,
        fetch: Callable[..., dict[str, Any]] = _fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.fetch, self.clock = settings, fetch, clock
        self.keys: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.looked = -AGAIN
        self.sought = -PAUSE
        self.trouble = ""
        self.lock = threading.Lock()

    def role(self, token: str, extra: str = "") -> Mapping[str, str] | None:
        """The strongest role that a token has here and what it `may`; None where the token is not
        to be believed or has none.

        Args:
            extra: another audience that will do.
        """
        said = self._said(token, [self.settings.audience, *([extra] if extra else [])])
        if said is None:
            return None
        named = said.get(self.settings.claim, [])
        words = (
            named.split()
            if isinstance(named, str)
            else [str(n) for n in named]
            if isinstance(named, list)
            else []
        )
        fit = [(RIGHTS.index(self.settings.roles[w]), w) for w in words if w in self.settings.roles]
        if not fit:
            return None
        may, role = max(fit)
        return {"role": role, "may": RIGHTS[may]}

    def whose(self, token: str, client: str, nonce: str) -> float | None:
        """Until when the token of a sign-in holds, in seconds of the clock; None where it is not of
        that sign-in.
        """
        said = self._said(token, [client])
        return (
            float(said["exp"])
            if said is not None and said.get("nonce") == nonce and said.get("azp", client) == client
            else None
        )

    def where(self, name: str) -> str:
        """An address that the provider's document names.

        Raises:
            Failure: it cannot be read, or names none that is safe.
        """
        with self.lock:
            if name not in self.told:
                if (
                    self.clock() - self.sought < PAUSE
                    # who knocks often at a sign-in makes nobody wait for a provider that does not
                    # answer
                ):
                    raise Failure(
                        f"what {self.settings.issuer} says of itself could not be read a moment ago"
                    )
                self.sought = self.clock()
                try:
                    self._read()
                except Exception as error:
                    raise Failure(
                        f"what {self.settings.issuer} says of itself could not be read"
                        f" ({type(error).__name__})"
                    ) from error
            url = str(self.told.get(name, ""))
        if not _is_safe_url(url):
            raise Failure(f"{self.settings.issuer} names no '{name}' over TLS")
        return url

    def exchange(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """What the provider gives for a code.

        Raises:
            Failure: it gives nothing.
        """
        try:
            return self.fetch(self.where("token_endpoint"), self.settings.private_network, form)
        except Failure:
            raise
        except Exception as error:  # its words may hold what was sent
            raise Failure(
                f"{self.settings.issuer} gave no token for the sign-in ({type(error).__name__})"
            ) from None

    def _said(self, token: str, audience: list[str]) -> dict[str, Any] | None:
        """What a token says, where it is to be believed."""
        import jwt

        if token.count(".") != 2 or len(token) > 16_000:
            return None
        try:
            head = jwt.get_unverified_header(token)
            key = self._key(str(head.get("kid", "")))
            if key is None or head.get("alg") not in ALGORITHMS:
                return None
            want = {"require": ["exp", "iss", "aud"]}
            said: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=[self.settings.issuer, self.settings.issuer + "/"],
                leeway=LEEWAY,
                options=want,  # type: ignore[arg-type]
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return said

    def _key(self, name: str) -> Any:
        """A key of the provider; its keys are read again, not too often, where one is not known."""
        with self.lock:
            if name not in self.keys and self.clock() - self.looked >= AGAIN:
                self.looked = self.clock()
                try:
                    self.keys, self.trouble = self._read(), ""
                except (
                    Exception
                ) as error:  # whatever it is: tokens whose key is known are believed as before
                    self.trouble = (
                        f"the keys of {self.settings.issuer} could not be read"
                        f" ({type(error).__name__})"
                    )
            return self.keys.get(name)

    def _read(self) -> dict[str, Any]:
        import jwt

        private = self.settings.private_network
        told = self.fetch(f"{self.settings.issuer}/.well-known/openid-configuration", private)
        if str(told.get("issuer", "")).rstrip("/") != self.settings.issuer:
            raise ValueError("the document is of another issuer")
        self.told = told
        found = jwt.PyJWKSet.from_dict(self.fetch(str(told["jwks_uri"]), private)).keys
        return {
            str(k.key_id or ""): k
            for k in found
            if k.key_type != "oct" and k.public_key_use in (None, "sig")
        }
