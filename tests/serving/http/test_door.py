"""The door: bounded heads, a time limit for them, a bound on connections that wait, one Host,
cookies by port. Raw sockets.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from mesocosm.serving.auth.middleware import AuthMiddleware
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.http.connection_limits import BoundedHttpProtocol
from mesocosm.serving.http.request_headers import cookie_name


class Short(BoundedHttpProtocol):
    """Limits that a test can wait for."""

    header_seconds, most_waiting = 1.0, 40


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer anything."""
    if scope["type"] == "http":
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        )
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with this door."""
    app = AuthMiddleware(
        hello, Roles("secret", lambda _: None, 100), ("127.0.0.1",), lambda *_: None
    )
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", http=Short, lifespan="off", access_log=False)
    )
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(5)


def _asked(port: int, *parts: bytes, wait: float = 5) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as one:
        try:
            for part in parts:
                one.sendall(part)
        except OSError:
            pass  # it was closed while we flooded it
        found = b""
        try:
            while piece := one.recv(65536):
                found += piece
        except OSError:
            pass
        return found


def _status(answer: bytes) -> int:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"problem+json" in head:
        assert json.loads(body)["status"] == int(head.split()[1])
    return int(head.split()[1]) if head else 0


GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


def test_a_flood_of_headers_is_answered_431_and_small_ones_pass(port: int) -> None:
    assert _status(_asked(port, GET + b"\r\n")) == 200
    assert _status(_asked(port, GET + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n")) == 200
    for flood in (
        (b"X-A: " + b"a" * 60_000 + b"\r\n",) * 40,
        (b"X-A: ", *(b"a" * 65_536,) * 40),
        (b"GET /" + b"a" * 65_536, *(b"a" * 65_536,) * 30),
    ):
        assert _status(_asked(port, *(() if flood[0].startswith(b"GET") else (GET,)), *flood)) in (
            431,
            0,
        )  # the kernel may drop the answer when we still write
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        one.sendall(GET + b"X-A: " + b"a" * (65_536 - len(GET) - 5))
        time.sleep(0.1)
        one.sendall(b"a")
        assert _status(one.recv(65536)) == 431


def test_trailers_are_bounded_too(port: int) -> None:
    head = (
        b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: "
    )
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        one.sendall(head)
        with pytest.raises(OSError):
            for _ in range(200):
                one.sendall(b"a" * 60_000)
                time.sleep(0.005)


def test_a_head_that_does_not_end_is_closed_in_time_and_idle_connections_are_bounded(
    port: int,
) -> None:
    began = time.monotonic()
    assert (
        _status(_asked(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")) == 408
        and time.monotonic() - began < 4
    )
    many = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(120)]
    for one in many:
        one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert _status(_asked(port, GET + b"\r\n")) == 200
    for one in many[:70]:
        assert _status(one.recv(65536)) in (503, 408)
    for one in many:
        one.close()


def test_a_connection_that_stays_serves_more_than_one_request(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        for _ in range(3):
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert _status(one.recv(65536)) == 200
            time.sleep(0.3)
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.recv(65536)  # the body, where it came apart
            one.settimeout(5)
        one.sendall(
            b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 300000\r\n\r\n"
            + b"a" * 300_000
        )
        assert _status(one.recv(65536)) == 200
    assert _status(_asked(port, b"\x16\x03\x01 no http\r\n\r\n")) == 400


def test_two_hosts_are_refused_and_a_cookie_is_of_its_port(port: int) -> None:
    assert _status(_asked(port, GET + b"Host: evil.example\r\n\r\n")) == 400
    assert (
        _status(
            _asked(port, GET.replace(b"127.0.0.1", b"evil.example") + b"Host: 127.0.0.1\r\n\r\n")
        )
        == 400
    )
    host = b"Host: 127.0.0.1:%d\r\nConnection: close\r\n" % port
    answer = _asked(port, b"GET /v1/x?token=secret HTTP/1.1\r\n" + host + b"\r\n")
    assert _status(answer) == 200 and b"set-cookie: mesocosm_%d=secret" % port in answer
    for name, status in (
        (cookie_name(f"127.0.0.1:{port}"), 200),
        ("mesocosm", 401),
        ("mesocosm_1", 401),
    ):
        assert (
            _status(
                _asked(
                    port,
                    b"GET /v1/x HTTP/1.1\r\n" + host + f"Cookie: {name}=secret\r\n\r\n".encode(),
                )
            )
            == status
        )
