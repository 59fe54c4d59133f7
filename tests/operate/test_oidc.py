"""Tokens of a provider: believed where its keys, the audience, the time and a role say so, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from mesocosm.ecosystem import open_ecosystem
from mesocosm.operate.oidc import AGAIN, Oidc, Provider, _fetched

ROLES = {"clerks": "ask", "readers": "see", "oncall": "change"}


class Issuer:
    """A provider on the loopback address, whose keys can be changed."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        self.new_key("one")
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                told: Any = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
                if self.path == "/keys":
                    told = {"keys": [json.loads(RSAAlgorithm.to_jwk(k.public_key())) | {"kid": n, "use": "sig"} for n, k in issuer.keys.items()]}
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def new_key(self, name: str) -> None:
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, key: str = "one", algorithm: str = "RS256", signed: Any = None, **more: Any) -> str:
        said = {"iss": self.url, "aud": "mesocosm", "exp": time.time() + 300, "roles": ["clerks"], **more}
        return jwt.encode({k: v for k, v in said.items() if v is not None}, signed or self.keys[key], algorithm, headers={"kid": key})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    one = Issuer()
    yield one
    one.http.shutdown()


def provider(issuer: Issuer, **more: Any) -> Provider:
    return Provider(Oidc.model_validate({"issuer": issuer.url, "audience": "mesocosm", "roles": ROLES, "private_network": True, **more}))


def test_only_what_the_provider_signed_for_us_and_now_is_believed(issuer: Issuer) -> None:
    known = provider(issuer)
    assert known.role(issuer.token()) == {"role": "clerks", "may": "ask"}
    assert known.role(issuer.token(roles="readers oncall other")) == {"role": "oncall", "may": "change"}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = issuer.keys["one"].public_key()
    spelt = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, body, _ = issuer.token().split(".")  # the library makes no such token, so it is made by hand
    unsigned = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').decode().rstrip("=") + "." + body
    seal = base64.urlsafe_b64encode(hmac.new(spelt, unsigned.encode(), hashlib.sha256).digest()).decode().rstrip("=")
    refused = {
        "expired": issuer.token(exp=time.time() - 60), "no expiry": issuer.token(exp=None), "another audience": issuer.token(aud="other"),
        "another issuer": issuer.token(iss="https://evil.example"), "another key": issuer.token(signed=stranger), "no role of ours": issuer.token(roles=["guests"]),
        "roles of a strange form": issuer.token(roles={"clerks": True}), "a secret made of the public key": f"{unsigned}.{seal}",
        "no signature": jwt.encode({"iss": issuer.url, "aud": "mesocosm", "exp": time.time() + 300, "roles": ["oncall"]}, None, "none", headers={"kid": "one"}),
        "not yet": issuer.token(nbf=time.time() + 300), "nonsense": "a.b.c", "a token of ours": "x" * 32, "long": "a" * 20_000 + ".b.c",
    }  # fmt: skip
    assert {why: known.role(token) for why, token in refused.items()} == dict.fromkeys(refused)


def test_new_keys_are_read_and_no_flood_of_tokens_asks_the_provider(issuer: Issuer) -> None:
    known = provider(issuer)
    now = 0.0
    known.clock, known.looked = (lambda: now), -AGAIN
    assert known.role(issuer.token()) and issuer.asked == 2
    issuer.new_key("two")
    assert [known.role(issuer.token("two")) for _ in range(20)] == [None] * 20 and issuer.asked == 2
    now = AGAIN + 1
    assert known.role(issuer.token("two")) and issuer.asked == 4
    issuer.http.shutdown()
    issuer.http.server_close()
    now = 3 * AGAIN
    issuer.new_key("three")
    assert known.role(issuer.token("three")) is None and "could not be read" in known.trouble
    assert known.role(issuer.token("two"))


def test_keys_are_not_read_where_somebody_may_change_them_on_the_way() -> None:
    told = {"issuer": "https://login.example", "jwks_uri": "http://keys.example/jwks"}
    asked: list[str] = []

    def fetch(url: str, private: bool) -> dict[str, Any]:
        asked.append(url)
        return told if url.endswith("openid-configuration") else _fetched(url, private)

    known = Provider(Oidc.model_validate({"issuer": "https://login.example", "audience": "a", "roles": ROLES}), fetch)
    assert known._key("one") is None and "could not be read (ValueError)" in known.trouble and asked[-1] == told["jwks_uri"]


def test_a_service_under_a_providers_tokens(issuer: Issuer, pond: Path) -> None:
    from fastapi.testclient import TestClient

    from mesocosm.build.up import Running

    path = pond / "ecosystem.yaml"
    path.write_text(path.read_text() + f"oidc: {{issuer: '{issuer.url}', audience: mesocosm, private_network: true, roles: {{clerks: ask, readers: see}}}}\n")
    eco = open_ecosystem(pond)
    running = Running(eco.spec, eco.catalog, "t" * 20)
    try:
        with TestClient(running.app, base_url="http://127.0.0.1") as http:

            def ask(method: str, where: str, **claims: Any) -> int:
                return http.request(method, where, headers={"Authorization": f"Bearer {issuer.token(**claims)}"}, json={} if method == "POST" else None).status_code

            assert ask("GET", "/v1/ecosystem", roles=["readers"]) == 200
            assert ask("POST", "/v1/services/desk/predict", roles=["readers"]) == 403
            assert ask("POST", "/v1/services/desk/predict", roles=["clerks"]) in (422, 503)  # let in; the pond is not built
            assert ask("POST", "/v1/services/desk/rollback", roles=["clerks"]) == 403
            assert ask("GET", "/v1/ecosystem", aud="other") == 401
    finally:
        running.nursery.close()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("oidc: {issuer: 'http://login.example', audience: a, roles: {x: see}}", "begins with https://"),
        ("oidc: {issuer: 'http://localhost.evil.example', audience: a, roles: {x: see}}", "begins with https://"),
        ("oidc: {issuer: 'https://login.example', audience: a, roles: {owner: change}}", "'owner' is the role of the token that 'up' prints"),
        ("oidc: {issuer: 'https://login.example', audience: a, roles: {x: look}}", "one of the choices"),
    ],
)
def test_what_cannot_be_is_said(pond: Path, cli: Any, line: str, found: str) -> None:
    path = pond / "ecosystem.yaml"
    path.write_text(path.read_text() + line + "\n")
    done = cli("check", "-f", str(pond))
    assert done.returncode and found in " ".join((done.stdout + done.stderr).split()), done.stdout + done.stderr


def test_nobody_else_is_the_owner(pond: Path, cli: Any) -> None:
    done = cli("token", "owner", "-f", str(pond))
    assert done.returncode and "is the role of the token that 'up' prints" in done.stderr
