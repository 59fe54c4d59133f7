"""Tokens of an OpenID Connect provider: whose they are, and what their roles may do here.

Knows JSON web tokens and the provider's keys. Only signatures by a key pair are accepted, only for
this audience, only until they expire.

Source: OpenID Connect Core 1.0; RFC 7519
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import check_url, transport
from mesocosm.core.permissions import OWNER, RIGHTS
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.settings import Settings
from mesocosm.core.values.numbers import to_float

if TYPE_CHECKING:
    import jwt

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
AGAIN = 60.0  # seconds between two fetches of keys, however many tokens name an unknown key
PAUSE = 5.0  # seconds after which a provider that did not respond to a sign-in is tried again
LEEWAY = 30.0  # seconds that two clocks may differ
MOST = 1_000_000  # bytes of the provider's documents


class Oidc(Settings):
    """Authentication with tokens of an OpenID Connect provider.

    Args:
        issuer: the provider's address, as its tokens name it.
        audience: what a token must be issued for.
        claim: the claim that names roles: a word, or a list of words.
        roles: what each role may do: `see`, `ask` (use services) or `change`; datasets' `access`
            lists the same names.
        client: the client id of this ecosystem at the provider; with it people sign in by a page.
        secret: the client's secret, where the provider issued one; name an environment variable, as
            `${OIDC_SECRET}`.
        scope: the scope that is requested when a person signs in.
        address: the address of this server for browsers, as `https://eco.example.org`; that of each
            request where it is not given.
        private_network: whether the provider may be at a private address.

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
    def _check_address(cls, value: str) -> str:
        if value and (not _is_safe_url(value) or urlsplit(value).path.strip("/")):
            raise ValueError(Message("config.https_without_path"))
        return value.rstrip("/")

    @field_validator("issuer")
    @classmethod
    def _check_issuer(cls, value: str) -> str:
        if not _is_safe_url(value):
            raise ValueError(Message("config.https_address"))
        return value.rstrip("/")

    @field_validator("roles")
    @classmethod
    def _check_roles(cls, value: dict[str, str]) -> dict[str, str]:
        if OWNER in value:
            raise ValueError(Message("config.owner_role_taken", owner=OWNER))
        return value


def _is_safe_url(url: str) -> bool:
    """Whether what is fetched there cannot be altered on its way: over TLS, or on this machine.

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
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")


class Fetch(Protocol):
    """Reads a JSON document of an address, by a form where one is sent."""

    def __call__(
        self, url: str, private: bool, form: Mapping[str, object] | None = None
    ) -> JsonObject: ...


def _fetch_json(url: str, private: bool, form: Mapping[str, object] | None = None) -> JsonObject:
    import httpx

    if not _is_safe_url(url):
        raise ValueError("the provider names an address without TLS")
    check_url(url, ("https", "http"), private, "oidc.issuer")
    method = "GET" if form is None else "POST"
    headers = {"Accept": "application/json"}
    with (
        httpx.Client(timeout=10, follow_redirects=False, transport=transport(private)) as client,
        client.stream(method, url, data=form, headers=headers) as response,
    ):
        response.raise_for_status()
        body = b""
        for part in response.iter_bytes():
            body += part
            if len(body) > MOST:
                raise ValueError("the provider's document is too large")
    document: Json = json.loads(body)
    if not isinstance(document, dict):
        return {}
    return document


class Provider:
    """Verifies tokens of a provider and maps them to roles.

    Args:
        fetch: reads a JSON document of an address.
    """

    def __init__(
        self,
        settings: Oidc,
        fetch: Fetch = _fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.fetch, self.clock = settings, fetch, clock
        self.keys: dict[str, jwt.PyJWK] = {}
        self.configuration: JsonObject = {}
        self.looked = -AGAIN
        self.sought = -PAUSE
        self.trouble = ""
        self.lock = threading.Lock()

    def role(self, token: str, extra: str = "") -> Mapping[str, str] | None:
        """The strongest role that a token has here and what it `may`; None where the token is
        invalid or has none.

        Args:
            extra: another audience that is accepted.
        """
        audience = [self.settings.audience]
        if extra:
            audience.append(extra)
        claims = self._verify(token, audience)
        if claims is None:
            return None
        rights = self.settings.roles
        names = _read_names(claims.get(self.settings.claim, []))
        roles = [(RIGHTS.index(rights[name]), name) for name in names if name in rights]
        if not roles:
            return None
        may, role = max(roles)
        return {"role": role, "may": RIGHTS[may]}

    def find_expiry(self, token: str, client: str, nonce: str) -> float | None:
        """Until when the token of a sign-in is valid, in seconds of the clock; None where it is not
        of that sign-in.
        """
        claims = self._verify(token, [client])
        if claims is None or claims.get("nonce") != nonce or claims.get("azp", client) != client:
            return None
        return to_float(claims["exp"])

    def find_endpoint(self, name: str) -> str:
        """An address of the provider's configuration.

        Raises:
            MesocosmError: it cannot be read, or has none that is safe.
        """
        with self.lock:
            if name not in self.configuration:
                self._read_configuration()
            url = str(self.configuration.get(name, ""))
        if not _is_safe_url(url):
            raise MesocosmError(
                Message("serving.oidc_no_endpoint", issuer=self.settings.issuer, name=name)
            )
        return url

    def _read_configuration(self) -> None:
        what = Message("serving.oidc_unreadable", issuer=self.settings.issuer)
        # repeated sign-ins do not wait again for a provider that does not respond
        if self.clock() - self.sought < PAUSE:
            raise MesocosmError(Message("serving.oidc_moment_ago", problem=what))
        self.sought = self.clock()
        try:
            self._read()
        except Exception as error:
            raise MesocosmError(
                Message("serving.oidc_unreadable_of_kind", problem=what, kind=type(error).__name__)
            ) from error

    def exchange(self, form: Mapping[str, object]) -> JsonObject:
        """Exchange a code for the provider's tokens.

        Raises:
            MesocosmError: it issues none.
        """
        try:
            url = self.find_endpoint("token_endpoint")
            return self.fetch(url, self.settings.private_network, form)
        except MesocosmError:
            raise
        except Exception as error:  # its words may hold what was sent
            raise MesocosmError(
                Message(
                    "serving.oidc_no_token", issuer=self.settings.issuer, kind=type(error).__name__
                )
            ) from None

    def _verify(self, token: str, audience: list[str]) -> JsonObject | None:
        """The claims of a token, where it is valid."""
        import jwt

        if token.count(".") != 2 or len(token) > 16_000:
            return None
        try:
            head = jwt.get_unverified_header(token)
            key = self._key(str(head.get("kid", "")))
            if key is None or head.get("alg") not in ALGORITHMS:
                return None
            claims: JsonObject = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=[self.settings.issuer, self.settings.issuer + "/"],
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return claims

    def _key(self, name: str) -> jwt.PyJWK | None:
        """A key of the provider; its keys are fetched again, not too often, for an unknown one."""
        with self.lock:
            if name not in self.keys and self.clock() - self.looked >= AGAIN:
                self.looked = self.clock()
                try:
                    self.keys, self.trouble = self._read(), ""
                # whatever it is: tokens whose key is known are accepted as before
                except Exception as error:
                    self.trouble = (
                        f"the keys of {self.settings.issuer} could not be read"
                        f" ({type(error).__name__})"
                    )
            return self.keys.get(name)

    def _read(self) -> dict[str, jwt.PyJWK]:
        import jwt

        private = self.settings.private_network
        document = self.fetch(f"{self.settings.issuer}/.well-known/openid-configuration", private)
        if str(document.get("issuer", "")).rstrip("/") != self.settings.issuer:
            raise ValueError("the document is of another issuer")
        self.configuration = document
        keys = jwt.PyJWKSet.from_dict(dict(self.fetch(str(document["jwks_uri"]), private))).keys
        return {
            str(k.key_id or ""): k
            for k in keys
            if k.key_type != "oct" and k.public_key_use in (None, "sig")
        }


def _read_names(claim: object) -> list[str]:
    """The names in a claim: words, or a list of words."""
    if isinstance(claim, str):
        return claim.split()
    if isinstance(claim, list):
        return [str(name) for name in claim]
    return []
