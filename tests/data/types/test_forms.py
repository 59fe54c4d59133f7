"""Forms of values: moments, phones, countries, addresses, money, Unicode; and rows that are nearly
the same.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.recipe import serving_sql
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources import SOURCES
from mesocosm.data.types import TYPES

KEY = "ab" * 32


def made(
    home: Path, texts: list[list[str]], fields: dict[str, Any], **settings: Any
) -> tuple[Snapshot, list[dict[str, Any]], list[dict[str, Any]], Dataset]:
    with (home / "a.csv").open("w", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([list(fields), *texts])
    data = Dataset.model_validate({"from": "a", "fields": fields, "split": "none", **settings})
    where = ProjectPaths(home, home / ".mesocosm")
    sources: dict[str, Any] = {"a": SOURCES["csv"].model_validate({"path": "a.csv"})}
    if (home / "fx.csv").exists():
        sources["fx"] = SOURCES["csv"].model_validate({"path": "fx.csv"})
    snapshot = build_snapshot(
        "t", data, sources, where, "made", KEY, BuildOptions(say=lambda _: None)
    )
    path = where.store / "datasets" / "t"
    kept, aside = (
        list(read_table(path / name, snapshot.delta[name]).to_pylist())
        for name in ("rows", "quarantine")
    )
    return snapshot, kept, aside, data


def test_forms_become_one_and_what_cannot_is_set_aside(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "at": {"type": "time", "zone": "Asia/Shanghai", "formats": ["iso", "zh", "us"]},
        "tel": {"type": "phone", "country": "DE"},
        "land": {"type": "country"},
        "home": {"type": "address"},
        "word": {"type": "text", "unicode": "nfkc", "case": "lower", "spaces": "one"},
    }
    texts = [
        ["2024-07-01 12:00:00", "030 901820", "Deutschland", "12 n. Main st.", "Ｆull  Width ﬁle"],
        ["2024-07-01T12:00:00Z", "+86 138 1234 5678", "中国", "Goethestr. 7,53111 Bonn", "CAFÉ"],
        ["2024年7月1日 12:30", "(030) 90 18 20", "usa", "北京市 朝阳区 建国路 93号", "b"],
        ["07/01/2024 01:15 PM +0200", "0049 30 901820", "UK", "x", "c"],
        ["yesterday", "12", "Atlantis", "x", "d"],
    ]
    _, kept, aside, data = made(tmp_path, texts, fields)
    assert [r["at"] for r in kept] == [
        datetime(2024, 7, 1, 4),
        datetime(2024, 7, 1, 12),
        datetime(2024, 7, 1, 4, 30),
        datetime(2024, 7, 1, 11, 15),
    ]
    assert [r["tel"] for r in kept] == [
        "+4930901820",
        "+8613812345678",
        "+4930901820",
        "+4930901820",
    ]
    assert [r["land"] for r in kept] == ["DE", "CN", "US", "GB"]
    assert [r["home"] for r in kept][:3] == [
        "12 North Main Street",
        "Goethestraße 7, 53111 Bonn",
        "北京市朝阳区建国路93号",
    ]
    assert [r["word"] for r in kept][:2] == ["full width file", "café"]
    assert [r["reason"] for r in aside] == ["at: 'yesterday' is not a time as iso or zh or us"]
    with duckdb.connect() as con:  # one row alone is read as it was in the batch
        ibis_sql.prepare(con)
        con.execute(
            "create table incoming (_row bigint, "
            + ", ".join(f'"{f}" varchar' for f in fields)
            + ")"
        )
        for number, row in enumerate(texts[:4]):
            con.execute("delete from incoming")
            con.execute("insert into incoming values (?, ?, ?, ?, ?, ?)", [number, *row])
            alone = con.execute(serving_sql(data.fields, [], {}, KEY)).fetchall()[0]
            assert list(alone[1:6]) == [kept[number][f] for f in fields]


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2037, 12, 31)),
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
    ),
)
def test_a_moment_of_a_zone_is_what_the_zone_database_says(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    if local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset():
        return  # an hour that came twice, or never
    kind = TYPES["time"].model_validate({"zone": zone})
    table = ibis_sql.table("t", {"x": "string"})
    read = kind.read(table.x, {}, {})  # type: ignore[attr-defined]
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        for said in (local.strftime("%Y-%m-%d %H:%M:%S"), local.isoformat()):
            con.execute("create or replace table t as select ?::varchar as x", [said])
            assert con.execute(ibis_sql.to_sql(table.select(y=read))).fetchall()[0][0] == moment


def test_amounts_of_several_currencies_become_one_by_a_rate_table(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text(
        "ccy,worth,day\nUSD,6.5,2020-01-01\nUSD,7.2,2024-01-01\nEUR,7.8,2024-01-01\n"
    )
    rates = {"from": "fx", "currency": "ccy", "rate": "worth", "day": "day"}
    texts = [
        ["5"],
        ["3万元"],
        ["$ 100"],
        ["１，２００．５０ 元"],
        ["2.5亿美元"],
        ["€1,000"],
        ["7 GBP"],
    ]
    snapshot, kept, aside, data = made(
        tmp_path, texts, {"x": {"type": "number", "unit": "CNY", "rates": rates}}
    )
    assert [r["x"] for r in kept] == pytest.approx([5, 30_000, 720, 1200.5, 1.8e9, 7800])
    assert ["7 GBP" in r["reason"] for r in aside] == [True]
    sql = serving_sql(data.fields, [], snapshot.facts["fields"], KEY)
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute("create table incoming as select 0::bigint as _row, '$ 100' as x")
        assert con.execute(sql).fetchall()[0][1] == pytest.approx(720)
    with pytest.raises(ValueError, match="together with a 'unit' that is a currency"):
        TYPES["number"].model_validate({"type": "number", "unit": "kg", "rates": {"USD": 2}})


ENDINGS = [
    "bank",
    "side",
    "land",
    "man",
    "less",
    "like",
    "ward",
    "work",
    "fall",
    "bed",
    "mill",
    "gate",
    "town",
    "house",
    "path",
    "lane",
    "mark",
    "rise",
    "way",
    "head",
    "foot",
    "line",
    "edge",
    "top",
    "end",
    "wall",
    "garden",
    "master",
    "keeper",
    "crossing",
]


def test_texts_that_say_nearly_the_same_are_one(tmp_path: Path) -> None:
    rng = random.Random(5)
    words = [first + last for first in ("river", "stone", "field", "wood") for last in ENDINGS]
    base = [" ".join(rng.choices(words, k=30)) for _ in range(300)]
    texts = [[str(i), t] for i, t in enumerate(base)]
    for i in range(0, 300, 10):
        parts = base[i].split()
        parts[7] = "changed"
        texts.append([str(1000 + i), " ".join(parts).upper()])
    snapshot, kept, _, _ = made(
        tmp_path,
        texts,
        {"id": {"type": "integer"}, "said": {"type": "text"}},
        duplicates={"by": "said", "like": 0.75},
    )
    assert snapshot.account["duplicates"] == 30 and {r["id"] for r in kept} == set(range(300))
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    drops = read_table(
        where.store / "datasets" / "t" / "duplicates", snapshot.delta["duplicates"]
    ).to_pylist()
    assert sorted((d["_row"], d["kept"]) for d in drops) == [
        (300 + i // 10, i) for i in range(0, 300, 10)
    ]


def test_records_of_a_block_that_are_nearly_the_same_are_one(tmp_path: Path) -> None:
    texts = [
        ["Ann Miller", "12 Main Street", "53111"],
        ["Anne Miller", "12 Main Street", "53111"],
        ["Bob Stone", "3 Hill Road", "53111"],
        ["Ann Miller", "12 Main Street", "10115"],
        ["ann miler", "12 Main Stret", "53111"],
        ["Carl Ott", "12 Main Street", "53111"],
    ]
    fields = {f: {"type": "text"} for f in ("name", "street", "zip")}
    snapshot, kept, _, _ = made(
        tmp_path, texts, fields, duplicates={"by": ["name", "street"], "like": 0.92, "block": "zip"}
    )
    assert [r["name"] for r in kept] == [
        "Ann Miller",
        "Bob Stone",
        "Ann Miller",
        "Carl Ott",
    ] and snapshot.account["duplicates"] == 2
    last, kept, _, _ = made(
        tmp_path,
        texts,
        fields,
        duplicates={"by": ["name", "street"], "like": 0.92, "block": "zip", "keep": "last"},
    )
    assert [r["name"] for r in kept] == [
        "Bob Stone",
        "Ann Miller",
        "ann miler",
        "Carl Ott",
    ] and last.account["duplicates"] == 2
    with pytest.raises(ValueError, match="'like' together with 'block'"):
        Dataset.model_validate(
            {"from": "a", "fields": fields, "duplicates": {"by": "name", "block": "zip"}}
        )


def test_too_many_rows_to_compare_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesocosm.data.cleaning.near_duplicates.MOST_ROWS", 3)
    with pytest.raises(ConfigValueError, match="too many to compare"):
        made(
            tmp_path,
            [[f"text {i}"] for i in range(5)],
            {"said": {"type": "text"}},
            duplicates={"by": "said", "like": 0.8},
        )


def test_the_code_of_a_country_that_is_no_more_is_refused() -> None:
    from mesocosm.data.types.country import country_of

    assert [country_of(code, "code") for code in ("DD", "QU", "SU", "YU", "UK", "DEU", "EU")] == [
        None,
        None,
        None,
        None,
        "GB",
        "DE",
        None,
    ]
