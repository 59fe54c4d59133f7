"""The linters, the import contracts and the types hold: what `make lint` does, beside the other
tests.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


def commands() -> list[list[str]]:
    """The commands of `make lint`, as the Makefile has them."""
    recipe = (
        (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:", 1)[1].split("\n\n", 1)[0]
    )
    return [line.strip().removeprefix("$(BIN)/").split() for line in recipe.splitlines()[1:]]


@pytest.mark.parametrize("command", commands(), ids=lambda c: c[0])
def test_what_lint_asks_holds(command: list[str]) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
