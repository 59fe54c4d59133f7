"""The tables of the Chinese scenes: enough of each, balanced, nothing twice, no test sentence among
what trains, and all of them as make_data.py writes them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import ROOT
from small_scenes import Row, read_rows

SUPPORT, NEWSROOM = ROOT / "examples" / "support-zh", ROOT / "examples" / "newsroom-zh"


def support(name: str) -> list[Row]:
    return read_rows(SUPPORT / "data" / f"{name}.csv")


def newsroom(name: str) -> list[Row]:
    return read_rows(NEWSROOM / "data" / f"{name}.csv")


def bare(text: str) -> str:
    """A text's letters and digits alone."""
    return re.sub(r"[\W_]", "", text.lower())


def trigrams(text: str) -> frozenset[str]:
    letters = bare(text)
    return frozenset(letters[at : at + 3] for at in range(max(1, len(letters) - 2)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index of two texts' runs of three characters."""
    return len(one & other) / len(one | other)


def find_near(texts: Iterable[str], others: Iterable[str], most: float) -> list[tuple[str, str]]:
    """Pairs of texts that are too alike."""
    cut = [(other, trigrams(other)) for other in others]
    holders: dict[str, list[int]] = {}
    for number, (_, grams) in enumerate(cut):
        for gram in grams:
            holders.setdefault(gram, []).append(number)
    found = []
    for text in texts:
        grams = trigrams(text)
        near = {number for gram in grams for number in holders.get(gram, ())}
        found += [(text, cut[n][0]) for n in near if likeness(grams, cut[n][1]) >= most]
    return found


TRAINED = ("messages", "two-languages")


def test_the_desk_has_enough_of_each_intent() -> None:
    count = Counter(row["intent"] for row in support("messages"))
    assert len(count) >= 40 and min(count.values()) >= 25
    assert max(count.values()) <= 2 * min(count.values()), "balanced"
    styles = Counter((row["intent"], row["style"]) for row in support("messages-test"))
    assert {intent for intent, _ in styles} == set(count)
    assert len(styles) == 3 * len(count) and min(styles.values()) >= 2
    languages = Counter(row["intent"] for row in support("two-languages"))
    assert len(languages) == 20 and set(languages) < set(count)
    assert max(languages.values()) == min(languages.values()) == 40


def test_the_desk_has_enough_answers_each_asked_in_several_ways() -> None:
    answers = support("answers")
    topics = Counter(row["topic"] for row in answers)
    assert len(topics) >= 80 and min(topics.values()) >= 8
    assert len({row["answer"] for row in answers}) == len(topics)
    asked = support("answers-test")
    assert len(asked) >= 100 and {row["topic"] for row in asked} == set(topics)
    assert len(support("unanswerable")) >= 50 and len(support("parallel")) == 200


def test_no_sentence_stands_twice_in_what_trains() -> None:
    for texts in (
        [row["message"] for name in TRAINED for row in support(name)],
        [row["question"] for row in support("answers")],
        [row["headline"] for row in newsroom("headlines-test")],
    ):
        twice = [text for text, count in Counter(map(bare, texts)).items() if count > 1]
        assert not twice


def test_no_test_sentence_is_near_one_that_trains() -> None:
    trained = [row["message"] for name in TRAINED for row in support(name)]
    parallel = support("parallel")
    tests = [row["message"] for row in support("messages-test")]
    assert find_near(tests, trained, 0.8) == []
    assert find_near([row["zh"] for row in parallel], trained, 0.8) == []
    assert find_near([row["en"] for row in parallel], trained, 0.8) == []
    table = [row["question"] for row in support("answers")]
    asked = [row["asked"] for row in support("answers-test")]
    unanswered = [row["asked"] for row in support("unanswerable")]
    assert find_near([*asked, *unanswered], table, 0.7) == []
    stream = [row["headline"] for row in newsroom("headlines")]
    assert find_near([row["headline"] for row in newsroom("headlines-test")], stream, 0.7) == []


def test_a_near_sentence_is_found() -> None:
    assert find_near(["我的快递到哪儿了呀"], ["我的快递到哪儿了", "怎么开发票"], 0.7)
    assert not find_near(["我的快递到哪儿了呀"], ["怎么开发票"], 0.7)


def test_the_tickets_are_of_known_intents_and_complete() -> None:
    known = {row["intent"] for row in support("messages")}
    tickets = support("tickets")
    assert len(tickets) >= 300 and {row["intent"] for row in tickets} == known
    assert all(all(row.values()) for row in tickets)
    assert all(re.fullmatch(r"1[3-9]\d{9}", row["phone"]) for row in tickets)


def test_the_wire_has_enough_of_each_topic_and_mood_over_sixty_days() -> None:
    rows = newsroom("headlines")
    cells = Counter((row["topic"], row["mood"]) for row in rows)
    assert len(rows) >= 900 and len(cells) == 24 and min(cells.values()) >= 20
    times = [row["published_at"] for row in rows]
    assert times == sorted(times) and len({time[:10] for time in times}) == 60
    assert len({row["id"] for row in rows}) == len(rows)
    tests = Counter((row["topic"], row["mood"]) for row in newsroom("headlines-test"))
    assert set(tests) == set(cells) and min(tests.values()) >= 8
    meant: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        meant.setdefault(row["headline"], set()).add((row["topic"], row["mood"]))
    assert all(len(meanings) == 1 for meanings in meant.values())


def test_the_surge_is_one_of_property_from_several_outlets() -> None:
    copiers = {"一览快报", "转播台财经"}
    rows = [row for row in newsroom("headlines") if (row["topic"], row["mood"]) == ("地产", "利空")]
    days = Counter(row["published_at"][:10] for row in rows if row["outlet"] not in copiers)
    loud = [days.pop(f"2026-09-{day}") for day in range(13, 17)]
    assert sum(loud) / 4 >= 5 * sum(days.values()) / 56
    outlets = {row["outlet"] for row in rows if "2026-09-13" <= row["published_at"] < "2026-09-17"}
    assert len(outlets - copiers) >= 5


def test_named_things_are_the_same_in_both_languages() -> None:
    label = {"公司": "company", "金额": "amount", "人物": "person", "地点": "place"}
    chinese, english = newsroom("spans"), newsroom("spans-en")
    assert len(chinese) == len(english) >= 300
    for one, other in zip(chinese, english, strict=True):
        counts = []
        for row in (one, other):
            spans = json.loads(row["spans"])
            names = [row["sentence"][span["start"] : span["end"]] for span in spans]
            assert all(name and name == name.strip() for name in names), row
            counts.append(Counter(label.get(span["label"], span["label"]) for span in spans))
        assert counts[0] == counts[1], one


@pytest.mark.parametrize("home", [SUPPORT, NEWSROOM], ids=lambda home: home.name)
def test_the_same_sentences_give_the_same_tables(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / home.name
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns(".mesocosm", "__pycache__", "data"))
    (copy / "data").mkdir()
    subprocess.run([sys.executable, str(copy / "make_data.py")], check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in (copy / "data").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (home / "data").iterdir()}
