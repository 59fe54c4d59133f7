"""Which base knows some texts, by what they are written in."""

from __future__ import annotations

import numpy as np
import pytest

from mesocosm.learning.base_models import encoder_choice
from mesocosm.learning.base_models.encoder_choice import choose_encoder
from mesocosm.learning.base_models.similarity_scale import BAR, measure_scale


@pytest.mark.parametrize(
    ("texts", "base"),
    [
        (["Where is my parcel?", "I want my money back"], "minilm"),
        (["ABX-123 KL", "ZZ 9 Q"] * 60, "minilm"),
        (["A0001"] * 300, "minilm"),
        (["John Smith, 5 Hill Street, London", "Chen Wei, 3 Zhongshan Road"] * 30, "minilm"),
        (["the café is naïve 👍"] * 40, "minilm"),
        ([], "minilm"),
        (["我的包裹在哪里？"], "e5"),
        (["where is my parcel", "我的包裹在哪里？"], "e5"),
        (["Я потерял карту"], "e5"),
        (["أين طردي؟"], "e5"),
        (["カードをなくしました"], "e5"),
    ],
)
def test_the_scripts_choose(texts: list[str], base: str) -> None:
    assert choose_encoder(texts).base == base


@pytest.mark.parametrize(
    "sentence",
    [
        "Je ne trouve plus ma carte bancaire depuis hier soir, que dois-je faire maintenant ?",
        "Wo ist mein Paket geblieben? Ich warte schon seit einer Woche darauf.",
        "Tôi muốn trả lại hàng vì sản phẩm bị lỗi khi nhận được",
    ],
)
def test_a_language_of_latin_letters_chooses(sentence: str) -> None:
    pytest.importorskip("py3langid")
    assert choose_encoder([sentence] * 12).base == "e5"


def test_without_the_identifier_scripts_alone_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_choice, "find_spec", lambda name: None)
    assert choose_encoder(["Wo ist mein Paket geblieben?"] * 30).base == "minilm"
    assert choose_encoder(["我的包裹在哪里？"]).base == "e5"


def test_crowded_cosines_are_stretched_and_others_are_left() -> None:
    draw = np.random.default_rng(3)
    common = np.ones((1, 64), np.float32)

    def unit(crowd: float, count: int) -> np.ndarray:
        x = draw.normal(size=(count, 64)).astype(np.float32) + crowd * common
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    assert measure_scale(unit(0, 40), unit(0, 40), unit(0, 8)) is None
    rows, asked = unit(2, 40), unit(2, 40)
    scale = measure_scale(asked, rows, unit(2, 8))
    assert scale is not None and 0.5 < scale.floor < scale.bar < 1
    cosines = asked @ rows.T
    stretched = scale.stretch(cosines)
    assert (stretched.argsort(1) == cosines.argsort(1)).all() and stretched.min() < 0.1
    unrelated = stretched[~np.eye(40, dtype=bool)]
    assert 0.93 < (unrelated < BAR).mean() < 0.97


def test_questions_that_are_all_the_same_have_a_scale_too() -> None:
    same = np.ones((12, 4), np.float32) / 2
    scale = measure_scale(same, same, same)
    assert scale is not None and 2 * scale.floor - 1 < scale.floor < scale.bar < 1
    stretched = scale.stretch(np.linspace(-1, 1, 2001, dtype=np.float32))
    assert (np.diff(stretched) >= 0).all() and stretched[0] == -1 and stretched[-1] == 1


def test_the_beginning_of_a_long_text_is_looked_at() -> None:
    assert choose_encoder(["Where is my parcel? " * 100 + "包裹" * 9_000]).base == "minilm"
    assert choose_encoder(["我的包裹在哪里？" + "where is it " * 100]).base == "minilm"
    assert choose_encoder(["我的包裹在哪里？" * 10 + "where is it " * 100]).base == "e5"
