"""Every command in Chinese: no line of what it prints has two English words in a row, but for
names of the data, paths, commands and identifiers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SMALL, small_rows

from mesocosm.cli.app import COMMANDS
from mesocosm.core.messages import render
from mesocosm.core.messages.known_sentences import translate_sentence

Run = Callable[..., subprocess.CompletedProcess[str]]
PREDICTION = "{prediction}"
CALLS = {  # in this order; the file is added to each that takes one
    "check": (),
    "plan": (),
    "build": (),
    "status": (),
    "predict": ("desk", "--input", '{"text": "please refund me", "amount": 3}'),
    "explain": ("last",),
    "trace": ("last",),
    "report": (),
    "ask": ("desk", "what is this"),
    "doctor": (),
    "export": ("docker", "{home}/files"),
    "migrate": (),
    "data versions": ("mail",),
    "data diff": ("mail", "0", "0"),
    "data changes": ("mail",),
    "data checks": ("mail",),
    "data label": ("mail", "--out", "{home}/mail-labels.csv"),
    "data rollback": ("mail",),
    "data reveal": ("text", "--dataset", "mail", "--key", "1", "--why", "x"),
    "data rotate": (),
    "data aggregate": ("mail",),
    "data lineage": ("-o", "{home}/events.jsonl"),
    "data backup": ("{home}/store.tar.gz",),
    "data restore": ("{home}/store.tar.gz",),
    "model card": ("judge",),
    "model labels": ("judge",),
    "model retrain": ("desk",),
    "model suggest": (),
    "service promote": ("desk",),
    "service rollback": ("desk",),
    "service feedback": ("last", "no thanks"),
    "service silence": ("watch",),
    "service close": ("a-1", "--why", "x"),
    "service token": ("support",),
    "test drill": ("unit-change",),
    "test scenario": (),
    "data forget": ("--dataset", "mail", "--key", "3"),
}
WITHOUT_FILE = {
    "init": ("{home}/new",),
    "draft": ("{home}/notes.csv", "--goal", "predict label"),
    "model bases": (),
}
NOT_HERE = {"up", "world picture", "schema"}  # a server, a browser, JSON
DATA = ("no thanks", "yes please", "please refund me", "stop sending number 4, awful")
NAMES = re.compile(
    r"'[^']*'|\"[^\"]*\"|`[^`]*`"  # quoted: of the file, of the command line
    r"|mesocosm [\w -]+"  # a command
    r"|\b(?:type|missing|outliers|repairs): \w+(?:, (?:unit|action): \w+)?"  # a setting
    r"|\S*[/_.=@\d\\{}\[\]<>|+-]\S*"  # a path, an identifier, a number, a setting
)
ALLOWED = re.compile(r"\b(Apdex|Shapley|JSON|Git|Python|Linux|OpenLineage|ONNX|MB|GB|kB|ms|UTC)\b")
ENGLISH = re.compile(r"(?<![\w-])(?:[A-Za-z][a-z']+[ ,;:]+)+[A-Za-z][a-z']+")


def find_english(text: str) -> list[str]:
    """The lines that have two English words in a row."""
    for words in DATA:
        text = text.replace(words, "·")
    found = []
    for line in text.splitlines():
        left = ALLOWED.sub("·", NAMES.sub("·", line))
        if ENGLISH.search(left):
            found.append(line)
    return found


def keep_comments(command: str, text: str) -> str:
    """What is to be Chinese: of a drafted file its comments."""
    if command != "draft":
        return text
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    return "\n".join(line for line in comments if not re.match(r"\s*#\s+[\w-]+: [{\[]", line))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cli: Run) -> Path:
    home = tmp_path_factory.mktemp("chinese")
    (home / "ecosystem.yaml").write_text(SMALL)
    (home / "notes.csv").write_text(small_rows())
    done = cli("build", "-f", str(home), "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"完成 7 项，保留 0 项，失败 0 项，用时 [\d.]+ 秒。\n", done.stdout)
    return home


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == CALLS.keys() | WITHOUT_FILE.keys() | NOT_HERE


def test_every_command_prints_chinese(built: Path, cli: Run) -> None:
    wrong = []
    for command, words in (WITHOUT_FILE | CALLS).items():
        given = [word.replace("{home}", str(built)) for word in words]
        if command in CALLS:
            given += ["-f", str(built)]
        done = cli(*command.split(), *given, "--lang", "zh")
        shown = done.stdout
        if done.returncode and "{" not in done.stderr[:1]:
            shown += done.stderr
        assert "Traceback" not in done.stderr and "内部错误" not in shown, done.stderr
        wrong += [f"{command}: {line}" for line in find_english(keep_comments(command, shown))]
    assert wrong == []


def test_json_stays_english(built: Path, cli: Run) -> None:
    for words in (("report",), ("model", "suggest"), ("doctor",), ("model", "card", "judge")):
        chinese = cli(*words, "--json", "--lang", "zh", "-f", str(built)).stdout
        assert chinese == cli(*words, "--json", "--lang", "en", "-f", str(built)).stdout


def test_the_filter_finds_english() -> None:
    assert find_english("判断：rows of one kind") == ["判断：rows of one kind"]
    assert (
        find_english("运行 mesocosm data versions mail，见 a/b c_d 'these are quoted words'") == []
    )


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "9 rows in = 8 kept + 1 quarantined + 0 duplicates",
            "输入 9 行 = 保留 8 + 隔离 1 + 重复 0",
        ),
        ("投诉次数 1 to 6", "投诉次数 在 1 至 6 之间"),
        ("'a' is left out: it is private", "'a' 未使用：它是隐私字段"),
        ("passes all gates; as it is", "通过全部门槛；as it is"),
        ("from here to there", "from here to there"),
    ],
)
def test_a_sentence_of_the_store_is_known_by_its_words(english: str, chinese: str) -> None:
    assert translate_sentence(english, "zh") == render(english, "zh") == chinese
    assert translate_sentence(english, "en") == english
