"""The log of predictions: every query over it uses an index, and a catalog of before the indexes gets them when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from mesocosm.catalog import Book, Catalog
from mesocosm.catalog import tables as t
from mesocosm.catalog.notes import take

CALLS: dict[str, Any] = {
    "predictions": lambda c: c.predictions("desk", 20), "until": lambda c: c.predictions("desk", 20, 1.0, 5.0), "labelled": lambda c: c.labelled("desk", 3.0),
    "told": lambda c: c.told("desk", 3.0), "counts": lambda c: c.counts(), "prediction": lambda c: c.prediction("p-1"), "book": lambda c: Book(c), "past": lambda c: Book(c, 4.0),
}  # fmt: skip


def filled(where: Path, rows: int = 50) -> Catalog:
    catalog = Catalog(where)
    catalog.log([{"id": f"p-{i}", "service": "desk", "version": "v", "snapshot": "s", "input": {}, "output": {"label": "a"}, "ms": 1.0, "at": float(i)} for i in range(rows)])
    catalog.add(t.FEEDBACK, [{"prediction": f"p-{i}", "service": "desk", "label": "a", "at": float(i)} for i in range(0, rows, 5)])
    return catalog


@pytest.mark.parametrize("call", list(CALLS))
def test_no_query_over_the_log_reads_all_its_rows(tmp_path: Path, call: str) -> None:
    catalog = filled(tmp_path)
    asked: list[tuple[str, Any]] = []
    event.listen(catalog.engine, "before_cursor_execute", lambda con, cur, sql, given, *_: asked.append((sql, given)))
    CALLS[call](catalog)
    about = [(sql, given) for sql, given in asked if sql.startswith("SELECT") and ("FROM predictions" in sql or "JOIN" in sql and "feedback" in sql)]
    assert about
    with catalog.engine.connect() as con:
        for sql, given in about:
            plan = [row[3] for row in con.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, given)]
            assert all("USING" in line and "INDEX" in line for line in plan if line.startswith(("SCAN", "SEARCH"))), plan


def test_an_older_catalog_gets_the_indexes_when_it_is_opened(tmp_path: Path) -> None:
    catalog = filled(tmp_path)
    with catalog.engine.begin() as con:
        for index in t.INDEXES:
            con.execute(text(f"drop index {index.name}"))
    again = Catalog(tmp_path)
    assert {i.name for i in t.INDEXES} <= again._indexes("predictions") | again._indexes("feedback")
    assert len(again.predictions("desk", 100)) == 49  # after the moment 0


def test_old_predictions_leave_in_small_steps_and_those_with_a_label_stay(tmp_path: Path) -> None:
    catalog = filled(tmp_path)
    catalog.log([{"id": "other", "service": "shop", "version": "v", "snapshot": "s", "input": {}, "output": {}, "ms": 1.0, "at": 1.0}])
    assert [catalog.prune("desk", 40.0, 20) for _ in range(3)] == [20, 12, 0]
    left = {row["id"] for row in catalog.predictions("desk", 100, -1.0)}
    assert left == {f"p-{i}" for i in range(50) if i >= 40 or i % 5 == 0}
    assert len(catalog.labelled("desk", -1.0)) == 10 and catalog.prediction("other")


def test_a_number_that_no_note_has_is_no_note(tmp_path: Path) -> None:
    assert not any(take(Catalog(tmp_path), ident, "owner") for ident in (-1, 0, 7, 2**63, 10**23))
