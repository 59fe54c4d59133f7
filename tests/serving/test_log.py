"""The log of predictions: every query over it uses an index, and a catalog of before the indexes
gets them when it is opened.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text

from mesocosm.catalog import Catalog, CatalogView, count_unsure, find_unlabelled
from mesocosm.catalog.annotations import take
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.database.migrations import indexes_of
from mesocosm.serving.http import access_log

CALLS: dict[str, Any] = {
    "predictions": lambda c: c.predictions("desk", 20),
    "until": lambda c: c.predictions("desk", 20, 1.0, 5.0),
    "labelled": lambda c: c.labelled("desk", 3.0),
    "count_labelled": lambda c: c.count_labelled("desk", 3.0),
    "unlabelled": lambda c: find_unlabelled(c, "desk", 20),
    "unsure": lambda c: count_unsure(c, "desk", 20, 3.0),
    "prediction": lambda c: c.prediction("p-1"),
    "past": lambda c: CatalogView(c, 4.0),
}


def filled(where: Path, rows: int = 50) -> Catalog:
    catalog = Catalog(where)
    catalog.log(
        [
            {
                "id": f"p-{i}",
                "service": "desk",
                "version": "v",
                "snapshot": "s",
                "input": {},
                "output": {"label": "a"},
                "ms": 1.0,
                "at": float(i),
            }
            for i in range(rows)
        ]
    )
    catalog.add(
        t.FEEDBACK,
        [
            {"prediction": f"p-{i}", "service": "desk", "label": "a", "at": float(i)}
            for i in range(0, rows, 5)
        ],
    )
    return catalog


@pytest.mark.parametrize("call", list(CALLS))
def test_no_query_over_the_log_reads_all_its_rows(tmp_path: Path, call: str) -> None:
    catalog = filled(tmp_path)
    asked: list[tuple[str, Any]] = []
    event.listen(
        catalog.engine,
        "before_cursor_execute",
        lambda con, cur, sql, given, *_: asked.append((sql, given)),
    )
    CALLS[call](catalog)
    about = [
        (sql, given)
        for sql, given in asked
        if sql.startswith("SELECT")
        and ("FROM predictions" in sql or "JOIN" in sql and "feedback" in sql)
    ]
    assert about
    with catalog.engine.connect() as con:
        for sql, given in about:
            plan = [row[3] for row in con.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, given)]
            assert all(
                "USING" in line and "INDEX" in line
                for line in plan
                if line.startswith(("SCAN", "SEARCH")) and line != "SCAN anon_1"
            ), plan  # anon_1 is a bounded subquery, whose own line is checked


def test_labels_are_looked_for_among_labels(tmp_path: Path) -> None:
    """Not among all predictions of the service: a monitor asks every few seconds."""
    catalog, asked = filled(tmp_path), list[tuple[str, Any]]()
    event.listen(
        catalog.engine,
        "before_cursor_execute",
        lambda con, cur, sql, given, *_: asked.append((sql, given)),
    )
    catalog.labelled("desk", 3.0)
    with catalog.engine.connect() as con:
        plan = [
            row[3] for row in con.exec_driver_sql("EXPLAIN QUERY PLAN " + asked[0][0], asked[0][1])
        ]
    assert "feedback_service_at" in plan[0] and "predictions_1 (id=?)" in plan[1], plan


def test_an_older_catalog_gets_the_indexes_when_it_is_opened(tmp_path: Path) -> None:
    catalog = filled(tmp_path)
    with catalog.engine.begin() as con:
        for index in t.INDEXES:
            con.execute(text(f"drop index {index.name}"))
        con.execute(text("drop table catalog_schema"))
    again = Catalog(tmp_path)
    assert {i.name for i in t.INDEXES} <= indexes_of(again.engine, "predictions") | indexes_of(
        again.engine, "feedback"
    )
    assert len(again.predictions("desk", 100)) == 49  # after the moment 0


def test_old_predictions_leave_in_small_steps_and_those_with_a_label_stay(tmp_path: Path) -> None:
    catalog = filled(tmp_path)
    catalog.log(
        [
            {
                "id": "other",
                "service": "shop",
                "version": "v",
                "snapshot": "s",
                "input": {},
                "output": {},
                "ms": 1.0,
                "at": 1.0,
            }
        ]
    )
    assert [catalog.prune("desk", 40.0, 20) for _ in range(3)] == [20, 12, 0]
    left = {row["id"] for row in catalog.predictions("desk", 100, -1.0)}
    assert left == {f"p-{i}" for i in range(50) if i >= 40 or i % 5 == 0}
    assert len(catalog.labelled("desk", -1.0)) == 10 and catalog.prediction("other")


def test_a_number_that_no_note_has_is_no_note(tmp_path: Path) -> None:
    assert not any(take(Catalog(tmp_path), ident, "owner") for ident in (-1, 0, 7, 2**63, 10**23))


def test_the_counts_of_services_follow_every_insert_and_delete(tmp_path: Path) -> None:
    """They equal a count of the rows at every moment, whoever wrote them, and drills do not
    count.
    """
    draw, catalog = random.Random(3), Catalog(tmp_path)

    def row(ident: int) -> dict[str, Any]:
        return {
            "id": f"q-{ident}",
            "service": draw.choice(("desk", "shop")),
            "version": "v",
            "snapshot": "s",
            "input": {},
            "output": {},
            "ms": 1.0,
            "at": draw.uniform(0, 5 * 3600),
            "mark": draw.choice(("", "", "drill-1")),
        }

    def agree() -> None:
        rows = [r for r in catalog.rows(select(t.PREDICTIONS)) if not r["mark"]]
        assert catalog.counts() == dict(Counter(r["service"] for r in rows))
        for at in (-1.0, 0.0, 3599.9, 3600.0, 9000.0, 1e6):
            assert CatalogView(catalog, at).counts() == dict(
                Counter(r["service"] for r in rows if r["at"] <= at)
            ), at

    for step in range(6):
        catalog.log(
            [row(ident) for ident in range(20 * step, 20 * step + 30)]
        )  # ten are there already
        catalog.prune("desk", draw.uniform(0, 9000), 7)
        agree()
    with sqlite3.connect(tmp_path / "catalog.db") as other:  # another process
        other.execute(
            "insert into predictions (id, service, at) values ('old', 'shop', 3.0)"
        )  # of an earlier version: no mark
        other.execute("delete from predictions where service = 'desk'")
    agree()
    with sqlite3.connect(tmp_path / "catalog.db") as other:  # as an earlier version left it
        other.executescript(
            "drop trigger predictions_came; drop trigger predictions_went; drop table counted; drop table catalog_schema;"
            " delete from predictions where rowid % 3 = 0"
        )
    catalog = Catalog(tmp_path)
    agree()


def test_questions_about_the_newest_predictions(tmp_path: Path) -> None:
    catalog = filled(tmp_path)
    assert [r["id"] for r in find_unlabelled(catalog, "desk", 7)] == [
        "p-49",
        "p-48",
        "p-47",
        "p-46",
        "p-44",
        "p-43",
    ]  # a label came back for p-45
    catalog.log(
        [
            {
                "id": f"u-{i}",
                "service": "desk",
                "version": "v",
                "snapshot": "s",
                "input": {},
                "output": said,
                "ms": 1.0,
                "at": 100.0 + i,
            }
            for i, said in enumerate(({"unsure": True}, {"unsure": False}, {}))
        ]
    )
    assert (
        count_unsure(catalog, "desk", 5000, 45.0) == (7, 1)
        and count_unsure(catalog, "desk", 2, 45.0) == (2, 0)
        and count_unsure(catalog, "desk", 9, 1e9) == (0, 0)
    )


def test_each_request_of_the_log_is_read_once_over_files_that_turn_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "MOST", 2000)
    path, seen = tmp_path / "gateway.jsonl", 0
    writer, reader = (
        access_log.AccessLog(path, lambda: float(seen)),
        access_log.RecentRequests(path, ("/v1/services/",), 40),
    )
    for seen in range(60):
        scope = {
            "method": "POST",
            "fast_route": "/v1/services/{name}/predict" if seen % 2 else "/healthz",
            "path": "/",
            "path_params": {"name": "desk"},
        }
        writer.request(scope, 200, 0.001)
        writer.flush()
        assert [r.at for r in reader.since(0.0)] == [float(i) for i in range(1, seen + 1, 2)]
    with path.open("ab") as file:
        file.write(
            b'{"at": 61, "route": "/v1/services/x", "service": "desk", "sta'
        )  # being written
    assert reader.since(59.0) == [access_log.Request(59.0, "desk", 200, 1.0)] and not reader.full
    with path.open("ab") as file:
        file.write(b'tus": 503, "ms": 2}\nno json\n[]\n')
    assert reader.since(60.0) == [access_log.Request(61.0, "desk", 503, 2.0)]


def test_counts_of_now_read_no_prediction(tmp_path: Path) -> None:
    catalog, asked = filled(tmp_path), list[str]()
    event.listen(
        catalog.engine, "before_cursor_execute", lambda con, cur, sql, *_: asked.append(sql)
    )
    assert catalog.counts() == CatalogView(catalog).counts() == {"desk": 50}
    assert asked and not any("predictions" in sql for sql in asked)
