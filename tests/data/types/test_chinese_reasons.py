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


@pytest.mark.parametrize("reason", sorted(set(list_reasons()) - {""}))
def test_a_reason_is_read_in_chinese(reason: str) -> None:
    written = translate_sentence(reason, "zh")
    assert written != reason and not ENGLISH.search(written), written
