"""Words in any script: joined they are the text, and without the library for Chinese they are
characters.
"""

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
