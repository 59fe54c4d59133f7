"""Typos, paraphrases, scripts and widths of Chinese texts: as they are typed and said in Chinese."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.core.values.words import is_chinese
from mesocosm.learning.augmentation import chinese_paraphrases, chinese_typos
from mesocosm.learning.augmentation.chinese_paraphrases import (
    change_script,
    change_width,
    is_traditional,
    paraphrase_chinese,
)
from mesocosm.learning.augmentation.chinese_typos import (
    add_chinese_typos,
    list_alike,
    list_homophones,
)
from mesocosm.learning.evaluation.robustness import add_typos, measure_robustness, paraphrase

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(HAN, st.integers(0, 50))
def test_any_chinese_text_has_a_typo_in_it_and_stays_chinese(text: str, seed: int) -> None:
    changed = add_typos(text, random.Random(seed))
    assert changed and is_chinese(changed) and abs(len(changed) - len(text)) <= 1 + len(text) // 15
    if len(text) < 15:  # a second typo may undo the first
        assert changed != text


def test_a_homophone_sounds_as_the_character_is_read_in_its_context() -> None:
    from pypinyin import lazy_pinyin

    text = "我在银行办了一张卡"
    for at, sound in enumerate(lazy_pinyin(text)):
        found = list_homophones(text, at)
        assert found and text[at] not in found
        assert all(sound in {s for s in lazy_pinyin(c)} for c in found[:5]), (text[at], found)
    assert "航" in list_homophones(text, 3) and "型" not in list_homophones(
        text, 3
    )  # hang, not xing
    assert list_homophones("A卡", 0) == [] and "頃" in list_homophones("請問", 0)


def test_without_the_library_of_sounds_typos_are_of_shapes_and_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chinese_typos, "_read_sounds", lambda text: [])
    seen = {add_chinese_typos("未来", random.Random(seed)) for seed in range(60)}
    assert seen == {"未未来", "未来来", "来", "未", "来未", "末来"}


def test_every_group_of_shapes_is_of_single_characters_and_mutual() -> None:
    for group in chinese_typos.ALIKE:
        assert len(set(group)) == len(group) > 1
        for character in group:
            assert set(group) - {character} <= set(list_alike(character))


@pytest.mark.parametrize(
    "text",
    ["怎么退货？", "快递三天没动了，什么时候能到", "我要投诉你们的客服", "邮箱能代替手机绑定吗"],
)
def test_a_chinese_text_is_said_in_many_other_words(text: str) -> None:
    said = {paraphrase(text, random.Random(seed)) for seed in range(60)}
    assert len(said) > 8 and text not in said
    assert all(is_chinese(s) and not any(c.isascii() and c.isalpha() for c in s) for s in said)


def test_a_clause_that_hangs_on_another_keeps_its_place() -> None:
    said = {paraphrase_chinese("我下了单，但是没付款", random.Random(seed)) for seed in range(40)}
    assert all(s.index("我下了单") < s.index("但是") for s in said)
    free = {paraphrase_chinese("卡丢了，要挂失", random.Random(seed)) for seed in range(40)}
    assert any("要挂失，卡丢了" in s for s in free) and any("卡丢了，要挂失" in s for s in free)


def test_a_traditional_text_is_paraphrased_in_traditional_characters() -> None:
    said = {paraphrase("請問我的銀行卡丟了怎麼辦", random.Random(seed)) for seed in range(40)}
    assert any("麻煩" in s or "謝謝" in s for s in said)
    assert not any(c in s for s in said for c in "谢烦请问")


def test_scripts_and_widths_change_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        change_script("银行卡丢了") == "銀行卡丟了" and change_script("銀行卡丟了") == "银行卡丢了"
    )
    assert is_traditional("銀行") and not is_traditional("银行") and not is_traditional("中文")
    assert change_width("买２台ＯＫ？") == "买2台OK?" and change_width("买2台") == "买２台"
    monkeypatch.setattr(chinese_paraphrases, "_load_converter", lambda script: None)
    assert change_script("银行") == "银行" and paraphrase("银行卡丢了", random.Random(1))


@pytest.mark.parametrize(
    ("texts", "ways"), [(["卡丢了", "怎么退货"], 2), (["card lost", "refund"], 0)]
)
def test_scripts_and_widths_are_measured_of_chinese_texts(texts: list[str], ways: int) -> None:
    seen: list[str] = []

    def predict(changed: list[str], rows: np.ndarray) -> np.ndarray:
        seen.extend(changed)
        return np.array([[1.0, 0.0]] * len(changed))

    found = measure_robustness(texts, np.array([0, 1]), predict, 7)  # type: ignore[arg-type]
    assert len(found) == 4 + ways and found["as_they_are"] == 0.5
    assert ("卡丟了" in seen) == (ways == 2)


@pytest.mark.parametrize("text", ["怎么这么慢，怎么还没到", "怎么了", "怎么不能退"])
def test_a_question_why_is_not_said_as_how(text: str) -> None:
    said = {paraphrase_chinese(text, random.Random(seed)) for seed in range(40)}
    assert not any(word in one for one in said for word in ("如何", "怎样"))


def test_half_a_character_is_no_error() -> None:
    assert "你好\ud83d" in paraphrase_chinese("你好\ud83d", random.Random(1))
