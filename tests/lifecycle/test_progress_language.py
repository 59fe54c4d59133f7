"""Progress is data: a person reads it in their language, files and callables get English."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL
from rich.console import Console

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.cli.progress import Beat
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import writing_in
from mesocosm.core.progress import (
    ProgressEvent,
    as_text,
    render_progress,
    say_as_text,
    say_of_as_text,
)
from mesocosm.learning.cost.estimate import CostEstimate
from mesocosm.learning.training.loop.records import as_progress
from mesocosm.lifecycle.progress_store import ProgressFile

STEP = {"epoch": 2, "step": 3, "of": 4, "loss": 0.125, "left": 7}
EPOCH = {"epoch": 2, "train_loss": 0.5, "held_loss": 0.25, "mean_held_loss": 0.1}


@pytest.fixture
def table(pond: Path) -> Path:
    """The pond's project with a model of its table alone."""
    text = SMALL.replace("base: minilm, ", "").replace("[text, amount]", "[amount]")
    (pond / "ecosystem.yaml").write_text(text.replace("head: kernel", "head: linear"))
    return pond


def lines_of(stderr: str) -> list[str]:
    """The lines of progress without their times; what a terminal's width broke is joined."""
    text = " ".join(stderr.split())
    return [line.strip() for line in re.split(r"\d+\.\ds (?=[a-z]+\.)", text) if line.strip()]


def test_a_build_in_chinese_prints_its_progress_in_chinese(
    table: Path, cli: Callable[..., Any]
) -> None:
    done = cli("build", "-f", str(table), "--lang", "zh", env={"COLUMNS": "400"})
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stderr)
    assert "datasets.mail 从 notes 读入 81 行" in lines
    assert "datasets.mail 读入 81 行 = 保留 80 + 隔离 0 + 重复 1" in lines
    assert any(re.match(r"models.judge 预计约 .+ 秒、.+ GB（.*评估 .+ 秒", line) for line in lines)
    assert any(line.startswith("models.judge linear 预测头：交叉验证对数损失 0.") for line in lines)
    assert any(line.startswith("models.judge 20 个测试行：准确率 0.") for line in lines)
    assert any(re.fullmatch(r"services.desk judge-v1-\w+ 已部署", line) for line in lines), lines


def test_a_callable_of_the_api_gets_english_strings(table: Path) -> None:
    heard: list[tuple[str, str]] = []
    with writing_in("zh"):
        assert not open_ecosystem(table).build(say=lambda *line: heard.append(line)).failed
    assert all(type(text) is str for line in heard for text in line)
    assert heard[0] == ("datasets.mail", "81 rows from notes")
    assert heard[1] == (
        "datasets.mail",
        "81 rows in = 80 kept + 0 quarantined + 1 duplicates",
    )
    assert not re.search("[\u4e00-\u9fff]", str(heard)), heard


def test_the_file_of_progress_is_in_english_and_has_its_measurements(tmp_path: Path) -> None:
    heard: list[Any] = []
    with writing_in("zh"), ProgressFile(tmp_path, "models.m") as live:
        say = live.record(heard.append)
        for line in ("begun", as_progress(STEP), as_progress(EPOCH)):  # type: ignore[arg-type]
            say(line)
        say(ProgressEvent("about 9 s", estimated_seconds=9.0))
        state = json.loads(live.path.read_text(encoding="utf-8"))
    for varied in ("at", "began", "pid"):
        state.pop(varied)
    *known, last = state.pop("messages")  # the same lines, for readers of other languages
    assert (known[0], last) == ("begun", "about 9 s")
    assert [message["id"] for message in known[1:]] == ["progress.step", "progress.epoch"]
    assert known[1]["params"]["left"] == 7
    assert state == {
        "address": "models.m",
        "lines": [
            "begun",
            "epoch 2: batch 3 of 4, loss 0.1250, 7 s left",
            "epoch 2: training loss 0.5000, validation loss 0.2500",
            "about 9 s",
        ],
        "points": [[1.75, 0.125]],
        "epochs": [{"epoch": 2, "train_loss": 0.5, "held_loss": 0.25}],
        "left": 7,
    }
    assert [type(line) for line in heard] == [str, *[ProgressEvent] * 3]


def test_a_terminal_shows_an_event_in_the_readers_language() -> None:
    out = io.StringIO()
    with writing_in("zh"), Beat(Console(file=out, width=200), "1 to do", quiet=9) as beat:
        beat.say("models.m", as_progress(STEP))  # type: ignore[arg-type]
        beat.say("models.m", "[b] as it is")
        beat.say("models.m", ProgressEvent(Message("progress.failed"), estimated_seconds=30.0))
        assert beat.due["models.m"] > 25
    shown = out.getvalue()
    assert "第 2 轮：第 3 批，共 4 批，损失 0.1250，剩余 7 秒" in shown
    assert "[b] as it is" in shown and "失败" in shown and "failed" not in shown


def test_a_sink_of_strings_gets_the_sentence() -> None:
    heard: list[str] = []
    event = ProgressEvent(Message("progress.skipped", dependency="datasets.a"), epoch=1)
    say_as_text(heard.append)(event)
    say_of_as_text(lambda address, text: heard.append(address + text))("m ", event.message)
    assert heard == [f"{at}skipped: dependency datasets.a failed" for at in ("", "m ")]
    assert render_progress(event, "zh") == "已跳过：依赖 datasets.a 失败"
    nested = Message("progress.of_texts", line=as_text(event))
    assert str(nested) == "texts: skipped: dependency datasets.a failed"
    assert nested.render("zh") == "文本：已跳过：依赖 datasets.a 失败"


def test_an_estimate_names_phases_in_the_readers_language() -> None:
    estimate = CostEstimate({"heads": 128.0, "tuning": 7300.0, "a plugin's": 0.5}, 1.25)
    assert estimate.text() == (
        "about 2.1 h and 1.2 GB (fine-tuning 2.0 h, fitting heads 2.1 min, a plugin's 0.5 s)"
    )
    assert estimate.message().render("zh") == (
        "预计约 2.1 小时、1.2 GB（微调 2.0 小时、拟合预测头 2.1 分钟、a plugin's 0.5 秒）"
    )
