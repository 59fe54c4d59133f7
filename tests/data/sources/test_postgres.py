"""A real PostgreSQL server: its tables are collected, printed by content, and missing ones told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources.databases.postgres import Postgres


@pytest.fixture
def url(postgres: str) -> str:
    return postgres


def test_a_table_is_collected_and_its_print_is_its_content(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url, autocommit=True) as con:
        con.execute(
            "create table loans (id int, income double precision, opened date, grade text, extra"
            " numeric)"
        )
        for i in range(30):
            con.execute(
                "insert into loans values (%s, %s, %s, %s, 1.5)",
                (
                    i,
                    None if i == 4 else 1000.5 + i,
                    f"2024-01-{1 + i % 28:02d}",
                    "lo" if i % 2 else "High",
                ),
            )
    source = Postgres(url=url, table="public.loans", private_network=True)
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    fields: dict[str, Any] = {
        "id": {"type": "integer"},
        "income": {"type": "number", "missing": "mean"},
        "opened": {"type": "date"},
        "grade": {"type": "category", "values": ["low", "high"], "aliases": {"lo": "low"}},
        "extra": {"type": "number"},
    }
    data = Dataset.model_validate({"from": "a", "key": "id", "fields": fields})
    snapshot = build_snapshot(
        "t", data, {"a": source}, where, "made", "00" * 32, BuildOptions(say=lambda _: None)
    )
    assert snapshot.account == {"in": 30, "kept": 30, "quarantined": 0, "duplicates": 0}
    rows = {r["id"]: r for r in read_table(where.store / "datasets" / "t" / "rows", 0).to_pylist()}
    assert (
        rows[3]["income"] == 1003.5
        and rows[4]["income"] is not None
        and rows[0]["grade"] == "high"
        and rows[0]["extra"] == 1.5
    )
    before = source.fingerprint(where)
    assert source.fingerprint(where) == before
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("update loans set income = 7 where id = 0")
    assert source.fingerprint(where) != before
    with pytest.raises(ConfigValueError, match="'nothing' cannot be read"):
        source.model_copy(update={"table": "nothing"}).fingerprint(where)


def test_by_a_cursor_only_what_came_since_is_read_and_every_row_once(
    url: str, tmp_path: Path
) -> None:
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("create table moves (at timestamptz, who text, amount numeric)")
        con.execute(
            "insert into moves select timestamptz '2024-01-01' + (i / 7) * interval '1 hour',"
            " 'person-' || i, i + 0.5 from generate_series(0, 99) i"
        )
        con.execute("insert into moves values (null, 'person-late', 1)")
    source = Postgres(url=url, table="moves", cursor="at", batch=10, private_network=True)
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    where.store.mkdir()

    def read() -> list[str]:
        with duckdb.connect() as con:
            told = source.collect(where, con, "t")
            found = [r[0] for r in con.execute("select who from t order by _line").fetchall()]
            assert (
                told.rows
                == len(found)
                == con.execute("select count(distinct _line) from t").fetchall()[0][0]
            )
            assert told.columns == ["at", "who", "amount"]
        return found

    people = [f"person-{i}" for i in range(100)]
    assert sorted(read()) == sorted([*people, "person-late"]) and source.fingerprint(
        where
    ) == source.fingerprint(where)
    pages = sorted((where.store / "kept").rglob("*.page"))
    assert len(pages) > 5 and not any(
        b"person" in p.read_bytes() for p in (where.store / "kept").rglob("*.*")
    )
    before = source.fingerprint(where)
    with psycopg.connect(url, autocommit=True) as con:
        con.execute(
            "insert into moves select max(at), 'person-same', 1 from moves"
        )  # as late as the last one
        assert source.fingerprint(where) != before
        con.execute(
            "insert into moves select max(at) + i * interval '1 hour', 'person-new-' || i, 1 from"
            " moves, generate_series(1, 12) i group by i"
        )
        con.execute(
            "update moves set who = 'changed' where who = 'person-3'"
        )  # below the watermark: not read again
    assert sorted(read()) == sorted(
        [*people, "person-late", "person-same", *[f"person-new-{i}" for i in range(1, 13)]]
    )
    assert all(p.exists() for p in pages), "what was kept is not written again"
    pages[0].write_text("spoilt")
    assert "changed" in read(), "a page that cannot be opened is read anew with all others"
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("alter table moves add column more int")
        con.execute("delete from moves where who like 'person-new%'")
    with duckdb.connect() as con:
        assert source.collect(where, con, "t").columns[-1] == "more"
        assert con.execute("select count(*) from t").fetchall()[0][0] == 102
    with pytest.raises(ConfigValueError, match="has no column 'when'"):
        source.model_copy(update={"cursor": "when"}).fingerprint(where)
