"""Errors of training and of its processes keep their message, so that they are read in Chinese too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message, text_as_json
from mesocosm.learning.importers import tensorflow
from mesocosm.learning.tasks.outcome import raise_single_value
from mesocosm.learning.training.loop import distributed


def test_an_error_is_read_in_chinese() -> None:
    with pytest.raises(ConfigValueError) as caught:
        raise_single_value("mood", ["calm"], Message("learning.two_classes"))
    assert str(caught.value) == (
        "target: the training rows of 'mood' hold 'calm' only; expected two classes or more."
    )
    chinese = "target：'mood' 的训练行中只有 'calm'；应为：两个或更多类别。"
    assert caught.value.render("zh") == chinese


def test_what_a_training_process_finds_keeps_its_message(tmp_path: Path) -> None:
    found = Message("learning.loss_at_rate", steps=3, rate=0.5)
    wrong = {
        "key": "fine_tune.learning_rate",
        "found": text_as_json(found),
        "expected": text_as_json(Message("learning.lower_learning_rate")),
    }
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    error = distributed._read_refusal(path)
    assert error.found == found and "更小的 learning_rate" in error.render("zh")
    assert str(error) == (
        "fine_tune.learning_rate: the loss became NaN or infinite after 3 steps at 0.5;"
        " expected a lower learning_rate."
    )


@pytest.mark.parametrize(
    ("raised", "chinese"),
    [
        (
            ConfigValueError(
                tensorflow.KEY, Message("learning.not_saved_model", file="m"), tensorflow.EXPECTED
            ),
            "不是完整的 SavedModel",
        ),
        (MesocosmError(Message("learning.needs_keras")), "可选依赖 'keras'"),
        (ValueError("no graph"), "TensorFlow 无法读取 'm'"),
    ],
)
def test_what_the_converter_reports_keeps_its_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, chinese: str
) -> None:
    def convert(folder: Path, named: str, out: Path) -> None:
        raise raised

    monkeypatch.setattr(tensorflow, "_convert", convert)
    tensorflow.main(str(tmp_path), str(tmp_path), "m")
    report = json.loads((tmp_path / tensorflow.REPORT).read_text(encoding="utf-8"))
    with pytest.raises(MesocosmError) as caught:
        tensorflow._raise_reported(report)
    assert chinese in caught.value.render("zh")
    if isinstance(raised, MesocosmError):
        assert str(caught.value) == str(raised)
