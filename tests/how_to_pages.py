"""Follow a how-to page: write its files and lines into a copy of the sources, and run that copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def follow_page(page: str, home: Path, before: dict[str, str]) -> None:
    """Do what the blocks of a page say, in a copy of the sources beside a project.

    Args:
        page: its name in `docs/how-to`.
        home: the project; the copy is in `src`.
        before: the text before which the page's `line` goes, and its `import` where it has one.
    """
    copy = home / "src" / "mesocosm"
    shutil.copytree(
        ROOT / "src" / "mesocosm", copy, ignore=shutil.ignore_patterns("web", "__pycache__")
    )
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```\w+ (file|line|import)=(\S+)\n(.*?)```", text, re.S)
    steps = [how for how, _, _ in blocks]
    assert steps[-1] == "file" and set(steps) - {"file"} == set(before)
    for how, where, block in blocks:
        path = home / where if where.endswith(".yaml") else copy / where
        if how == "file":
            path.parent.mkdir(exist_ok=True)
            path.write_text(block, encoding="utf-8")
            continue
        old = path.read_text(encoding="utf-8")
        assert old.count(before[how]) == 1
        path.write_text(old.replace(before[how], block + before[how]), encoding="utf-8")


def run_copy(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the copied sources on the project."""
    return subprocess.run(
        [sys.executable, "-m", "mesocosm", *words, "-f", str(home)],
        env={**os.environ, "PYTHONPATH": str(home / "src")},
        capture_output=True,
        text=True,
        timeout=240,
    )


def write_files(page: str, home: Path) -> list[str]:
    """Write the files that the blocks of a page hold, and return their names.

    Args:
        page: its name in `docs/how-to`.
        home: the folder that the names are in.
    """
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    names = []
    for name, block in re.findall(r"```\w+ file=(\S+)\n(.*?)```", text, re.S):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
        names.append(name)
    return names
