"""Tokens of a provider: believed where its keys, the audience, the time and a role say so, and
nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import MesocosmError
from mesocosm.serving.auth.oidc import AGAIN, PAUSE, Oidc, Provider, _fetch_json

ROLES = {"clerks": "ask", "readers": "see", "oncall": "change"}


class Issuer:
    """A provider on the loopback address, whose keys can be changed."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        self.codes: dict[str, dict[str, str]] = {}
        self.forms: list[dict[str, str]] = []
        self.claims: dict[str, Any] = {}
        self.new_key("one")
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                told: Any = {
                    "issuer": issuer.url,
                    "jwks_uri": f"{issuer.url}/keys",
                    "authorization_endpoint": f"{issuer.url}/authorize",
                    "token_endpoint": f"{issuer.url}/token",
                }
                if self.path == "/keys":
                    told = {
                        "keys": [
                            json.loads(RSAAlgorithm.to_jwk(k.public_key()))
                            | {
                                "kid": n,
                                "use": "sig",
                            }
                            for n, k in issuer.keys.items()
                        ]
                    }
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                form = dict(
                    parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())
                )
                issuer.forms.append(form)
                proof = (
                    base64.urlsafe_b64encode(
                        hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                    )
                    .decode()
                    .rstrip("=")
                )
                asked = issuer.codes.pop(form.get("code", ""), {})
                right = (
                    self.path == "/token"
                    and asked
                    and asked["code_challenge"] == proof
                    and form["client_secret"] == "hush"
                    and form["redirect_uri"] == asked["redirect_uri"]
                )
                body = json.dumps(
                    {
                        "id_token": issuer.token(
                            aud=asked["client_id"], **({"nonce": asked["nonce"]} | issuer.claims)
                        ),
                        "access_token": "opaque",
                    }
                    if right
                    else {"error": "invalid_grant"}
                ).encode()
                self.send_response(200 if right else 400)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def agreed(self, page: str) -> str:
        """What a person does at the provider's page: sign in there, and be sent back with a
        code.
        """
        asked = dict(parse_qsl(urlsplit(page).query))
        assert (
            page.startswith(f"{self.url}/authorize?")
            and asked["response_type"] == "code"
            and asked["code_challenge_method"] == "S256"
        )
        code = f"code-{len(self.forms)}-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def new_key(self, name: str) -> None:
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(
        self, key: str = "one", algorithm: str = "RS256", signed: Any = None, **more: Any
    ) -> str:
        said = {
            "iss": self.url,
            "aud": "mesocosm",
            "exp": time.time() + 300,
            "roles": ["clerks"],
            **more,
        }
        return jwt.encode(
            {k: v for k, v in said.items() if v is not None},
            signed or self.keys[key],
            algorithm,
            headers={"kid": key},
        )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    one = Issuer()
    yield one
    one.http.shutdown()


def provider(issuer: Issuer, **more: Any) -> Provider:
    return Provider(
        Oidc.model_validate(
            {
                "issuer": issuer.url,
                "audience": "mesocosm",
                "roles": ROLES,
                "private_network": True,
                **more,
            }
        )
    )


def test_only_what_the_provider_signed_for_us_and_now_is_believed(issuer: Issuer) -> None:
    known = provider(issuer)
    assert known.role(issuer.token()) == {"role": "clerks", "may": "ask"}
    assert known.role(issuer.token(roles="readers oncall other")) == {
        "role": "oncall",
        "may": "change",
    }
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = issuer.keys["one"].public_key()
    spelt = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, body, _ = issuer.token().split(".")  # the library makes no such token, so it is made by hand
    unsigned = (
        base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').decode().rstrip("=") + "." + body
    )
    seal = (
        base64.urlsafe_b64encode(hmac.new(spelt, unsigned.encode(), hashlib.sha256).digest())
        .decode()
        .rstrip("=")
    )
    refused = {
        "expired": issuer.token(exp=time.time() - 60),
        "no expiry": issuer.token(exp=None),
        "another audience": issuer.token(aud="other"),
        "another issuer": issuer.token(iss="https://evil.example"),
        "another key": issuer.token(signed=stranger),
        "no role of ours": issuer.token(roles=["guests"]),
        "roles of a strange form": issuer.token(roles={"clerks": True}),
        "a secret made of the public key": f"{unsigned}.{seal}",
        "no signature": jwt.encode(
            {"iss": issuer.url, "aud": "mesocosm", "exp": time.time() + 300, "roles": ["oncall"]},
            None,
            "none",
            headers={"kid": "one"},
        ),
        "not yet": issuer.token(nbf=time.time() + 300),
        "nonsense": "a.b.c",
        "a token of ours": "x" * 32,
        "long": "a" * 20_000 + ".b.c",
    }
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
        return told if url.endswith("openid-configuration") else _fetch_json(url, private)

    known = Provider(
        Oidc.model_validate({"issuer": "https://login.example", "audience": "a", "roles": ROLES}),
        fetch,
    )
    assert (
        known._key("one") is None
        and "could not be read (ValueError)" in known.trouble
        and asked[-1] == told["jwks_uri"]
    )


def test_a_provider_that_does_not_answer_is_not_asked_by_everybody() -> None:
    asked: list[str] = []

    def fetch(url: str, private: bool) -> dict[str, Any]:
        asked.append(url)
        raise OSError("nobody is there")

    now = [100.0]
    known = Provider(
        Oidc.model_validate(
            {"issuer": "https://login.example", "audience": "a", "roles": ROLES, "client": "eco"}
        ),
        fetch,
        lambda: now[0],
    )
    for wanted in ("could not be read (OSError)", "a moment ago", "a moment ago"):
        with pytest.raises(MesocosmError, match=re.escape(wanted)):
            known.find_endpoint("authorization_endpoint")
    assert len(asked) == 1
    now[0] += PAUSE
    with pytest.raises(MesocosmError, match="OSError"):
        known.find_endpoint("authorization_endpoint")
    assert len(asked) == 2


def test_a_service_under_a_providers_tokens(issuer: Issuer, pond: Path) -> None:
    from fastapi.testclient import TestClient

    from mesocosm.app.run import Running

    path = pond / "ecosystem.yaml"
    path.write_text(
        path.read_text()
        + f"oidc: {{issuer: '{issuer.url}', audience: mesocosm, private_network: true, roles:"
        " {clerks: ask, readers: see}}\n"
    )
    eco = open_ecosystem(pond)
    running = Running(eco.spec, eco.catalog, "t" * 20)
    try:
        with TestClient(running.app, base_url="http://127.0.0.1") as http:

            def ask(method: str, where: str, **claims: Any) -> int:
                return http.request(
                    method,
                    where,
                    headers={"Authorization": f"Bearer {issuer.token(**claims)}"},
                    json={} if method == "POST" else None,
                ).status_code

            assert ask("GET", "/v1/ecosystem", roles=["readers"]) == 200
            assert ask("POST", "/v1/services/desk/predict", roles=["readers"]) == 403
            assert ask("POST", "/v1/services/desk/predict", roles=["clerks"]) in (
                422,
                503,
            )  # let in; the pond is not built
            assert ask("POST", "/v1/services/desk/rollback", roles=["clerks"]) == 403
            assert ask("GET", "/v1/ecosystem", aud="other") == 401
    finally:
        running.nursery.close()


def test_people_sign_in_by_a_page(
    issuer: Issuer, pond: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    from mesocosm.app.run import Running

    monkeypatch.setenv("SIGN_IN_SECRET", "hush")
    path = pond / "ecosystem.yaml"
    path.write_text(
        path.read_text()
        + f"oidc: {{issuer: '{issuer.url}', audience: mesocosm, client: eco, secret:"
        " '${SIGN_IN_SECRET}', private_network: true, roles: {clerks: ask, readers: see}}\n"
    )
    eco = open_ecosystem(pond)
    running = Running(eco.spec, eco.catalog, "t" * 20)
    try:
        with TestClient(running.app, base_url="http://127.0.0.1", follow_redirects=False) as http:
            assert (
                http.get("/world").headers["location"] == "/signin?to=/world"
                and http.get("/v1/ecosystem").status_code == 401
            )

            def begun(to: str = "/world") -> str:
                answer = http.get("/signin", params={"to": to})
                cookie = answer.headers["set-cookie"].lower()
                assert (
                    answer.status_code == 303
                    and "httponly" in cookie
                    and "samesite=lax" in cookie
                    and "hush" not in answer.headers["location"]
                )
                return answer.headers["location"]

            back = issuer.agreed(begun())
            answer = http.get(back)
            assert (
                answer.status_code == 200
                and "url=/world" in answer.text
                and "opaque" not in answer.text
            )
            strict = next(
                c for c in answer.headers.get_list("set-cookie") if c.startswith("mesocosm=")
            )
            assert (
                "samesite=strict" in strict.lower()
                and "httponly" in strict.lower()
                and strict.count(".") == 0
            ), "a token of ours, none of the provider's"
            assert (
                http.get("/v1/ecosystem").status_code == 200
                and http.get("/world").status_code == 200
            )
            assert (
                http.post("/v1/services/desk/rollback", json={"why": "x"}).status_code == 403
            )  # clerks may ask
            assert any(a["who"] == "sign-in" and a["what"] == "clerks" for a in eco.catalog.audit())
            assert http.get(back).status_code == 400, "a code comes back once"
            assert (
                http.get("/signout").status_code == 200
                and http.get("/v1/ecosystem").status_code == 401
            )

            http.cookies.clear()
            stolen = issuer.agreed(begun())
            http.cookies.clear()
            refused = http.get(stolen)  # in another browser, as one who is lured there
            assert refused.status_code == 400 and "was not begun in this browser" in refused.text
            for claims, status in (
                ({"nonce": "another"}, 403),
                ({"roles": ["guests"]}, 403),
                ({"azp": "other"}, 403),
                ({"exp": time.time() - 60}, 403),
            ):
                issuer.claims = claims
                said = http.get(issuer.agreed(begun()))
                assert said.status_code == status and "mesocosm=" not in str(said.headers), claims
            issuer.claims = {}
            page = begun("https://evil.example")
            assert 'url=/"' in http.get(issuer.agreed(page)).text, "nobody is sent elsewhere"
            issuer.agreed(begun())
            state = dict(parse_qsl(urlsplit(begun()).query))["state"]
            failed = http.get("/signin/back", params={"state": state, "code": "made-up"})
            assert (
                failed.status_code == 503
                and "issued no token" in failed.text
                and "hush" not in failed.text
            )
            assert http.get("/signin/back", params={"error": "access_denied"}).status_code == 403
    finally:
        running.nursery.close()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            "oidc: {issuer: 'http://login.example', audience: a, roles: {x: see}}",
            "begins with https://",
        ),
        (
            "oidc: {issuer: 'http://localhost.evil.example', audience: a, roles: {x: see}}",
            "begins with https://",
        ),
        (
            "oidc: {issuer: 'https://login.example', audience: a, roles: {owner: change}}",
            "'owner' is the role of the token that 'up' prints",
        ),
        (
            "oidc: {issuer: 'https://login.example', audience: a, roles: {x: look}}",
            "one of the choices",
        ),
        (
            (
                "oidc: {issuer: 'https://login.example', audience: a, client: b, secret: plain,"
                " roles: {x: see}}"
            ),
            "plain-text secret; expected a variable",
        ),
        (
            (
                "oidc: {issuer: 'https://login.example', audience: a, address:"
                " 'http://eco.example', roles: {x: see}}"
            ),
            "begins with https://",
        ),
    ],
)
def test_what_cannot_be_is_said(pond: Path, cli: Any, line: str, found: str) -> None:
    path = pond / "ecosystem.yaml"
    path.write_text(path.read_text() + line + "\n")
    done = cli("check", "-f", str(pond))
    assert done.returncode and found in " ".join((done.stdout + done.stderr).split()), (
        done.stdout + done.stderr
    )


def test_nobody_else_is_the_owner(pond: Path, cli: Any) -> None:
    done = cli("service", "token", "owner", "-f", str(pond))
    assert done.returncode and "is the role of the token that 'up' prints" in done.stderr
