"""Texts without spaces, of one character, of emoji or empty: they are explained, changed and
counted, never a crash.
"""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.core.values.words import word_places
from mesocosm.learning.base_models.base import canonical_hub_id
from mesocosm.learning.evaluation.explanations import word_importance
from mesocosm.learning.evaluation.robustness import add_typos, paraphrase
from mesocosm.learning.features.word_pieces import extract_terms, piece_spans, remove_piece
from mesocosm.learning.tasks.baseline_settings import build_baseline_features


class Fixed:
    inputs = ["text"]

    def column(self, label: str) -> int:
        return 0

    def outputs(self, columns: dict[str, list[str]], n: int) -> np.ndarray:
        return np.array([[float(len(t))] for t in columns["text"]])


def test_a_text_is_explained_by_the_words_of_its_language() -> None:
    def said(text: str) -> set[str]:
        return {w["word"] for w in word_importance(Fixed(), {"text": text}, "x", ["text"])["text"]}  # type: ignore[arg-type]

    assert said("the card was lost") == {"the", "card", "was", "lost"}
    assert (
        said("我的银行卡丢了。") == {"我", "的", "银行卡", "丢", "了", "。"}
        and said("บัตรหาย")
        and said("カードABC紛失") == {*"カード", "紛失", "ABC"}
    )


def test_pieces_past_the_first_sixty_stay_in_the_text() -> None:
    found = word_importance(Fixed(), {"text": " ".join(["ab"] * 100)}, "x", ["text"])["text"]  # type: ignore[arg-type]
    assert len(found) == 60 and {round(w["share"], 9) for w in found} == {3.0}


class Nonlinear(Fixed):
    def outputs(self, columns: dict[str, list[str]], n: int) -> np.ndarray:
        known = [sum(map(ord, t)) + 7 * len(t) ** 2 for t in columns["text"]]
        return np.array([[np.tanh(np.sin(k))] for k in known])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["我的银行卡", "丢了，", "card ", "lost. ", "カード", "บัตร", "15", " "])
    )
)
def test_what_words_add_sums_to_the_prediction_less_that_of_no_word(parts: list[str]) -> None:
    text, net = "".join(parts).strip(), Nonlinear()
    found = word_importance(net, {"text": text}, "x", ["text"]).get("text")  # type: ignore[arg-type]
    cuts = word_places(text)
    if found is None:
        assert len(cuts) < 2
        return
    none = text
    for cut in reversed(cuts[:60]):
        none = remove_piece(none, cut)
    whole, empty = net.outputs({"text": [text, none]}, 2)[:, 0]
    assert abs(sum(w["share"] for w in found) - (whole - empty)) < 1e-9
    assert sorted(w["word"] for w in found) == sorted(text[a:b] for a, b in cuts[:60])


def test_a_word_that_changes_nothing_adds_nothing_and_equal_words_add_the_same() -> None:
    class Both(Fixed):
        def outputs(self, columns: dict[str, list[str]], n: int) -> np.ndarray:
            return np.array([[float("银行卡" in t and "丢" in t)] for t in columns["text"]])

    found = word_importance(Both(), {"text": "我的银行卡丢了"}, "x", ["text"])["text"]  # type: ignore[arg-type]
    shares = {w["word"]: round(w["share"], 9) for w in found}
    assert shares == {"银行卡": 0.5, "丢": 0.5, "我": 0.0, "的": 0.0, "了": 0.0}


@pytest.mark.parametrize(
    ("text", "alien"),
    [
        ("我的银行卡昨天丢了", "hello hi please so thanks just asking"),
        ("カードをなくしました", "hello please 你好"),
        ("ich habe meine Karte verloren und nicht gefunden", "hello hi please thanks"),
    ],
)
def test_a_text_is_put_in_other_words_of_its_own_language(text: str, alien: str) -> None:
    for seed in range(30):
        said = paraphrase(text, random.Random(seed))
        assert not {w.strip(",:") for w in said.split()} & set(alien.split()), said


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_cut_changed_and_counted(text: str) -> None:
    cuts = piece_spans(text)
    assert "".join(text[a:b] for a, b in cuts) == "".join(text.split()) or any(
        c.isspace() for c in text
    )
    for cut in cuts:
        assert len(remove_piece(text, cut)) < len(text)
    add_typos(text, random.Random(1)), paraphrase(text, random.Random(1))
    assert bool(extract_terms(text)) == bool(text.strip())


@pytest.mark.parametrize(
    "texts",
    [
        ["A", "B", "C"],
        ["好", "坏", "好"],
        ["👍", "👎", "👍 👍"],
        ["", "", ""],
        [" ", "\t", ""],
        ["a b", "的", "!"],
    ],
)
def test_the_plain_model_reads_texts_without_a_word(texts: list[str]) -> None:
    parts = SimpleNamespace(
        table={p: np.zeros((3, 1)) for p in ("train", "test")},
        texts={"train": texts, "test": texts},
        images={"train": {}, "test": {}},
    )
    train, test = build_baseline_features(parts)
    assert train.shape == test.shape and (train.shape[1] > 1) == any(t.strip() for t in texts)


def test_ids_without_an_owner_are_the_hubs_canonical_ones() -> None:
    assert (
        canonical_hub_id("bert-base-cased") == "google-bert/bert-base-cased"
        and canonical_hub_id("distilbert-base-uncased") == "distilbert/distilbert-base-uncased"
    )
    assert (
        canonical_hub_id("minilmm") is None
        and canonical_hub_id("../bert-base") is None
        and canonical_hub_id("gpt2") == "openai-community/gpt2"
    )
