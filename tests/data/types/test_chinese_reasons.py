"""Why a Chinese value is refused is read in Chinese too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mesocosm.core.messages.known_sentences import translate_sentence
from mesocosm.data.parsing.numbers import Refused, parse_figure
from mesocosm.data.parsing.timestamps import explain_day, explain_moment
from mesocosm.data.types.address import why_no_division
from mesocosm.data.types.identifier import why_no_code

ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
CODES = [
    ("12", "cn_resident_id"),
    ("110105194912310021", "cn_resident_id"),
    ("110105194902310024", "cn_resident_id"),
    ("110105184902310024", "cn_resident_id"),
    ("990105194912310021", "cn_resident_id"),
    ("12", "cn_credit_code"),
    ("91350100M000100Y44", "cn_credit_code"),
    ("91990100M000100Y44", "cn_credit_code"),
    *(("12", form) for form in ("cn_plate", "cn_passport", "cn_postcode", "iban")),
]
ADDRESSES = [
    ("朝阳区", "city"),
    ("鼓楼区", "city"),
    ("河北省桥东区", "city"),
    ("市中区", "city"),
    ("浙江省南京市", "city"),
    ("浙江省", "city"),
    ("重庆市江北区", "district"),
    ("北京路", "province"),
]

OF_DRAFTS = [
    "its name says that it is a plate",
    "3 of 3 values have the form of a plate",
    "0 of 40 values are Chinese dates, and 40 are no day, such as '3月6日' (it names no year: write"
    " year, month and day); it stays as it is written",
    "all 9 values are whole numbers; beside them stands '度' (9 rows), one word for all; of which"
    " size it is stays open: 'unit' says it",
    "the check character holds in every value; a row in which it does not would be quarantined",
    "'b.csv' is read as gbk, as 'encoding' says; its bytes look more like big5",
]


def list_reasons() -> Iterator[str]:
    path = Path(__file__).with_name("readings_chinese.yaml")
    for group in yaml.safe_load(path.read_text(encoding="utf-8")):
        settings = group["settings"]
        for text in group.get("refused", ()):
            read = parse_figure(text)
            if settings["type"] == "date":
                yield explain_day(text, "\n".join(settings.get("formats", ["iso"]))) or ""
            elif settings["type"] == "time":
                spec = (settings["zone"], "refuse", *settings["formats"])
                yield explain_moment(text, "\n".join(spec)) or ""
            elif isinstance(read, Refused):
                yield read.reason
    yield from (why_no_code(text, form) or "" for text, form in CODES)
    yield from (why_no_division(text, part) or "" for text, part in ADDRESSES)


@pytest.mark.parametrize("reason", sorted({*list_reasons(), *OF_DRAFTS} - {""}))
def test_a_reason_is_read_in_chinese(reason: str) -> None:
    written = translate_sentence(reason, "zh")
    assert written != reason and not ENGLISH.search(written), written
