"""Words in any script: joined they are the text, and without the library for Chinese they are
characters.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.core.values import words
from mesocosm.core.values.words import is_unspaced, segment, unit_places, word_places

ALPHABET = st.one_of(
    st.characters(), st.sampled_from("我的银行卡丢了，。、！ａ１カナﾊﾟがบัตรក្មេង𠮷ab 1.-’“")
)


@given(st.text(ALPHABET, max_size=40))
def test_segments_joined_are_the_text_and_places_leave_spaces_out(text: str) -> None:
    assert "".join(segment(text)) == text
    for places in (word_places(text), unit_places(text)):
        assert "".join(text[a:b] for a, b in places) == "".join(text.split())
        assert all(a < b <= c for (a, b), (c, _) in zip(places, places[1:], strict=False))


@given(st.text(st.characters(max_codepoint=0x5FF), max_size=40))
def test_a_text_of_a_script_with_spaces_is_cut_at_its_spaces_only(text: str) -> None:
    assert [text[a:b] for a, b in word_places(text)] == text.split()


def test_mixed_texts_keep_latin_words_and_numbers_whole() -> None:
    text = "我的iPhone 15昨天在南京丢了，订单No.2024-001；OK？"
    assert [text[a:b] for a, b in word_places(text)] == [
        *("我", "的", "iPhone", "15", "昨天", "在", "南京", "丢", "了", "，"),
        *("订单", "No.2024-001", "；", "OK", "？"),
    ]  # fmt: skip


def test_a_mark_stays_with_its_character() -> None:
    assert [t for t in segment("บัตร")] == ["บั", "ต", "ร"]
    assert segment("か\u3099ﾊﾟ") == ["か\u3099", "ﾊﾟ"]
    assert segment("ក្មេង") == ["ក្មេ", "ង"]
    assert segment("葛\U000e0100城")[0].startswith("葛\U000e0100")


def test_without_the_library_a_chinese_word_is_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_load_segmenter", lambda: None)
    assert segment("银行卡 lost") == ["银", "行", "卡", " ", "lost"]


@pytest.mark.parametrize(
    ("text", "unspaced"),
    [("我的卡", True), ("", False), ("12", False), ("iPhone怎么退货", True), ("what is 好", False)],
)
def test_the_script_of_most_words_decides(text: str, unspaced: bool) -> None:
    assert is_unspaced(text) is unspaced


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("期限", "如果期限是48", True),
        ("OK", "请按OK键", True),
        ("OK", "OKAY", False),
        ("age", "the age is", True),
        ("age", "page", False),
        ("小明", "我叫小明同学", True),
    ],
)
def test_a_word_stands_by_itself_as_its_script_has_it(word: str, text: str, found: bool) -> None:
    assert bool(re.search(words.whole_word(word), text)) is found


def test_a_chinese_secret_is_masked_between_chinese_words() -> None:
    from mesocosm.core.confidential.secret_values import _pattern

    assert re.sub(_pattern("芝麻开门"), "***", "口令是芝麻开门吗") == "口令是***吗"


def test_texts_are_compared_by_characters_where_words_have_no_spaces() -> None:
    from mesocosm.learning.tasks.generation.metrics import rouge_l, token_f1

    assert rouge_l("先挂失再补卡", "先挂失，再补一张卡") == 2 * 6 / (6 + 8)
    assert token_f1("block the card", "block your card") == pytest.approx(2 / 3)


def test_an_inhabitant_follows_chinese_questions() -> None:
    from mesocosm.world.dialogue.intent import continues, expand_question
    from mesocosm.world.dialogue.supposed_row import read_supposed_row

    assert "怎么修改手机号" in expand_question("怎么修改支付密码？", "那手机号呢")
    assert continues("那要多久呢？") and not continues("那我的狗呢？")
    term = [{"name": "期限", "low": 1, "unit": "月", "whole": True}]
    assert read_supposed_row(["如果期限改成48会怎样"], term) == {"期限": 48}
    assert read_supposed_row(["要是贷48个月，会通过吗"], term) == {"期限": 48}


def test_groups_of_chinese_texts_are_named_by_words() -> None:
    from mesocosm.learning.strategies.class_discovery import split_words

    assert split_words("我的包裹丢了，快递不管") == ["包裹", "快递", "不管"]


def test_a_degree_is_no_share() -> None:
    from mesocosm.core.values.units import find_factor

    assert find_factor("度", "%") is None is find_factor("度", "ppm")
    assert find_factor("度", "degC") == find_factor("度", "degree") == find_factor("度", "kWh") == 1
