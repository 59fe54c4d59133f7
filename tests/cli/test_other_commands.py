"""A command of another tool, or one without its group, is answered with the one of Mesocosm."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mesocosm.cli.app import COMMANDS, DAILY, GROUPS
from mesocosm.cli.other_commands import COMMANDS_OF, find_commands

CALLED = [
    ("train", "build"),
    ("fit", "build"),
    ("apply", "build"),
    ("serve", "up"),
    ("deploy", "up"),
    ("run", "up"),
    ("validate", "check"),
    ("monitor", "status"),
    ("tune", "model suggest"),
    ("suggest", "model suggest"),
    ("scenario", "test scenario"),
    ("backup", "data backup"),
    ("restore", "data restore"),
    ("grow", "model retrain"),
    ("evaluate", "report"),
    ("Train", "build"),
    ("dry_run", "plan"),
]


def call(*words: str) -> str:
    env = os.environ | {"COLUMNS": "200", "LANG": "C", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "mesocosm", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(("word", "command"), CALLED)
def test_a_word_has_its_command(word: str, command: str) -> None:
    assert command in find_commands(word) and command in COMMANDS


def test_the_table_names_commands_that_are_there_and_words_that_are_none() -> None:
    assert set(COMMANDS_OF) <= set(COMMANDS)
    for command, words in COMMANDS_OF.items():
        assert not set(words.split()) & {*DAILY, *GROUPS}, command
        assert words == words.casefold().replace("_", "-")


def test_an_unknown_command_is_answered_in_both_languages() -> None:
    assert "No such command 'fit'. Use 'mesocosm build'." in call("fit")
    assert "没有名为 'fit' 的命令。请使用 'mesocosm build'。" in call("fit", "--lang", "zh")
    assert "No such command 'train'. Use 'mesocosm build'." in call("model", "train")
    assert "No such command 'xyzzy'." in call("xyzzy")


def test_a_slip_is_answered_in_both_languages() -> None:
    assert "No such command 'chekc'. Did you mean 'check'?" in call("chekc")
    chinese = call("model", "sugest", "--lang", "zh")
    assert "没有名为 'sugest' 的命令。您是否想写 'suggest'？" in chinese
    assert "Did you mean" not in chinese
