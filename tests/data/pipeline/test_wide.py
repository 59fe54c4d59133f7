"""Tables of many columns: reading them in groups changes nothing, and no query is nested deeper
than the engine takes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_govern import made, rows, table, write

from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import column_groups
from mesocosm.data.pipeline.split import split_sql
from mesocosm.data.quality import report


def built(home: Path, monkeypatch: pytest.MonkeyPatch, group: int) -> tuple[Any, ...]:
    home.mkdir()
    write(home / "a.csv", table(120))
    monkeypatch.setattr("mesocosm.data.pipeline.column_groups.GROUP", group)
    monkeypatch.setattr("mesocosm.data.pipeline.staging.GROUP", group)
    snapshot, where, _ = made(
        home, {"a": {"type": "csv", "path": "a.csv"}}, key="id", duplicates="row"
    )
    tables = {
        t: [{k: v for k, v in r.items() if k != "_file"} for r in rows(where, snapshot, t)]
        for t in ("rows", "quarantine", "duplicates")
    }
    return snapshot.account, snapshot.report, snapshot.facts, tables


def test_columns_read_in_groups_give_the_same_tables_facts_and_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert built(tmp_path / "groups", monkeypatch, 2) == built(tmp_path / "whole", monkeypatch, 100)


def test_groups_hold_each_field_once_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    fields: Any = {f"c{i}": None for i in range(257)}
    found = column_groups.groups(fields)
    assert [len(g) for g in found] == [100, 100, 57]
    assert [n for g in found for n in g] == list(fields)


def test_queries_over_all_of_many_fields_are_not_too_deep() -> None:
    names = [f"c{i}" for i in range(1500)]
    fields = {n: {"type": "number"} for n in names}
    data = Dataset.model_validate({"from": "a", "fields": fields})
    with duckdb.connect() as con:
        cells = ", ".join(f"case when i = 1 then null else 1.0 end as {n}" for n in names)
        con.execute(
            f"create table t as select i as _row, null::varchar as _why, {cells} from range(4) r(i)"
        )
        assert report.missing_patterns(con, "t", data.fields) == [
            {"missing": [], "rows": 3},
            {"missing": names, "rows": 1},
        ]
        assert len(con.execute(split_sql("t", data, None)).fetchall()) == 4
