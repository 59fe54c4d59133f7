"""A pattern that a program reads itself finds in every text what the engine finds."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.data.types import number
from mesocosm.serving.preprocessing.patterns import as_python

OURS = [
    value
    for name in ("LEAD", "LEAD_COMMA", "MORE", "GROUPED", "FEW_DIGITS", "WHOLE", "PART", "SMALL")
    if isinstance(value := getattr(number, name), str)
]
MORE = [
    r"^\s*[-+]?\d(?:[.,]?\d){0,14}[.,]?0*[eE]",
    r"\d+$",
    r"[^\d\s]{2,3}?",
    r"(a|b)+,\w*",
    r"^$",
    r"x{2}",
    r"[]x]",
    r"[^]x]$",
    r"\x{00A0}|\x{2009}",
    r"[\t-\r]",
    r"a|^b|\)$",
    r"[-+–—±/*×~]\s",
    r"\-?\d{1,3}(?:,\d{3})*",
    r"[a\-c]",
    r"[+.-]?x",
]
OTHER = [
    r"a.b",
    r"(?i)a",
    r"\bfoo",
    r"\pL",
    r"[[:alpha:]]",
    r"\Qa\E",
    r"a\z",
    r"a{1001}",
    r"(?P<n>a)",
    r"\S",
    "[\\d&&x]",
    "a[b",
    "x**",
]
TEXTS = st.text(
    st.sampled_from("0159.,-+eE abx_'’\n\r\t\x0b\x0c\u00a0\u2009\u202f٣５²½–±×~/)(]["), max_size=12
)


@pytest.mark.parametrize("pattern", [*OURS, *MORE])
def test_a_known_pattern_finds_what_the_engine_finds(pattern: str) -> None:
    known = as_python(pattern)
    assert known is not None, "it is one that programs need"
    with duckdb.connect() as con:

        @settings(max_examples=150, deadline=None)
        @given(st.lists(TEXTS, min_size=1, max_size=30))
        def alike(texts: list[str]) -> None:
            con.execute(
                "create or replace temp table t as select unnest(?::varchar[]) as x", [texts]
            )
            for text, there, found in con.execute(
                "select x, regexp_matches(x, ?), regexp_extract(x, ?, 0) from t", [pattern, pattern]
            ).fetchall():
                match = known.search(text)
                assert (match is not None, match[0] if match else "") == (there, found), (
                    pattern,
                    text,
                )

        alike()


@pytest.mark.parametrize("pattern", OTHER)
def test_what_the_two_may_read_in_other_ways_is_left_to_the_engine(pattern: str) -> None:
    assert as_python(pattern) is None
