"""Private values as ten languages write them, decoys, own patterns, and hostile texts."""

from __future__ import annotations

import time

import pytest

from mesocosm.data.privacy.detector import find_spans, redact
from mesocosm.data.privacy.peoples.own_values import redact_by
from mesocosm.data.privacy.redact import Redact


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Der Vertrag von Vincenzo Dörr läuft aus.", "Der Vertrag von [name] läuft aus."),
        ("Mi chiamo Gaetano Romiti.", "Mi chiamo [name]."),
        ("Mijn BSN is 111222333.", "Mijn BSN is [national id]."),
        ("Mój PESEL to 44051401359.", "Mój PESEL to [national id]."),
        ("昨日、佐藤 陽一様から電話", "昨日、[name]様から電話"),
        ("マイナンバーは123456789018です", "マイナンバーは[national id]です"),
        ("고객 나영자 님이 전화했습니다.", "고객 [name] 님이 전화했습니다."),
        ("targa AB 123 CD", "targa [plate]"),
        ("The login came from 10.0.0.1.", "The login came from [ip]."),
    ],
)
def test_languages(said: str, shown: str) -> None:
    assert redact(said) == shown


@pytest.mark.parametrize(
    "plain",
    [
        "Order 993-112-44 was shipped.",
        "Mój PESEL to 44051401358.",
        "The Jordan river and Paris Street Cafe are popular.",
        "La Semana Santa empieza en Sevilla.",
        "お客様の皆様にお知らせします。",
        "고객님께 알려 드립니다.",
        "Il pezzo AB 447 CD costa 45,90 euro.",
    ],
)
def test_decoys_stay(plain: str) -> None:
    assert redact(plain) == plain


def test_own_values() -> None:
    own = '{"patterns": {"badge": "B-[0-9]{4}"}, "never": ["Anna Schulz"], "min_score": 0.5}'
    assert redact_by("B-1234, Frau Anna Schulz", own) == "[badge], Frau Anna Schulz"


@pytest.mark.parametrize("form", ["(a+)+b", "x*", "("])
def test_a_pattern_that_may_not_end_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Redact(patterns={"own": form})


@pytest.mark.parametrize("part", ["1 rue a ", "Aa ", "1-", "+1 ", "王", "a.b'", "tel 1 "])
def test_hostile_texts_take_linear_time(part: str) -> None:
    text = part * (100_000 // len(part))
    start = time.process_time()
    find_spans(text)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("form", ["((a|a))*x", "(?:a?){2,}b", "(?P<n>[0-9]+ ?)+z", "(a{1,9})*"])
def test_a_pattern_that_may_double_its_time_is_refused_however_it_is_nested(form: str) -> None:
    with pytest.raises(ValueError, match="may never end"):
        Redact(patterns={"own": form})


@pytest.mark.parametrize("form", ["([0-9]{4}-){3}[0-9]{4}", "(AB|CD)-[0-9]+", r"[(+*]+\(x\)+"])
def test_a_pattern_of_counted_groups_is_taken(form: str) -> None:
    assert Redact(patterns={"own": form}).patterns == {"own": form}
