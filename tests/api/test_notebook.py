"""What a notebook shows: plans, reports, cards and alerts as pages whose texts are escaped; and the
notebook of the bank, cell by cell.
"""

from __future__ import annotations

import json
import os
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import mesocosm
from mesocosm.api.results.model import Card
from mesocosm.api.results.report import Report
from mesocosm.catalog.records import Alert, Alerts
from mesocosm.core.errors import Finding, Place
from mesocosm.lifecycle.plan import Change

NOTEBOOK = ROOT / "examples" / "notebook" / "bank.ipynb"
EVIL = '<script>alert("x")</script>'


class Tags(HTMLParser):
    """The names of the tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append(tag)


def show(thing: Any) -> str:
    page = thing._repr_html_()
    assert "script" not in Tags(page).found and "<script" not in page, page
    return str(page)


def test_a_plan_is_a_table_with_its_reasons() -> None:
    question = Finding(Place("ecosystem.yaml", 3), "datasets.d.day", EVIL, "a format")
    plan = mesocosm.Plan(
        (Change("datasets.d", "+", (f"it is new {EVIL}",)), Change("models.m", "=", ())),
        {"datasets.d": {"text": f"about 3 s {EVIL}"}},
        {"models.m": [EVIL]},
        questions=(question,),
    )
    page = show(plan)
    assert "it is new &lt;script&gt;" in page and "about 3 s" in page and page.count("<tr>") == 3
    assert page.count("<li>") == 2
    assert str(plan) == "1 to create, 1 to keep." and plan.pending == plan[:1]
    assert [change.address for change in plan] == ["datasets.d", "models.m"] and plan[1].sign == "="


def test_alerts_are_a_table_and_an_alert_is_one_row_of_it() -> None:
    detail = {"verdict": {"kind": "unit", "harm": None, "remedy": "fix the source", "why": EVIL}}
    alert = Alert("a", EVIL, "desk", "drift", f"age {EVIL}", 0.0, detail)
    closed = Alert("b", "watch", "desk", "surge", "a surge", 0.0, None, 60.0)
    page = show(Alerts([alert, closed]))
    assert page.count("<tr>") == 3 and "fix the source" in page and "closed 1970" in page
    assert show(alert).count("<tr>") == 2
    assert show(Alerts([])) == "<p>No alerts.</p>"
    assert repr(Alerts([alert, closed])) == "<2 alerts, 1 open>"
    assert Alerts([alert, closed])[1:][0] == closed


def test_a_card_is_markdown_without_html_of_its_own() -> None:
    page = show(Card("m@1", None, f"# m@1\n\n{EVIL}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"))
    assert {"h1", "table", "td"} <= set(Tags(page).found) and "&lt;script&gt;" in page
    link = show(Card("m@1", None, "[x](javascript:alert(1))"))
    assert "a" not in Tags(link).found


def test_a_report_is_a_page_in_a_frame_of_its_own() -> None:
    page = show(Report(EVIL, {}, {}, None))
    tags = Tags(page)
    assert tags.found == ["iframe"] and " sandbox" in page and "srcdoc=" in page


def test_the_notebook_of_the_bank_runs(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src")]))
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
    names: dict[str, Any] = {"__name__": "__main__"}
    ran = 0
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        exec(compile(source, f"{NOTEBOOK.name} {cell['id']}", "exec"), names)  # noqa: S102
        ran += 1
        if "mesocosm.init" in source:  # nothing is trained twice
            shutil.copytree(bank / ".mesocosm", tmp_path / "bank-notebook" / ".mesocosm")
    assert ran >= 10 and not names["result"].failed
    assert {resource.sign for resource in names["result"].done} == {"="}
    assert names["prediction"].label == names["served"].label and names["answer"].known
    assert names["trace"].prediction.id == names["prediction"].id
    for name in ("plan", "report"):
        assert show(names[name])
