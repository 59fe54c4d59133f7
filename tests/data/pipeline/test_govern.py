"""Datasets made from sources: no row is lost, facts come from training rows, one row is as a
batch.
"""

from __future__ import annotations

import csv
import hmac
import json
import random
import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError, RetryableError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.ibis_sql import prepare
from mesocosm.data.pipeline.recipe import serving_sql
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources import SOURCES

pytestmark = pytest.mark.slow

KEY = "ab" * 32
FIELDS = {
    "id": {"type": "integer"},
    "income": {
        "type": "number",
        "unit": "EUR/year",
        "missing": "median",
        "outliers": {"method": "iqr", "action": "clip"},
    },
    "age": {"type": "integer", "missing": "mean", "rules": ["age between 18 and 100"]},
    "opened": {"type": "date", "formats": ["iso", "%d/%m/%Y"]},
    "email": {"type": "text", "private": "pseudonymise"},
    "phone": {"type": "text", "private": "mask"},
    "grade": {"type": "category", "values": ["low", "high"], "aliases": {"hi": "high"}},
}


def made(
    home: Path, sources: dict[str, Any], **settings: Any
) -> tuple[Snapshot, ProjectPaths, Dataset]:
    data = Dataset.model_validate({"from": "a", "fields": FIELDS, **settings})
    where = ProjectPaths(home, home / ".mesocosm")
    kinds: dict[str, Any] = {n: SOURCES[s["type"]].model_validate(s) for n, s in sources.items()}
    return (
        build_snapshot("t", data, kinds, where, "made", KEY, BuildOptions(say=lambda _: None)),
        where,
        data,
    )


def rows(where: ProjectPaths, snapshot: Snapshot, table: str = "rows") -> list[dict[str, Any]]:
    return list(
        read_table(where.store / "datasets" / "t" / table, snapshot.delta[table]).to_pylist()
    )


def write(path: Path, found: list[list[str]]) -> None:
    with path.open("w", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows(found)


def table(count: int = 200, seed: int = 1) -> list[list[str]]:
    rng = random.Random(seed)
    found = [[*FIELDS, "extra"]]
    for i in range(count):
        income = rng.gauss(30000, 4000)
        said = f"{income:.0f}" if i % 7 else f"{income / 12:.4f} EUR/month"
        said = {3: "", 13: "abc", 17: "9,999,999"}.get(i % 50, said)
        day = f"2020-02-{1 + i % 28:02d}" if i % 2 else f"{1 + i % 28:02d}/02/2020"
        found.append(
            [
                str(i),
                said,
                str(19 + i % 60),
                day,
                f"P{i}@x.org ",
                f"+49 30 {i:06d}",
                ["low", "HIGH", "hi"][i % 3],
                "z",
            ]
        )
    return found


def test_the_account_closes_and_every_quarantined_row_has_a_reason(tmp_path: Path) -> None:
    found = table()
    found += [found[5], ["900", "1", "7", "2020-01-01", "a", "b", "low", ""], ["901", "2"]]
    write(tmp_path / "a.csv", found)
    snapshot, where, _ = made(
        tmp_path, {"a": {"type": "csv", "path": "a.csv"}}, key="id", duplicates="row"
    )
    a = snapshot.account
    assert a["in"] == len(found) - 1 == a["kept"] + a["quarantined"] + a["duplicates"]
    aside = rows(where, snapshot, "quarantine")
    assert len(aside) == a["quarantined"] and all(r["reason"] for r in aside)
    assert {r["_line"] for r in aside if "cannot be read" in r["reason"]} == {len(found)}
    assert any("'abc' is not a number in EUR/year" in r["reason"] for r in aside)
    original = next(r for r in aside if "'abc'" in r["reason"])
    assert json.loads(original["original"])["income"] == "abc"
    assert rows(where, snapshot, "duplicates")[0]["kept"] == 4
    assert snapshot.left_out == ["extra"]


def test_private_values_are_hidden_everywhere(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", table())
    snapshot, where, _ = made(tmp_path, {"a": {"type": "csv", "path": "a.csv"}})
    one = rows(where, snapshot)[0]
    number = one["id"]
    assert (
        one["email"]
        == hmac.new(bytes.fromhex(KEY), f"p{number}@x.org".encode(), sha256).hexdigest()[:32]
    )
    assert one["phone"] == f"******{number:06d}"[:6] + f"{number:06d}"[-2:]
    for path in where.store.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"@x.org" not in data and b"+49 30" not in data, path


def test_units_dates_and_aliases_become_one_form(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", table())
    snapshot, where, _ = made(tmp_path, {"a": {"type": "csv", "path": "a.csv"}})
    kept = {r["id"]: r for r in rows(where, snapshot)}
    assert 15_000 < kept[7]["income"] < 45_000
    assert {r["grade"] for r in kept.values()} == {"low", "high"}
    assert all(r["opened"].year == 2020 and r["opened"].month == 2 for r in kept.values())
    fence = snapshot.facts["fields"]["income"]["fence"]
    assert kept[17]["income"] == pytest.approx(fence["high"])
    assert kept[3]["income"] == pytest.approx(snapshot.facts["fields"]["income"]["fill"])


def test_row_order_changes_neither_facts_nor_split(tmp_path: Path) -> None:
    found = table()
    results = []
    for n, order in enumerate((found[1:], list(reversed(found[1:])))):
        home = tmp_path / str(n)
        home.mkdir()
        write(home / "a.csv", [found[0], *order])
        snapshot, where, _ = made(
            home, {"a": {"type": "csv", "path": "a.csv"}}, key="id", split={"stratify": "grade"}
        )
        results.append(
            (snapshot.facts["fields"], {r["id"]: r["_split"] for r in rows(where, snapshot)})
        )
    assert results[0][1] == results[1][1]
    for field, facts in results[0][0].items():
        for key, value in facts.items():
            other = results[1][0][field][key]
            assert (
                value == pytest.approx(other) if isinstance(value, (int, float)) else value == other
            )


def test_facts_come_from_training_rows_only(tmp_path: Path) -> None:
    found = table()
    write(tmp_path / "a.csv", found)
    snapshot, where, _ = made(tmp_path, {"a": {"type": "csv", "path": "a.csv"}}, key="id")
    test_ids = {r["id"] for r in rows(where, snapshot) if r["_split"] == "test"}
    for row in found[1:]:
        if int(row[0]) in test_ids and row[1] not in ("", "abc"):
            row[1] = "123456"
    write(tmp_path / "a.csv", found)
    again, _, _ = made(tmp_path, {"a": {"type": "csv", "path": "a.csv"}}, key="id")
    assert again.facts["fields"]["income"] == snapshot.facts["fields"]["income"]


def test_one_row_alone_is_treated_as_in_the_batch(tmp_path: Path) -> None:
    found = table()
    write(tmp_path / "a.csv", found)
    snapshot, where, data = made(tmp_path, {"a": {"type": "csv", "path": "a.csv"}}, key="id")
    sql = serving_sql(dict(data.fields), data.rules, snapshot.facts["fields"], KEY)
    kept = {r["id"]: r for r in rows(where, snapshot)}
    checked = 0
    with duckdb.connect() as con:
        prepare(con)
        for row in found[1:60]:
            one = {
                "_row": [0],
                **{n: [v or None] for n, v in zip(found[0], row, strict=True) if n != "extra"},
            }
            con.register("incoming", pa.table(one))
            (ready,) = con.sql(sql).to_arrow_table().to_pylist()
            con.unregister("incoming")
            if int(row[0]) in kept:
                assert {n: ready[n] for n in FIELDS} == {n: kept[int(row[0])][n] for n in FIELDS}
                checked += 1
            else:
                assert ready["_why"]
    assert checked > 40


@given(
    cells=st.lists(
        st.tuples(st.text(max_size=12), st.text(max_size=8), st.text(max_size=8)),
        min_size=1,
        max_size=25,
    )
)
def test_no_row_is_lost_whatever_it_holds(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, str]]
) -> None:
    home = tmp_path_factory.mktemp("any")
    clean = [
        [
            c.replace("\x00", "")
            .replace("\r", " ")
            .replace("\n", " ")
            .encode("utf-8", "ignore")
            .decode()
            for c in row
        ]
        for row in cells
    ]
    write(home / "a.csv", [["n", "c", "t"], ["1", "low", "x"], *clean])
    fields = {
        "n": {"type": "number"},
        "c": {"type": "category", "values": ["low"]},
        "t": {"type": "text"},
    }
    snapshot, where, _ = made(
        home, {"a": {"type": "csv", "path": "a.csv"}}, fields=fields, duplicates="row"
    )
    a = snapshot.account
    assert a["in"] == len(cells) + 1 == a["kept"] + a["quarantined"] + a["duplicates"]
    assert len(rows(where, snapshot)) == a["kept"]


def test_jsonl_parquet_and_sqlite_give_the_same_rows(tmp_path: Path) -> None:
    found = table(40)
    write(tmp_path / "a.csv", found)
    names = found[0]
    (tmp_path / "a.jsonl").write_text(
        "\n".join(json.dumps(dict(zip(names, r, strict=True))) for r in found[1:]) + "\nnot json\n"
    )
    with sqlite3.connect(tmp_path / "a.db") as con:
        con.execute(f"create table t ({', '.join(names)})")
        con.executemany(f"insert into t values ({', '.join('?' * len(names))})", found[1:])
    duckdb.sql(
        f"copy (select * from read_csv('{tmp_path / 'a.csv'}', all_varchar=true)) to"
        f" '{tmp_path / 'a.parquet'}' (format parquet)"
    )
    results = []
    for source in (
        {"type": "csv", "path": "a.csv"},
        {"type": "jsonl", "path": "a.jsonl"},
        {"type": "sqlite", "path": "a.db", "table": "t"},
        {"type": "parquet", "path": "a.parquet"},
    ):
        snapshot, where, _ = made(tmp_path, {"a": source}, key="id")
        results.append([{n: r[n] for n in FIELDS} for r in rows(where, snapshot)])
        if source["type"] == "jsonl":
            assert snapshot.account["quarantined"] == sum(
                r["_line"] == 41 for r in rows(where, snapshot, "quarantine")
            ) + snapshot.account["in"] - 1 - len(results[-1])
    assert results[0] == results[1] == results[2] == results[3]


def test_sources_join_and_the_unmatched_are_told(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [["id", "x"], *[[str(i), str(i)] for i in range(20)]])
    write(tmp_path / "b.csv", [["id", "y"], *[[str(i), str(i * 2)] for i in range(5, 25)]])
    fields = {"id": {"type": "integer"}, "x": {"type": "integer"}, "y": {"type": "integer"}}
    sources = {"a": {"type": "csv", "path": "a.csv"}, "b": {"type": "csv", "path": "b.csv"}}
    snapshot, where, _ = made(
        tmp_path,
        sources,
        **{"from": {"join": ["a", "b"], "on": "id", "how": "inner"}, "fields": fields},
    )
    assert snapshot.account == {"in": 20, "kept": 15, "quarantined": 5, "duplicates": 0}
    assert all(
        r["y"] == 2 * r["x"] and r["_also"].startswith("b.csv:") for r in rows(where, snapshot)
    )


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        (None, "none.csv", "no file is at"),
        ("", "a.csv", "is empty"),
        ("\n\n", "a.csv", "is empty"),
        ("id\n1,2\n1,2,3\n", "a.csv", "none of 2 lines of a can be read"),
        ("x\n1\n", "a.csv", "no source has the column 'id'"),
        ("id\nabc\nxyz\n", "a.csv", "none of 2 rows could be kept"),
        ("id\n1\n", "../a.csv", "leaves the project"),
        ("\x00\x01\n1\n", "a.csv", "NUL"),
    ],
)
def test_bad_sources_get_a_sentence(
    tmp_path: Path, text: str | None, path: str, found: str
) -> None:
    if text is not None:
        (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ConfigValueError, match=".") as caught:
        made(tmp_path, {"a": {"type": "csv", "path": path}}, fields={"id": {"type": "integer"}})
    assert found in str(caught.value)


def test_a_private_address_is_refused_unless_the_file_opens_it(tmp_path: Path) -> None:
    source = SOURCES["postgres"].model_validate(
        {"type": "postgres", "url": "postgresql://127.0.0.1:1/x", "table": "t"}
    )
    with pytest.raises(ConfigValueError, match="not public"):
        source.fingerprint(ProjectPaths(tmp_path, tmp_path))  # type: ignore[attr-defined]
    opened = source.model_copy(update={"private_network": True})
    with pytest.raises(RetryableError, match="refused or authentication failed"):
        opened.fingerprint(ProjectPaths(tmp_path, tmp_path))  # type: ignore[attr-defined]
