"""Alerts reach people once, together, over a real webhook and a real mail server, and not while
somebody said so; several gateways share one catalog on a real PostgreSQL.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Server, said_of, small_rows

from mesocosm.catalog import Catalog
from mesocosm.core.messages.language import writing_in
from mesocosm.monitoring.notifications import Notifier, Notify

pytestmark = pytest.mark.slow


class Clock:
    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def heard() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    said: list[dict[str, Any]] = []
    status = [200]

    class Hear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said.extend([body] if status[0] == 200 else [])
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", said, status
    server.shutdown()


def test_what_is_new_is_told_once_and_together(tmp_path: Path, heard: Any) -> None:
    url, said, status = heard
    clock = Clock()
    catalog = Catalog(tmp_path, clock=clock)
    catalog.alert("watch", "desk", "drift", "older than the gateway", {})
    clock.at += 1
    told = Notifier("pond", {"watch": Notify(webhook=url, private_network=True)}, catalog)
    for n in range(3):
        clock.at += 1
        catalog.alert(
            "watch",
            "desk",
            "drift",
            f"drift {n}",
            {"verdict": {"kind": "unit", "remedy": "fix the source"}},
        )
    status[0] = 500
    told.look()
    assert not said and "could not be sent" in told.trouble
    status[0] = 200
    told.look()
    told.look()
    (message,) = said
    assert [a["message"] for a in message["alerts"]] == [
        "drift 2",
        "drift 1",
        "drift 0",
    ] and message["ecosystem"] == "pond"
    assert message["alerts"][0]["verdict"]["remedy"] == "fix the source" and message["alerts"][0][
        "runbook"
    ].endswith("#inputs-drift")
    catalog.silence("watch", 3600, "test", "we know")
    clock.at += 1
    catalog.alert("watch", "desk", "anomaly", "slow", {})
    told.look()
    assert len(said) == 1
    clock.at += 3500
    catalog.silence("watch", 0, "test", "over")
    told.look()
    assert [a["message"] for a in said[1]["alerts"]] == ["slow"]


def test_a_private_address_wants_leave(tmp_path: Path, heard: Any) -> None:
    url, said, _ = heard
    catalog = Catalog(tmp_path)
    told = Notifier("pond", {"watch": Notify(webhook=url)}, catalog)
    catalog.alert("watch", "desk", "drift", "drift", {})
    told.look()
    assert not said and "could not be sent (ConfigValueError)" in told.trouble


@pytest.mark.parametrize(
    ("language", "subject", "page"),
    [
        ("en", "[pond] rollout-desk: 1 alert", "docs/how-to/on-call.md"),
        ("zh", "[pond] rollout-desk：1 条告警", "docs/zh/how-to/on-call.md"),
    ],
)
def test_mail(tmp_path: Path, language: str, subject: str, page: str) -> None:
    from aiosmtpd.controller import Controller

    class Box:
        mails: list[Any] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            self.mails.append(envelope)
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    post = Controller(Box(), hostname="127.0.0.1", port=port)
    post.start()
    try:
        catalog = Catalog(tmp_path)
        told = Notifier(
            "pond", {"watch": Notify(mail="oncall@example.org", smtp=f"127.0.0.1:{port}")}, catalog
        )
        catalog.alert("rollout-desk", "desk", "rollout", "judge-v2 was taken back", {})
        with writing_in(language):
            told.look()
    finally:
        post.stop()
    (mail,) = Box.mails
    text = message_from_bytes(mail.content, policy=default)
    assert mail.rcpt_tos == ["oncall@example.org"] and text["Subject"] == subject
    lines = text.get_content().splitlines()
    assert lines == ["judge-v2 was taken back", f"{page}#a-rollout-went-back"]


def test_an_address_is_a_secret(
    pond: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pond / "ecosystem.yaml"
    path.write_text(
        SMALL.replace("drift: {window: 40}}", 'drift: {window: 40}, notify: "${HOOK}"}')
    )
    monkeypatch.delenv("HOOK", raising=False)
    assert any("the environment variable HOOK is not set" in f for f in said_of(pond))
    monkeypatch.setenv("HOOK", "https://hooks.example/canary-4711")
    done = cli("plan", "-f", str(pond), "--json")
    assert done.returncode == 0 and "canary" not in done.stdout
    path.write_text(path.read_text().replace('"${HOOK}"', "{}"))
    assert any("'webhook' with an address" in f for f in said_of(pond))


def test_a_silence_by_hand(pond: Path, cli: Callable[..., Any]) -> None:
    done = cli(
        "service",
        "silence",
        "watch",
        "--for",
        "2h",
        "--why",
        "the source is being mended",
        "-f",
        str(pond),
    )
    assert done.returncode == 0 and "watch is silent for 2h" in done.stdout, done.stderr
    assert "Did you mean 'watch'?" in cli("service", "silence", "wach", "-f", str(pond)).stderr
    assert (
        "a length of time"
        in cli("service", "silence", "watch", "--for", "long", "-f", str(pond)).stderr
    )


def test_two_gateways_over_one_catalog(
    postgres: str, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built, served by two, predicted, judged and traced on PostgreSQL; a lease is one holder's at
    a time, and another's when it has run out.
    """
    monkeypatch.setenv("MESOCOSM_CATALOG", postgres)
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    (tmp_path / "notes.csv").write_text(small_rows())
    done = cli("build", "-f", str(tmp_path), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / ".mesocosm" / "catalog.db").exists()
    one = Server(tmp_path)
    (tmp_path / ".mesocosm" / "server.json").unlink()
    two = Server(tmp_path)
    try:
        row = {"text": "please send more, lovely", "amount": 120}
        for up in (one, two):
            said = up.http.post("/v1/services/desk/predict", json=row).raise_for_status().json()
            other = two if up is one else one
            assert (
                other.http.get(f"/v1/lineage/{said['id']}").json()["version"]["id"]
                == said["version"]
            )
            assert (
                other.http.post(
                    "/v1/services/desk/feedback", json={"id": said["id"], "label": "yes please"}
                ).status_code
                == 200
            )
        catalog = Catalog(postgres)
        assert catalog.counts() == {"desk": 2} and catalog.verify_audit() is None
        now = catalog.clock()
        assert (
            catalog.lead("test", "a", 10)
            and not catalog.lead("test", "b", 10)
            and catalog.lead("test", "a", 10)
        )
        catalog.clock = lambda: now + 11
        assert catalog.lead("test", "b", 10) and not catalog.lead("test", "a", 10)
        assert one.http.post("/v1/services/desk/rollback", json={"why": "none"}).status_code == 409
    finally:
        one.close()
        two.close()


def test_a_lease_in_a_file_too(tmp_path: Path) -> None:
    clock = Clock()
    first, second = Catalog(tmp_path, clock=clock), Catalog(tmp_path, clock=clock)
    assert first.lead("controller", "a", 15) and not second.lead("controller", "b", 15)
    clock.at += 8
    assert first.lead("controller", "a", 15)
    clock.at += 14
    assert not second.lead("controller", "b", 15)
    clock.at += 2
    assert second.lead("controller", "b", 15) and not first.lead("controller", "a", 15)
