"""Goals that predict no field: items ranked for somebody, and answers from a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mesocosm.assistant.architect import architect
from mesocosm.assistant.draft_text import format_draft
from mesocosm.config.loader import read_text
from mesocosm.core.errors import ConfigValueError


def write(path: Path, head: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
    return path


def seen(home: Path, names: tuple[str, str, str]) -> Path:
    return write(
        home / "seen.csv",
        list(names),
        [[i * 7 % 20 + 1, i * 11 % 15 + 1, 884182806 + i] for i in range(120)],
    )


@pytest.mark.parametrize(
    ("names", "key", "goal"),
    [
        (("user", "movie", "ts"), "movie", "recommend movies to a user"),
        (("customer_id", "product_id", "time"), "id", "suggest products for customers"),
        (("用户", "电影", "时间"), "电影", "给用户推荐电影"),
    ],
)
def test_a_goal_that_recommends_becomes_a_ranking(
    tmp_path: Path, names: tuple[str, str, str], key: str, goal: str
) -> None:
    items = write(
        tmp_path / "items.csv",
        [key, "title"],
        [[i, f"The long tale of the {i}th fox"] for i in range(1, 16)],
    )
    said = architect(tmp_path, [items, seen(tmp_path, names)], goal)
    eco = read_text(format_draft(said), tmp_path / "ecosystem.yaml", {}).eco
    model = eco.models["seen-model"]
    assert (model.features, model.target) == ((names[0],), names[1]) or (
        list(model.features),
        model.target,
    ) == ([names[0]], names[1])
    assert (
        model.rank
        and model.rank.when == names[2]
        and model.rank.items == "items-data"
        and tuple(model.rank.texts) == ("title",)
    )
    assert eco.datasets["items-data"].key == key and eco.datasets["seen-data"].key is None
    json.dumps(said)


@pytest.mark.parametrize(
    ("head", "goal"),
    [
        (["question", "answer"], "answer customers' questions"),
        (["问题", "答案"], "回答客户的问题"),
        (["FAQ question", "reply"], "an FAQ for visitors"),
    ],
)
def test_a_goal_that_answers_becomes_a_service_that_answers_from_the_table(
    tmp_path: Path, head: list[str], goal: str
) -> None:
    path = write(
        tmp_path / "faq.csv",
        head,
        [[f"How do I reset the {i}th lamp?", f"Press the button {i} times."] for i in range(30)],
    )
    said = architect(tmp_path, [path], goal)
    eco = read_text(format_draft(said), tmp_path / "ecosystem.yaml", {}).eco
    table = eco.services["faq-desk"].answers
    assert table and [table.question, table.answer] == head and not eco.models
    json.dumps(said)


def test_contacts_in_answers_are_hidden_and_the_draft_asks_whose_they_are(tmp_path: Path) -> None:
    path = write(
        tmp_path / "faq.csv",
        ["question", "answer"],
        [
            [f"Who helps with the {i}th lamp?", f"Write to help@lamps.example.org about lamp {i}."]
            for i in range(30)
        ],
    )
    said = architect(tmp_path, [path], "answer customers' questions")
    assert (
        said["dataset"]["fields"]["answer"]["private"] == "redact"
        and "'private: redact'" in said["choose"][0]
    )
    assert "# CHOOSE: 'answer' shows contacts" in format_draft(said)


def test_a_table_that_cannot_be_ranked_or_answered_from_is_refused_with_its_columns(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "t.csv", ["height", "weight"], [[i % 9, i % 7] for i in range(40)])
    with pytest.raises(ConfigValueError, match="names a user; the columns are height, weight"):
        architect(tmp_path, [path], "recommend something")
    with pytest.raises(ConfigValueError, match="no columns of a question"):
        architect(tmp_path, [path], "predict weight", None, "answers")
