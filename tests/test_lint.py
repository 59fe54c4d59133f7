"""The linters, the import contracts and the types hold, and the web client's own checks: what
`make lint lint-web` does, beside the other tests.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT


def commands() -> list[list[str]]:
    """The commands of `make lint` and `make lint-web`, as the Makefile has them."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = [
        makefile.split(f"\n{target}:", 1)[1].split("\n\n", 1)[0] for target in ("lint", "lint-web")
    ]
    lines = [line for recipe in recipes for line in recipe.splitlines()[1:]]
    return [line.strip().removeprefix("$(BIN)/").split() for line in lines]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_what_lint_asks_holds(command: list[str]) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def test_no_two_test_modules_have_one_name() -> None:
    """Of two with one name, pytest collects the first alone."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
