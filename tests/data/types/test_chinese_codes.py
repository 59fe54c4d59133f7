"""Codes of China are read where their proof holds, and one wrong character is never read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import rounds
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mesocosm.data.parsing.chinese.codes import (
    CREDIT_LETTERS,
    NoCode,
    read_credit_code,
    read_resident_id,
)
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.privacy.detector import find_spans, redact
from mesocosm.data.types import TYPES

WEIGHTS = [2**power % 11 for power in range(17, 0, -1)]
PROVINCES = [11, 13, 22, 31, 33, 44, 51, 65, 81]


def make_resident_id(province: int, place: int, born: date, order: int) -> str:
    """A resident identity number by the standard: weights are the powers of two, modulo 11."""
    body = f"{province}{place:04}{born:%Y%m%d}{order:03}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "0123456789X"[(12 - rest) % 11]


PEOPLE = st.builds(
    make_resident_id,
    st.sampled_from(PROVINCES),
    st.integers(0, 9999),
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.integers(0, 999),
)


@given(PEOPLE)
@settings(max_examples=rounds(100, 1000))
def test_a_resident_identity_number_is_read_and_found_in_a_sentence(code: str) -> None:
    assert read_resident_id(code.lower()) == code
    assert redact(f"本人身份证号{code}，请核对") == "本人身份证号[national id]，请核对"
    assert not find_spans(f"订单号：{code}")  # an order may have 18 digits


@given(PEOPLE, st.integers(0, 17), st.sampled_from("0123456789X"))
@settings(max_examples=rounds(200, 2000))
def test_one_wrong_character_is_refused(code: str, place: int, letter: str) -> None:
    wrong = code[:place] + letter + code[place + 1 :]
    assume(wrong != code)
    with pytest.raises(NoCode):
        read_resident_id(wrong)


@given(st.text(CREDIT_LETTERS, min_size=9, max_size=9), st.sampled_from("159"))
@settings(max_examples=rounds(100, 1000))
def test_a_credit_code_has_exactly_one_check_character(organization: str, first: str) -> None:
    body = f"{first}1350100{organization}"
    right = [letter for letter in CREDIT_LETTERS if _is_read(body + letter)]
    assert len(right) == 1


def _is_read(code: str) -> bool:
    try:
        return bool(read_credit_code(code))
    except NoCode:
        return False


READINGS = {
    "cn_resident_id": (
        {
            "11010519491231002x": "11010519491231002X",
            "110105 19491231 002X": "11010519491231002X",
            "１１０１０５１９４９１２３１００２Ｘ": "11010519491231002X",
            "110105491231002": "110105491231002",
        },
        {
            "110105194912310021": "its check character does not hold",
            "990105194912310021": "its first two digits are no province",
            "110105194902310024": "its day of birth is none of the calendar",
            "202603051234567890": "its first two digits are no province",
            "12345": "it has not 17 digits",
        },
    ),
    "cn_credit_code": (
        {"91350100m000100y43": "91350100M000100Y43"},
        {"91350100M000100Y44": "its check character does not hold", "91350100": "18 characters"},
    ),
    "cn_plate": (
        {"京A·12345": "京A12345", "粤BD12345": "粤BD12345", "粤Z1234港": "粤Z1234港"},
        {"京A1234": "it is not a province", "京东12345": "it is not a province"},
    ),
    "cn_passport": ({"e12345678": "E12345678"}, {"12": "it is not written as"}),
    "cn_postcode": (
        {"100000": "100000"},
        {"990000": "six digits", "1000": "six digits", "10000.0": "six"},
    ),
    "card": ({"4539 5787 6362 1486": "4539578763621486"}, {"4539578763621487": "check digits"}),
    "iban": ({"DE89 3704 0044 0532 0130 00": "DE89370400440532013000"}, {"DE88": "check digits"}),
}


@pytest.mark.parametrize("form", READINGS)
def test_a_field_reads_codes_or_says_why_not(form: str) -> None:
    reads, refuses = READINGS[form]
    field = TYPES["identifier"].model_validate({"form": form, "type": "identifier"})
    texts = [*reads, *refuses]
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute(
            "create table _raw as select unnest(?::bigint[]) as _row, 0::int as _part, 0::bigint"
            " as _line, unnest(?::varchar[]) as x",
            [list(range(len(texts))), texts],
        )
        sql = recipe.read_sql({"x": field}, {}, "_raw", {"x": "string"}, recipe.LINEAGE)
        rows = con.execute(f"select x, _why from ({sql}) order by _row").fetchall()
    found = dict(zip(texts, rows, strict=True))
    assert {text: found[text][0] for text in reads} == reads
    assert all(found[text][0] is None and why in found[text][1] for text, why in refuses.items())


SENTENCES = {
    "车牌京A12345违章": "车牌[plate]违章",
    "粤B·D12345停在门口": "[plate]停在门口",
    "南京A12345号": "南京A12345号",
    "京东商城A12345": "京东商城A12345",
    "银行卡6222021234567890123": "银行卡[card]",
    "身份证110105491231002": "身份证[national id]",
    "编号110105491231002": "编号110105491231002",
    "证件编号：11010519491231002X": "证件编号：[national id]",
    "客户编号13812345678，手机编号：13912345678": "客户编号[phone]，手机编号：[phone]",
    "货物编号13812345678": "货物编号13812345678",
    "身份证：１１０１０５１９４９１２３１００２Ｘ": "身份证：[national id]",
    "手机１３８１２３４５６７８，邮箱ａ＠ｂ．ｃｎ": "手机[phone]，邮箱[e-mail]",
    "电话（010）62345678": "电话[phone]",
    "收货人：李四 上海": "收货人：[name] 上海",
    "姓名 李雷 年龄 30": "姓名 [name] 年龄 30",
    "患者血压 高，员工成本 高": "患者血压 高，员工成本 高",
    "联系人：古丽娜尔·阿布都，已登记": "联系人：[name]，已登记",
    "订单号：6222021234567894，快递单号13812345678": "订单号：6222021234567894，快递单号13812345678",
    "订单202603051234567890已发货": "订单202603051234567890已发货",
    "邮编：100000": "邮编：[address]",
    "微信号：wx_abc123，QQ：12345678": "微信号：[account]，QQ：[account]",
    "护照号E12345678": "护照号[national id]",
    "港澳通行证C12345678": "港澳通行证[national id]",
    "传真(010)62345678": "传真[phone]",
    "户名张伟，请核对": "户名[name]，请核对",
    "统一社会信用代码91350100M000100Y43": "统一社会信用代码91350100M000100Y43",
    "共计12345678901元": "共计12345678901元",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_private_values_are_found_and_numbers_of_things_are_not(text: str) -> None:
    assert redact(text) == SENTENCES[text]


def test_the_page_of_types_knows_the_forms() -> None:
    page = Path(__file__).parents[3] / "docs" / "kinds" / "types.md"
    assert all(form in page.read_text(encoding="utf-8") for form in READINGS)


@pytest.mark.parametrize(
    "text",
    [
        "只发货给顾客",
        "我和周围的几家客栈",
        "请联系保姆",
        "大堂和古城内的班车",
        "这本书我是白买了",
        "难搞，最后找齐了",
        "所换房间和房价",
        "与欧洲的区别",
    ],
)
def test_a_word_that_begins_as_a_family_name_is_no_name(text: str) -> None:
    assert not [span for span in find_spans(text) if span.what == "name"]
