"""Sentences without an id are read in time, whatever they say, and values of rows stay whole."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

import pytest

from mesocosm.core.confidential.row_values import mark_value, plain, withheld
from mesocosm.core.messages import Message, render
from mesocosm.core.messages.catalogues import find_template, list_ids
from mesocosm.core.messages.known_sentences import ROOM, translate_sentence
from mesocosm.core.values.json_faults import explain_json_fault


@pytest.mark.parametrize(
    "text",
    [
        " is " * 60 + " in " * 60 + " of " * 60 + " rows (about " * 12 + "x",
        "'" + "' is " * 80 + " in '" * 80 + "' and " * 80 + " in '" * 60 + "x",
        ", only where " + " is '" * 150 + "' (" * 150 + " of " * 120 + "x",
        "canary: " * 200 + "x",
        "kept the champion: " * 90 + "x",
        "a, " * 300 + "a; " * 300,
    ],
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    text += " rows (about a in training); the other rows look as before!"
    began = time.perf_counter()
    translate_sentence(text[:2000], "zh")
    assert time.perf_counter() - began < 5


def test_a_number_is_read_behind_words_that_look_like_its_own() -> None:
    """The nearest end of a parameter is not kept where a number has to follow."""
    assert (
        translate_sentence("price of 2 pieces 3 to 6", "zh") == "price of 2 pieces 在 3 至 6 之间"
    )


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("anomaly: latency of {} is 9 (usually 4)", "Bonn of Ann"),
        (
            "the file '{}' of the table 'sales' is damaged; run 'mesocosm doctor'",
            "a' of the table 'b",
        ),
        ("{} is required; passes all gates", "place; passes all gates"),
        ("{}, passes all gates", "by hand, passes all gates"),
    ],
)
def test_a_value_of_a_row_is_withheld_in_every_language(form: str, value: str) -> None:
    """Whatever words of sentences it has, no part of it is put before its mark."""
    chinese = translate_sentence(form.format(mark_value(value)), "zh")
    shown = withheld(chinese)
    assert value in plain(chinese)
    assert not any(part in shown for part in ("Bonn", "Ann", "a'", "'b", "place", "by hand"))


def test_no_two_sentences_of_the_store_are_the_same() -> None:
    """Of two with the same words, one would never be read."""
    words = [find_template(id, "en") for id in list_ids(ROOM)]
    plain = Counter(re.sub(r"\{(n_)?\w+\}", r"{\1}", text) for text in words)
    assert [text for text, count in plain.items() if count > 1] == []


@pytest.mark.parametrize("value", ["not built", "damaged", "missing", "required; passes all gates"])
def test_a_value_in_the_name_of_a_slice_stays_as_it_is(value: str) -> None:
    """A category may hold any words, those of a sentence of ours too."""
    where = f"status is {value}"
    said = Message("progress.weak_slice", where=where, what="准确率", accuracy="1", rows=2)
    assert where in said.render("zh")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("a date as iso or %Y/%m/%d or dmy", "格式为 iso 或 %Y/%m/%d 或 dmy 的日期"),
        ("a time as iso or %d %b %Y", "格式为 iso 或 %d %b %Y 的时间"),
        (
            "day: 'x' is not a date as iso or dmy: it does not name a day",
            "day：'x' 不是格式为 iso 或 dmy 的日期：它没有指明某一天",
        ),
        ("a date as they say or do", "a date as they say or do"),
    ],
)
def test_several_formats_are_one_or_the_other(english: str, chinese: str) -> None:
    assert translate_sentence(english, "zh") == chinese


@pytest.mark.parametrize(
    "start", ["6 classes: never worse than the majority", "a number: never worse than the mean"]
)
def test_what_a_gate_is_for_is_translated_whole(start: str) -> None:
    reason = f"{start} baseline; raise the bound to what you would not go under"
    assert not re.search("[A-Za-z]", translate_sentence(reason, "zh"))


@pytest.mark.parametrize(
    "text",
    ["x", "{“a”: 1}", '{"a" 1}', '{"a": 1} 2', '{"a": "', '{"a": 1 "b"}', '{"a": "\\q"}']
    + ['{"a": "\\u12"}', '{"a": "\t"}', '{"a": 1,}', "[1,]", "[1 2]", ""],
)
def test_what_python_says_of_json_is_translated(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as wrong:
        json.loads(text)
    fault = explain_json_fault(wrong.value)
    assert str(fault) == str(wrong.value)
    assert not re.search("[A-Za-z]{2}", render(fault, "zh").replace("uXXXX", ""))


def test_a_reason_that_is_counted_has_no_number() -> None:
    """`predict --rows` counts what is wrong with lines whatever their numbers."""
    assert translate_sentence("expected N columns, got N", "zh") == "应有 N 列，实有 N 列"
    assert translate_sentence("expected Nine columns, got N", "zh").startswith("expected")


def test_no_name_ends_within_brackets() -> None:
    """The end of a sentence within brackets belongs to it, not to the sentence around it."""
    stored = "v1 is refused (auc is 0.5, required: >= 0.55)"
    assert translate_sentence(stored, "zh") == "v1 被拒绝（AUC 为 0.5，要求：>= 0.55）"


def test_a_refused_version_is_told_in_chinese() -> None:
    why = "auc is 0.5, required: >= 0.55"
    refused = Message("lifecycle.version_refused", version="v1", why=why)
    kept = Message("lifecycle.stays_deployed", found=refused, version="v0")
    assert str(kept) == f"v1 is refused ({why}); v0 stays deployed"
    assert kept.render("zh") == "v1 被拒绝（AUC 为 0.5，要求：>= 0.55）；继续部署 v0"
