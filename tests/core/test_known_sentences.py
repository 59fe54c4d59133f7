"""Sentences without an id are read in time, whatever they say, and values of rows stay whole."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from mesocosm.core.confidential.row_values import mark_value, plain, withheld
from mesocosm.core.messages import Message
from mesocosm.core.messages.catalogues import find_template, list_ids
from mesocosm.core.messages.known_sentences import ROOM, translate_sentence


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
