"""The page that adds a task is done, line by line, in a copy of the source."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from how_to_pages import follow_page, run_copy

pytestmark = pytest.mark.slow
FIRST = date(2024, 1, 1)


def test_the_page_adds_a_task_that_is_trained_served_and_reported(tmp_path: Path) -> None:
    before = {
        "line": '    "ranking":',
        "import": "from mesocosm.learning.tasks.generation.task",
    }
    follow_page("add-a-task.md", tmp_path, before)
    days = [(FIRST + timedelta(i), 3 if i % 5 else 12) for i in range(60)]
    rows = [f"{sent},{sent + timedelta(late)}" for sent, late in days]
    (tmp_path / "letters.csv").write_text("sent,arrived\n" + "\n".join(rows) + "\n")

    built = run_copy(tmp_path, "build")
    assert built.returncode == 0, built.stdout + built.stderr
    with closing(sqlite3.connect(tmp_path / ".mesocosm" / "catalog.db")) as con:
        recipe, metrics, state = con.execute(
            "select recipe, metrics, state from versions"
        ).fetchone()
    assert json.loads(recipe)["days"] == 3 and state == "champion"
    figures = json.loads(metrics)
    assert figures["within_a_day"] > 0.5 > figures["baselines"]["mean"]["within_a_day"]

    predicted = run_copy(
        tmp_path, "predict", "post-desk", "--input", '{"sent": "2024-03-01"}', "--json"
    )
    assert predicted.returncode == 0, predicted.stdout + predicted.stderr
    answer = json.loads(predicted.stdout)
    assert answer["label"] == "2024-03-04" and answer["days"] == 3
    explained = run_copy(tmp_path, "explain", answer["id"])
    assert explained.returncode != 0 and "adds a delay, and a date is no sum" in explained.stderr
    card = run_copy(tmp_path, "model", "card", "arrival")
    assert "Predicts 'arrived' as 3 days later" in card.stdout, card.stdout + card.stderr
    report = run_copy(tmp_path, "report", "-o", str(tmp_path / "report.html"))
    assert report.returncode == 0, report.stdout + report.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Delays of test rows" in page and "share within a day" in page


def test_what_does_not_fit_the_task_has_its_place(tmp_path: Path) -> None:
    before = {
        "line": '    "ranking":',
        "import": "from mesocosm.learning.tasks.generation.task",
    }
    follow_page("add-a-task.md", tmp_path, before)
    file = tmp_path / "ecosystem.yaml"
    file.write_text(file.read_text().replace("within_a_day:", "accuracy:"))
    (tmp_path / "letters.csv").write_text("sent,arrived\n2024-01-01,2024-01-02\n")
    wrong = run_copy(tmp_path, "check")
    assert wrong.returncode == 2 and "'accuracy' is not a metric of delays" in wrong.stderr
