"""Every kind of source gives the same rows from the same facts, keeps what it cannot read, and says
what is wrong.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from conftest import rounds
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import xlsx

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.snapshots.delta_tables import page_of, read_table
from mesocosm.data.sources import SOURCES

pytestmark = pytest.mark.slow

KEY = "ab" * 32
FIELDS = {"id": {"type": "integer"}, "city": {"type": "text"}, "amount": {"type": "number"}}
ROWS = [{"id": i, "city": "Köln" if i % 2 else "北京", "amount": i * 1.5} for i in range(1, 8)]


def made(
    home: Path, settings: dict[str, Any], fields: dict[str, Any] | None = None
) -> tuple[Snapshot, list[dict[str, Any]]]:
    where = ProjectPaths(home, home / ".mesocosm")
    source: Any = SOURCES[settings["type"]].model_validate(settings)
    assert source.fingerprint(where) == source.fingerprint(where)
    data = Dataset.model_validate({"from": "a", "fields": fields or FIELDS, "split": "none"})
    snapshot = build_snapshot(
        "t", data, {"a": source}, where, "m", KEY, BuildOptions(say=lambda _: None)
    )
    return snapshot, read_table(where.store / "datasets/t/rows", snapshot.delta["rows"]).to_pylist()


def same(kept: list[dict[str, Any]]) -> bool:
    return [{k: r[k] for k in ("id", "city", "amount")} for r in kept] == ROWS


def test_excel_json_delta_and_python_give_the_same_rows(tmp_path: Path) -> None:
    from mesocosm.data.snapshots.delta_tables import write_rows

    xlsx(
        tmp_path / "a.xlsx",
        [["id", "city", "amount"], *[[r["id"], r["city"], r["amount"]] for r in ROWS]],
    )
    (tmp_path / "a.json").write_text(json.dumps({"data": {"items": [*ROWS, 7]}}), encoding="utf-8")
    write_rows(tmp_path / "lake", pa.Table.from_pylist(ROWS[:2]), "one")
    write_rows(tmp_path / "lake", pa.Table.from_pylist(ROWS), "two")
    (tmp_path / "mine.py").write_text(
        f"def rows(upto):\n    yield from {ROWS!r}[:upto]\n", encoding="utf-8"
    )
    for told in (
        {"type": "excel", "path": "a.xlsx"},
        {"type": "json", "path": "a.json", "at": "data.items"},
        {"type": "delta", "path": "lake"},
        {"type": "python", "call": "mine:rows", "args": {"upto": 7}},
    ):
        home = tmp_path / str(told["type"])
        home.mkdir()
        for entry in ("a.xlsx", "a.json", "mine.py"):
            shutil.copy(tmp_path / entry, home / entry)
        shutil.copytree(tmp_path / "lake", home / "lake")
        snapshot, kept = made(home, told)
        assert same(kept), told
        assert snapshot.account["in"] == 7 + (told["type"] == "json") and snapshot.account[
            "quarantined"
        ] == (told["type"] == "json")
    _, old = made(tmp_path, {"type": "delta", "path": "lake", "version": 0})
    assert len(old) == 2


@pytest.mark.parametrize(
    ("cells", "field", "want"),
    [
        ([1.234, 2.345], {}, [1.234, 2.345]),
        ([1.234, 1234], {"decimal": ","}, [1.234, 1234.0]),
        (["1.234", "2,5"], {}, [1234.0, 2.5]),
        ([1, "2,5"], {}, [1.0, 2.5]),
        ([1.234, "2.345,50"], {}, "1.234 has two readings"),
        ([1.234, "5"], {"decimal": ","}, "1.234 has two readings"),
    ],
    ids=str,
)
def test_a_number_of_json_has_a_point_whatever_the_texts_have(
    tmp_path: Path, cells: list[Any], field: dict[str, Any], want: Any
) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"x": cell}) for cell in cells))
    if isinstance(want, str):
        with pytest.raises(ConfigValueError, match=want):
            made(tmp_path, {"type": "jsonl", "path": "a.jsonl"}, {"x": {"type": "number", **field}})
    else:
        assert [
            r["x"]
            for r in made(
                tmp_path, {"type": "jsonl", "path": "a.jsonl"}, {"x": {"type": "number", **field}}
            )[1]
        ] == want


def test_decimals_stay_exact_through_every_step(tmp_path: Path) -> None:
    price = {
        "type": "decimal",
        "unit": "EUR",
        "missing": {"method": "mode"},
        "rules": ["price >= 0"],
    }
    tax = {
        "type": "decimal",
        "precision": 24,
        "scale": 4,
        "missing": {"method": "constant", "value": 0.1},
    }
    rows = [
        "1,1234567890123456.78,0.0001",
        "2,0.005,1",
        '3,"1,234.50 €",12345678901234567890.1234',
        "4,-1,1",
        "5,,",
        "6,5 k€,1",
        "7,1.10,1",
        "8,1.10,1",
    ]
    (tmp_path / "a.csv").write_text("\n".join(["id,price,tax", *rows]) + "\n", encoding="utf-8")
    snapshot, kept = made(
        tmp_path,
        {"type": "csv", "path": "a.csv"},
        {"id": {"type": "integer"}, "price": price, "tax": tax},
    )
    found = {r["id"]: (str(r["price"]), str(r["tax"])) for r in kept}
    assert found == {
        1: ("1234567890123456.78", "0.0001"),
        3: ("1234.50", "12345678901234567890.1234"),
        5: ("1.10", "0.1000"),
        6: ("5000.00", "1.0000"),
        7: ("1.10", "1.0000"),
        8: ("1.10", "1.0000"),
    }
    assert {r.split(": ")[-1] for r in snapshot.report["reasons"]} == {
        "it has more than 2 decimal places",
        "price >= 0",
    }
    shown = page_of(
        tmp_path / ".mesocosm/datasets/t/rows", snapshot.delta["rows"], ["price", "tax"], 0, 2
    )
    assert [(r["price"], r["tax"]) for r in shown] == [
        ("1234567890123456.78", "0.0001"),
        ("1234.50", "12345678901234567890.1234"),
    ]


def test_a_workbook_s_formulas_without_a_value_and_merged_cells_are_noted(tmp_path: Path) -> None:
    xlsx(
        tmp_path / "plain.xlsx", [["id", "amount", "city"], *[[i, i + 1, "x"] for i in range(1, 5)]]
    )
    swaps = {
        '<c r="B2"><v>2</v></c>': '<c r="B2"><f>1+1</f><v></v></c>',
        '<c r="B3"><v>3</v></c>': '<c r="B3" s="1"><f>SUM(A1:A2)</f></c>',
        '<c r="B4"><v>4</v></c>': '<c r="B4"><f>1+3</f><v>4</v></c>',
        '<c r="B5"><v>5</v></c>': '<c r="B5" t="str"><f>""</f><v></v></c>',
        "</sheetData>": (
            '</sheetData><mergeCells count="2"><mergeCell ref="C2:C4"/><mergeCell'
            ' ref="A1:A1"/></mergeCells>'
        ),
        "</sheets>": '</sheets><calcPr fullCalcOnLoad="1"/>',
    }
    with (
        zipfile.ZipFile(tmp_path / "plain.xlsx") as old,
        zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new,
    ):
        for entry in old.namelist():
            data = old.read(entry).decode()
            for one, other in swaps.items():
                data = data.replace(one, other)
            new.writestr(entry, data)
    snapshot, kept = made(tmp_path, {"type": "excel", "path": "a.xlsx"})
    assert [r["amount"] for r in kept] == [None, None, 4, None]
    (notes,) = snapshot.report["notes"].values()
    assert (
        "2 formulas without a stored value (first B2), read as missing" in notes[0]
        and "2 formulas may be out of date" in notes[1]
        and "1 merged range (first C2:C4): its first cell has the value, the 2 other cells are missing"
        in notes[2]
    )
    assert (
        "notes" not in made(tmp_path, {"type": "excel", "path": "plain.xlsx"})[0].report
        or not made(tmp_path, {"type": "excel", "path": "plain.xlsx"})[0].report["notes"]
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"type": "excel", "path": "a.txt"}, "not a workbook"),
        ({"type": "json", "path": "a.txt"}, "not JSON"),
        ({"type": "json", "path": "b.json", "at": "dta"}, "no 'dta'"),
        ({"type": "delta", "path": "."}, "not a Delta table"),
        ({"type": "python", "call": "mine:row"}, "no function 'row'"),
        ({"type": "python", "call": "bad:rows"}, "failed: ZeroDivisionError"),
        ({"type": "python", "call": "../out:rows"}, "leaves the project"),
        ({"type": "http", "url": "http://127.0.0.1:9/x"}, "not public"),
        ({"type": "http", "url": "file:///etc/passwd"}, "scheme"),
        ({"type": "mysql", "url": "mysql://u:secret@10.0.0.1/x", "table": "t"}, "not public"),
        ({"type": "folder", "path": "*.bin"}, "no text and no image"),
    ],
)
def test_what_is_wrong_with_a_source_is_a_sentence(
    tmp_path: Path, told: dict[str, Any], said: str
) -> None:
    (tmp_path / "a.txt").write_text("plain")
    (tmp_path / "b.json").write_text('{"data": [1]}')
    (tmp_path / "c.bin").write_bytes(b"\x00\x01")
    (tmp_path / "mine.py").write_text("def rows():\n    return []\n")
    (tmp_path / "bad.py").write_text("def rows():\n    return 1 / 0\n")
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    source: Any = SOURCES[told["type"]].model_validate(told)
    with pytest.raises(MesocosmError, match=said) as caught:
        build_snapshot(
            "t",
            Dataset.model_validate({"from": "a", "fields": FIELDS}),
            {"a": source},
            where,
            "m",
            KEY,
            BuildOptions(say=lambda _: None),
        )
    assert "secret" not in str(caught.value)


def test_a_folder_of_letters_and_pictures(tmp_path: Path) -> None:
    for label in ("spam", "ham"):
        (tmp_path / "mail" / label).mkdir(parents=True)
        (tmp_path / "mail" / label / "one.txt").write_text(f"a letter of {label}")
    png = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + struct.pack(">II", 40, 30)
        + b"\x08\x02\x00\x00\x00"
    )
    (tmp_path / "mail" / "ham" / "two.png").write_bytes(png)
    (tmp_path / "mail" / "ham" / "three.txt").write_bytes(b"\xff\xfe\x00broken")
    fields = {n: {"type": "text"} for n in ("path", "label", "text", "format")} | {
        "width": {"type": "integer"}
    }
    snapshot, kept = made(tmp_path, {"type": "folder", "path": "mail/**/*.*"}, fields)
    assert {(r["label"], r["format"], r["width"]) for r in kept} == {
        ("spam", "txt", None),
        ("ham", "txt", None),
        ("ham", "png", 40),
    }
    assert snapshot.account == {"in": 4, "kept": 3, "quarantined": 1, "duplicates": 0}


@pytest.fixture
def api() -> Iterator[str]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            page = int(dict(p.split("=") for p in query.split("&") if p).get("page", "1"))
            status, body = (
                200,
                json.dumps(
                    {
                        "items": ROWS[(page - 1) * 3 : page * 3],
                        "links": {"next": f"{path}?page={page + 1}" if page < 3 else None},
                    }
                ),
            )
            if path == "/token" and self.headers.get("Authorization") != "Bearer t":
                status, body = 401, "{}"
            if path == "/busy":
                status, body = 503, ""
            if path == "/odd":
                body = "<html>"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_api_is_read_page_by_page(api: str, tmp_path: Path) -> None:
    base = {"type": "http", "at": "items", "private_network": True}
    for more in (
        {"url": f"{api}/x", "page": "page"},
        {"url": f"{api}/x", "next": "links.next"},
        {"url": f"{api}/token", "next": "links.next", "headers": {"Authorization": "Bearer t"}},
    ):
        _, kept = made(tmp_path, base | more)
        assert same(kept), more
    for path, said in (("token", "status 401"), ("busy", "503"), ("odd", "not JSON")):
        with pytest.raises(MesocosmError, match=said):
            made(tmp_path, base | {"url": f"{api}/{path}"})


@pytest.fixture(scope="module")
def mysql() -> Iterator[str]:
    """A MariaDB server of its own, on a free port of the loopback address."""
    home = Path(tempfile.mkdtemp(prefix="mesocosm-my-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = ["--user=root"] if os.getuid() == 0 else []
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            *user,
            f"--datadir={home}/data",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
    )
    daemon = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    server = subprocess.Popen(
        [
            daemon,
            "--no-defaults",
            *user,
            f"--datadir={home}/data",
            f"--port={port}",
            f"--socket={home}/s",
            "--bind-address=127.0.0.1",
            f"--pid-file={home}/pid",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    import pymysql

    for _ in range(120):
        try:
            pymysql.connect(unix_socket=f"{home}/s", user="root").close()
            break
        except pymysql.Error:
            time.sleep(0.5)
    yield f"{port} {home}/s"
    server.terminate()
    server.wait(30)
    shutil.rmtree(home, ignore_errors=True)


def test_a_real_mariadb_is_read_and_its_print_is_its_content(mysql: str, tmp_path: Path) -> None:
    import pymysql

    port, sock = mysql.split()
    with (
        pymysql.connect(unix_socket=sock, user="root", charset="utf8mb4", autocommit=True) as con,
        con.cursor() as cursor,
    ):
        cursor.execute("create database bank character set utf8mb4")
        cursor.execute("drop user if exists ''@'localhost'")
        cursor.execute("create user 'reader'@'localhost' identified by 'a secret'")
        cursor.execute("grant select on bank.* to 'reader'@'localhost'")
        cursor.execute(
            "create table bank.loans (id int, city varchar(20), amount double, extra decimal(5,2))"
            " character set utf8mb4"
        )
        cursor.executemany(
            "insert into bank.loans values (%s, %s, %s, null)", [tuple(r.values()) for r in ROWS]
        )
        told = {
            "type": "mysql",
            "url": f"mysql://reader:a%20secret@127.0.0.1:{port}/bank",
            "table": "loans",
            "private_network": True,
        }
        _, kept = made(tmp_path, told)
        assert same(kept)
        source: Any = SOURCES["mysql"].model_validate(told)
        where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
        before = source.fingerprint(where)
        cursor.execute("update bank.loans set amount = 99 where id = 1")
        assert source.fingerprint(where) != before
        with pytest.raises(ConfigValueError, match="cannot be read"):
            SOURCES["mysql"].model_validate(told | {"table": "nothing"}).fingerprint(where)  # type: ignore[attr-defined]
        grown: Any = SOURCES["mysql"].model_validate(told | {"cursor": "id", "batch": 2})
        where.store.mkdir(exist_ok=True)
        for more in (0, 3, 1):
            cursor.executemany(
                "insert into bank.loans select max(id) + 1, 'Ulm', 1, null from bank.loans where"
                " %s > 0",
                [(1,)] * more,
            )
            cursor.execute("select id, city from bank.loans order by id")
            with duckdb.connect() as ours:
                assert grown.collect(where, ours, "t").rows > 0
                assert [
                    (int(a), b)
                    for a, b in ours.execute("select id, city from t order by _line").fetchall()
                ] == list(cursor.fetchall())


@settings(max_examples=rounds(60, 500), deadline=None)
@given(data=st.data())
def test_no_corruption_of_a_file_loses_a_row(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = tmp_path_factory.getbasetemp() / "corrupt"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    with (home / "a.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(
            [["id", "city", "amount"], *[list(r.values()) for r in ROWS]]
        )
    raw = bytearray((home / "a.csv").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        how = data.draw(st.sampled_from(["put", "cut", "swap", "repeat"]))
        chunk = data.draw(
            st.sampled_from(
                [
                    b'"',
                    b",",
                    b"\n",
                    b"\r\n",
                    b"\x00",
                    b"\xff",
                    b'""',
                    b";",
                    "　".encode(),
                    b"\t",
                    b"a,b,c,d,e",
                    b"'",
                    b"\\",
                    "Ａ".encode(),
                ]
            )
        )
        if how == "put":
            raw[at:at] = chunk
        elif how == "cut":
            del raw[at : at + data.draw(st.integers(1, 9))]
        elif how == "swap":
            raw[at : at + len(chunk)] = chunk
        else:
            raw[at:at] = raw[at : at + 20]
    (home / "a.csv").write_bytes(bytes(raw))
    told = {"type": "csv", "path": "a.csv"}
    try:
        snapshot, kept = made(
            home, told, {k: v | {"unreadable": "missing"} for k, v in FIELDS.items()}
        )
    except MesocosmError as error:
        assert str(error) and "Traceback" not in str(error)
        return
    a = snapshot.account
    assert a["in"] == a["kept"] + a["quarantined"] + a["duplicates"] and a["kept"] == len(kept)
    if (
        b'"' not in raw and b"\r" not in raw
    ):  # a quote may join lines; without one, every line with a word is a row
        said = [line for line in bytes(raw).split(b"\n")[1:] if line.strip()]
        assert a["in"] >= len(said), (a, bytes(raw))


def test_a_partition_of_delta_has_the_value_of_its_log(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    home = tmp_path / "v=9 %"
    rows = [{"v": 1, "code": "007"}, {"v": 2, "code": "a/%"}, {"v": 3, "code": None}]
    write_deltalake(str(home / "d"), pa.Table.from_pylist(rows), partition_by=["code"])
    _, kept = made(
        home, {"type": "delta", "path": "d"}, {"v": {"type": "integer"}, "code": {"type": "text"}}
    )
    assert sorted((r["v"], r["code"]) for r in kept) == [(1, "007"), (2, "a/%"), (3, None)]
