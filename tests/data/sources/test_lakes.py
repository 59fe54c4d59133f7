"""Sources that grow or lie elsewhere, with real servers and tables; and rows that take columns from
a lookup.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError, RetryableError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources import SOURCES

pytestmark = pytest.mark.slow

KEY = "ab" * 32


def rows_of(
    home: Path, sources: dict[str, dict[str, Any]], **settings: Any
) -> tuple[Any, list[dict[str, Any]]]:
    where = ProjectPaths(home, home / ".mesocosm")
    kinds: dict[str, Any] = {n: SOURCES[s["type"]].model_validate(s) for n, s in sources.items()}
    snapshot = build_snapshot(
        "t",
        Dataset.model_validate({"from": "a", "split": "none", **settings}),
        kinds,
        where,
        "made",
        KEY,
        BuildOptions(say=lambda _: None),
    )
    return snapshot, list(
        read_table(where.store / "datasets" / "t" / "rows", snapshot.delta["rows"]).to_pylist()
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, home = free_port(), tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(home),
        ],
        stdout=subprocess.DEVNULL,
    )
    import redis

    client = redis.Redis(port=port)
    for _ in range(100):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


def test_a_stream_that_grows_is_in_each_snapshot_exactly_once(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    monkeypatch.setattr("mesocosm.data.sources.streams.redis.BATCH", 7)
    client = redis.Redis.from_url(redis_url)
    for i in range(50):
        client.xadd("orders", {"n": str(i), "who": f"p{i}"})
    source = {"type": "redis", "url": redis_url, "stream": "orders", "private_network": True}
    fields = {"id": {"type": "text"}, "n": {"type": "integer"}, "who": {"type": "text"}}
    first, rows = rows_of(tmp_path, {"a": source}, fields=fields)
    assert [r["n"] for r in rows] == list(range(50)) and len({r["id"] for r in rows}) == 50
    kind: Any = SOURCES["redis"].model_validate(source)
    before = kind.fingerprint(ProjectPaths(tmp_path, tmp_path))
    assert before == kind.fingerprint(ProjectPaths(tmp_path, tmp_path))
    for i in range(50, 75):
        client.xadd("orders", {"n": str(i), "who": f"p{i}", "more": "x"})
    assert kind.fingerprint(ProjectPaths(tmp_path, tmp_path)) != before
    second, rows = rows_of(tmp_path, {"a": source}, fields=fields)
    assert [r["n"] for r in rows] == list(range(75)) and second.files[
        "redis:orders"
    ] != first.files["redis:orders"]
    client.set("word", "no stream")
    with pytest.raises(ConfigValueError, match="'word' is not a stream"):
        rows_of(tmp_path, {"a": {**source, "stream": "word"}}, fields=fields)
    with pytest.raises(ConfigValueError, match="not public"):
        rows_of(tmp_path, {"a": {**source, "private_network": False}}, fields=fields)
    with pytest.raises(RetryableError, match="refused or authentication failed"):
        rows_of(tmp_path, {"a": {**source, "url": "redis://127.0.0.1:1/0"}}, fields=fields)


@pytest.fixture(scope="module")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, home = free_port(), tmp_path_factory.mktemp("nats")
    server = subprocess.Popen(
        ["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(home)],
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield f"nats://127.0.0.1:{port}"
    server.terminate()
    server.wait(10)


def publish(url: str, subject: str, payloads: list[bytes]) -> None:
    import asyncio

    import nats

    async def run() -> None:
        client = await nats.connect(url)
        stream = client.jetstream()
        await stream.add_stream(name=subject.upper(), subjects=[f"{subject}.>"])
        for payload in payloads:
            await stream.publish(f"{subject}.new", payload)
        await client.close()

    asyncio.run(run())


def test_a_jetstream_stream_is_in_each_snapshot_exactly_once(
    tmp_path: Path, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesocosm.data.sources.streams.nats.BATCH", 7)
    publish(
        nats_url,
        "orders",
        [*(json.dumps({"n": i, "who": f"p{i}"}).encode() for i in range(40)), b"not json", b"[1]"],
    )
    source = {"type": "nats", "url": nats_url, "stream": "ORDERS", "private_network": True}
    fields = {"n": {"type": "integer"}, "who": {"type": "text"}}
    first, rows = rows_of(tmp_path, {"a": source}, fields=fields)
    assert [r["n"] for r in rows] == list(range(40)) and [r["_line"] for r in rows] == list(
        range(1, 41)
    )
    assert first.account == {"in": 42, "kept": 40, "quarantined": 2, "duplicates": 0}
    kind: Any = SOURCES["nats"].model_validate(source)
    before = kind.fingerprint(ProjectPaths(tmp_path, tmp_path))
    assert before == kind.fingerprint(ProjectPaths(tmp_path, tmp_path))
    publish(nats_url, "orders", [json.dumps({"n": i}).encode() for i in range(40, 65)])
    assert kind.fingerprint(ProjectPaths(tmp_path, tmp_path)) != before
    second, rows = rows_of(tmp_path, {"a": source}, fields=fields)
    assert [r["n"] for r in rows] == list(range(65)) and second.files[
        "nats:ORDERS"
    ] == "65 messages to 67"
    publish(nats_url, "letters", [b"plain"])
    with pytest.raises(ConfigValueError, match="no message of 'LETTERS' is a JSON object"):
        rows_of(tmp_path, {"a": {**source, "stream": "LETTERS"}}, fields=fields)
    with pytest.raises(ConfigValueError, match="no stream 'NOWHERE'"):
        rows_of(tmp_path, {"a": {**source, "stream": "NOWHERE"}}, fields=fields)
    with pytest.raises(ConfigValueError, match="not public"):
        rows_of(tmp_path, {"a": {**source, "private_network": False}}, fields=fields)
    with pytest.raises(RetryableError, match="refused or authentication failed"):
        rows_of(tmp_path, {"a": {**source, "url": "nats://127.0.0.1:1"}}, fields=fields)


def test_a_folder_that_grows_makes_the_plan_and_each_row_stands_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "ecosystem.yaml").write_text(
        "ecosystem: drop\nsources: {files: {type: csv, path: 'in/*.csv'}}\ndatasets:\n  t: {from:"
        " files, fields: {n: {type: integer}}, split: none}\n"
    )
    for part in range(4):
        (tmp_path / "in" / f"{part}.csv").write_text(
            "n\n" + "".join(f"{part * 10 + i}\n" for i in range(10))
        )
        eco = open_ecosystem(tmp_path)
        assert {c.address: c.sign for c in eco.plan()}["datasets.t"] == ("±" if part else "+")
        assert not eco.build().failed
        snapshot = eco.catalog.snapshot(dataset="t")
        assert snapshot
        table = read_table(tmp_path / ".mesocosm" / "datasets" / "t" / "rows", snapshot["delta"])
        assert table.column("n").to_pylist() == list(range(10 * (part + 1)))


def test_an_iceberg_table_is_read_as_it_stands_and_as_it_stood(tmp_path: Path) -> None:
    from pyiceberg.catalog.sql import SqlCatalog

    home = tmp_path / "lake"
    home.mkdir()
    lake = SqlCatalog("lake", uri=f"sqlite:///{tmp_path}/lake.db", warehouse=home.as_uri())
    lake.create_namespace("shop")
    rows = pa.table({"n": pa.array([1, 2], pa.int64()), "who": ["a", None]})
    table = lake.create_table("shop.orders", schema=rows.schema)
    table.append(rows)
    old = table.current_snapshot().snapshot_id  # type: ignore[union-attr]
    table.append(pa.table({"n": pa.array([3], pa.int64()), "who": ["c"]}))
    path = str(Path(table.location().removeprefix("file://")).relative_to(tmp_path))
    fields = {"n": {"type": "integer"}, "who": {"type": "text"}}
    _, now = rows_of(tmp_path, {"a": {"type": "iceberg", "path": path}}, fields=fields)
    assert sorted((r["n"], r["who"]) for r in now) == [(1, "a"), (2, None), (3, "c")]
    _, then = rows_of(
        tmp_path, {"a": {"type": "iceberg", "path": path, "snapshot": old}}, fields=fields
    )
    assert sorted(r["n"] for r in then) == [1, 2]
    with pytest.raises(ConfigValueError, match="no snapshot 7"):
        rows_of(tmp_path, {"a": {"type": "iceberg", "path": path, "snapshot": 7}}, fields=fields)
    with pytest.raises(ConfigValueError, match="no Iceberg table is at"):
        rows_of(tmp_path, {"a": {"type": "iceberg", "path": "nowhere"}}, fields=fields)


def test_a_file_behind_a_url_is_fetched_bounded_and_leaves_no_copy(tmp_path: Path) -> None:
    import fsspec

    with fsspec.open("memory://bucket/a.csv", "wb") as handle:
        handle.write(b"n,who\n1,a\n2,b\n3\n")
    source = {"type": "remote", "url": "memory://bucket/a.csv", "format": "csv"}
    fields = {"n": {"type": "integer"}, "who": {"type": "text"}}
    snapshot, rows = rows_of(tmp_path, {"a": source}, fields=fields)
    assert [(r["n"], r["_file"], r["_line"]) for r in rows] == [
        (1, "memory://bucket/a.csv", 2),
        (2, "memory://bucket/a.csv", 3),
    ]
    assert snapshot.account["quarantined"] == 1
    assert not list((tmp_path / ".mesocosm").rglob("fetched*"))
    with pytest.raises(ConfigValueError, match="more than 5 bytes"):
        rows_of(tmp_path, {"a": {**source, "max": 5}}, fields=fields)
    for url, said in (
        ("file:///etc/passwd", "scheme 'file' is not allowed"),
        ("memory://bucket/none.csv", "no file is there"),
        ("http://127.0.0.1/x.csv", "not public"),
        ("simplecache::memory://bucket/a.csv", "is not allowed"),
    ):
        with pytest.raises(ConfigValueError, match=said):
            rows_of(tmp_path, {"a": {**source, "url": url}}, fields=fields)


def test_a_lookup_adds_columns_and_keeps_every_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,zip,item\n1,53111,x\n2,99999,y\n3,10115,z\n")
    (tmp_path / "cities.csv").write_text("zip,city\n53111,Bonn\n10115,Berlin\n")
    (tmp_path / "items.csv").write_text("item,price\nx,5\nz,7\n")
    sources = {n: {"type": "csv", "path": f"{n}.csv"} for n in ("a", "cities", "items")}
    fields = {"id": {"type": "integer"}, "city": {"type": "category"}, "price": {"type": "number"}}
    where = {"from": {"union": ["a"], "lookup": {"cities": "zip", "items": "item"}}}
    _, rows = rows_of(tmp_path, sources, fields=fields, **where)
    assert [(r["id"], r["city"], r["price"]) for r in rows] == [
        (1, "Bonn", 5.0),
        (2, None, None),
        (3, "Berlin", 7.0),
    ]
    with pytest.raises(ConfigValueError, match="'item' is not a column of both"):
        rows_of(
            tmp_path,
            sources,
            fields={"city": {"type": "category"}},
            **{"from": {"union": ["a"], "lookup": {"cities": "item"}}},
        )


def test_the_report_tells_accuracy_where_the_truth_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "id,x,day\n1,5,2024-01-01\n2,,2024-01-02\n3,7,2024-02-01\n4,9,2024-01-01\n"
    )
    (tmp_path / "truth.csv").write_text(
        "id,x,day\n1,5.0,2024-01-01\n2,7,2024-01-02\n3,8,2024-02-01\n4,9,2024-01-01\n"
    )
    sources = {n: {"type": "csv", "path": f"{n}.csv"} for n in ("a", "truth")}
    fields = {
        "id": {"type": "integer"},
        "x": {"type": "number", "missing": "median"},
        "day": {"type": "date"},
    }
    snapshot, _ = rows_of(tmp_path, sources, fields=fields, key="id", ground_truth="truth")
    assert snapshot.report["accuracy"] == {
        "x": 0.75,
        "day": 1.0,
        "_all": 0.875,
    } and snapshot.report["newest"] == {"day": "2024-02-01"}
    assert snapshot.report["consistency"] == 1.0
