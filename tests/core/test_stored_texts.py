"""Texts of a record are stored in English with their message, and read in the reader's language;
names of columns and values stay as they are; old records are known by their words.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from mesocosm.app.pages.texts import render_metrics
from mesocosm.core.messages import Message
from mesocosm.core.messages.known_sentences import translate_param, translate_sentence
from mesocosm.core.messages.language import writing_in
from mesocosm.core.messages.stored import (
    read_text,
    render_text,
    render_texts_of,
    text_to_json,
    texts_to_json,
)
from mesocosm.learning.evaluation.metrics import check_gates
from mesocosm.learning.evaluation.model_warnings import (
    compare_with_baselines,
    find_better_baselines,
)
from mesocosm.learning.evaluation.slices import find_weak_slices, slices_of

METRICS = {
    "accuracy": 0.7,
    "rows": 100,
    "baselines": {
        "majority": {"accuracy": 0.8, "gain": -0.1, "p": 0.01, "log_loss": 0.1},
        "own": {"accuracy": 0.7, "gain": 0.0, "p": 1.0},
    },
}


@pytest.mark.parametrize(
    ("values", "kind", "english", "chinese"),
    [
        (["B", "A"], "category", "城市 is B", "城市为 B"),
        (["not built", "x"], "category", "城市 is not built", "城市为 not built"),
        ([1.0, 9.0], "number", "城市 1 to 3", "城市 在 1 至 3 之间"),
        (["", "abcdef"], "text", "城市 has 0 to 2 characters", "城市 长 0 至 2 个字符"),
        ([None, "A"], "category", "城市 is missing", "城市 缺失"),
        (["2024-01-01", "2024-01-05"], "date", "2024-01-01 to", "从 2024-01-01 到"),
    ],
)
def test_the_name_of_a_slice_is_a_message(
    values: list[object], kind: str, english: str, chinese: str
) -> None:
    names = [name for name, _ in slices_of("城市", values, kind)]
    assert any(english in str(name) for name in names)
    assert any(chinese in name.render("zh") for name in names)


def test_a_weak_slice_is_stored_with_its_message() -> None:
    city = ["passes all gates"] * 50 + ["B"] * 150
    wrong = np.array([True] * 40 + [False] * 160)
    (weak, *_) = json.loads(
        json.dumps(find_weak_slices({"city": city}, {"city": "category"}, wrong))
    )
    assert list(weak) == ["where", "where_message", "rows", "accuracy", "p"]
    assert weak["where"] == "city is passes all gates"
    assert render_text(weak, "where", "zh") == "city为 passes all gates"
    assert render_text(weak, "where", "en") == weak["where"]
    with writing_in("zh"):
        shown = render_metrics({"slices": [weak], "comparison": {"labels": ["not built"]}})
    assert shown["slices"][0]["where"] == "city为 passes all gates"  # type: ignore[index]
    assert shown["comparison"] == {"labels": ["not built"]}


def test_an_old_record_has_only_its_text() -> None:
    old = {"where": "city is B", "warnings": ["never predicted on the test rows: 'a'", "mine"]}
    assert render_text(old, "where", "zh") == "city is B"
    assert render_texts_of(old, "warnings", "zh") == ["测试数据上从未预测过：'a'", "mine"]
    assert render_texts_of({}, "warnings") == []


def test_a_message_of_another_release_is_read_as_its_text() -> None:
    other = {"where": "city is B", "where_message": {"id": "learning.slice.gone", "params": {}}}
    less = {"where": "city is B", "where_message": {"id": "learning.slice.is", "params": {}}}
    assert read_text(other, "where") == read_text(less, "where") == "city is B"
    shorter = texts_to_json("warnings", [Message("learning.correlation", correlation="0.5")])
    shorter["warnings"] = ["a", "b"]
    assert render_texts_of(shorter, "warnings", "zh") == ["a", "b"]
    assert text_to_json("where", "plain") == {"where": "plain"}


def test_warnings_name_metrics_and_baselines_in_chinese() -> None:
    worse, same = compare_with_baselines(METRICS)
    assert str(worse) == (
        "significantly worse than the majority baseline: accuracy -0.100, p = 0.01"
    )
    assert worse.render("zh") == "显著差于基线 多数类：准确率 -0.100，p = 0.01"
    assert same.render("zh") == "不显著优于基线 own：准确率 +0.000，p = 1"
    old = translate_sentence(str(worse), "zh")
    assert old == "显著差于基线 多数类：准确率（accuracy） -0.100，p = 0.01"
    (refusal,) = find_better_baselines(METRICS)
    assert "多数类" in translate_sentence(refusal, "zh")


def test_missed_gates_name_metrics_in_chinese() -> None:
    gates = {"macro_f1": ">= 0.8", "gain_over_majority": "> 0", "my_score": "> 1"}
    missed = check_gates(gates, {"macro_f1": 0.5, "my_score": 0.5})
    chinese = [
        "宏平均 F1（macro_f1） 为 0.5，要求：>= 0.8",
        "相对多数类基线的提升（gain_over_majority） 未测量，要求：> 0",
        "my_score 为 0.5，要求：> 1",
    ]
    assert [text.render("zh") for text in missed if isinstance(text, Message)] == chinese
    joined = "; ".join(map(str, missed))
    assert translate_sentence(joined, "zh") == "；".join(chinese)
    assert translate_param("metric", "macro_f1", "en") == "macro_f1"
