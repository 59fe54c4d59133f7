"""Addresses that a file names: every spelling of a private one is refused, and what was checked is
what is connected to.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.network.url_policy import check_options, check_url, transport
from mesocosm.data.sources.databases.mysql import Mysql
from mesocosm.data.sources.databases.postgres import Postgres
from mesocosm.data.sources.streams.nats import Nats
from mesocosm.data.sources.streams.redis import Redis

GOOD, BAD = "8.8.8.8", "10.0.0.7"


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name server that says a public address once and a private one from then on; returns what
    was looked up.
    """
    asked: list[str] = []

    def told(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        at = GOOD if len(asked) == 1 or host == GOOD else BAD
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (at, port or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", told)
    return asked


def test_spellings_of_private_addresses_are_refused() -> None:
    hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fe80::1]",
        "[fd00::1]",
        "169.254.169.254",
        "0xa9fea9fe",
        "100.64.0.1",
        "localhost",
    ]
    for host in hosts:
        with pytest.raises((ConfigValueError, RetryableError)):
            check_url(f"http://{host}/", ("http",), False)
        assert check_url(f"http://{host}/", ("http",), True) is None


def test_what_was_checked_is_what_is_connected_to(
    rebound: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import adbc_driver_postgresql.dbapi
    import nats as client
    import pymysql
    import redis

    used: dict[str, str] = {}

    def stops(name: str, at: Any) -> Any:
        def stop(*words: Any, **more: Any) -> Any:
            used[name] = str(at(words, more))
            raise OSError("seen")

        return stop

    monkeypatch.setattr(
        adbc_driver_postgresql.dbapi, "connect", stops("postgres", lambda w, m: w[0])
    )
    monkeypatch.setattr(pymysql, "connect", stops("mysql", lambda w, m: m["host"]))
    monkeypatch.setattr(redis.Redis, "from_url", stops("redis", lambda w, m: w[0]))
    monkeypatch.setattr(client, "connect", stops("nats", lambda w, m: w[0]))
    for call in (
        Postgres(url="postgresql://me@db.example.org/x?sslmode=require", table="t")._connect,
        Mysql(url="mysql://db.example.org/x", table="t")._connect,
        Redis(url="redis://me:pw@db.example.org:6379/0", stream="s")._client,
        lambda: Nats(url="nats://db.example.org", stream="s")._ask(lambda *_: None),
    ):  # type: ignore[arg-type,return-value]
        rebound.clear()
        with pytest.raises((MesocosmError, OSError)):
            call()
        assert rebound == ["db.example.org"]
    assert used == {
        "postgres": f"postgresql://me@db.example.org/x?sslmode=require&hostaddr={GOOD}",
        "mysql": GOOD,
        "redis": f"redis://me:pw@{GOOD}:6379/0",
        "nats": f"nats://{GOOD}",
    }


@pytest.mark.parametrize(
    "query", ["host=10.0.0.7", "hostaddr=10.0.0.7", "service=inner", "hostaddr="]
)
def test_a_server_that_an_address_names_beside_its_own_is_refused(
    rebound: list[str], query: str
) -> None:
    with pytest.raises(ConfigValueError, match="names another server"):
        Postgres(url=f"postgresql://me@db.example.org/x?{query}", table="t")._connect()


def test_options_at_any_depth_are_checked() -> None:
    for options in (
        {"client_kwargs": {"endpoint_url": "http://169.254.169.254/"}},
        {"host": "127.0.0.1:9000"},
        {"a": [{"b": {"Endpoint": "10.0.0.1"}}]},
        {"config_kwargs": {"proxies": {"https": "http://10.0.0.1:3128"}}},
    ):
        with pytest.raises(ConfigValueError, match="not public"):
            check_options(options, ("http", "https"), False)
        check_options(options, ("http", "https"), True)
    check_options({"anon": True, "key": "a", "region": "eu"}, ("http", "https"), False)


def test_the_checked_transport_looks_once_and_connects_there(
    rebound: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpcore
    import httpx

    met: list[str] = []
    monkeypatch.setattr(
        httpcore.SyncBackend,
        "connect_tcp",
        lambda self, host, *w, **m: (
            met.append(host) or (_ for _ in ()).throw(httpcore.ConnectError("seen"))
        ),
    )  # type: ignore[func-returns-value]
    with httpx.Client(transport=transport(False)) as http:
        for _ in range(2):  # the second answer of the name server is private
            with pytest.raises(httpx.ConnectError):
                http.get("http://api.example.org/")
    assert met == [GOOD] and rebound == ["api.example.org"] * 2


def test_the_checked_transport_tries_each_address_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    import httpcore
    import httpx

    met: list[str] = []
    other = "2606:4700::1111"
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, **_: [(0, 0, 6, "", (address, port)) for address in (other, GOOD)],
    )
    monkeypatch.setattr(
        httpcore.SyncBackend,
        "connect_tcp",
        lambda self, host, *w, **m: (
            met.append(host) or (_ for _ in ()).throw(httpcore.ConnectError("no way"))
        ),
    )  # type: ignore[func-returns-value]
    with (
        httpx.Client(transport=transport(False)) as http,
        pytest.raises(httpx.ConnectError, match="no way"),
    ):
        http.get("http://api.example.org/")
    assert met == [other, GOOD]
