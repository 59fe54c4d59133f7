"""The page that adds a tuning method is done, line by line, in a copy of the source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "add-a-tuning-method.md"


def test_the_page_adds_a_method_that_trains(tmp_path: Path) -> None:
    copy = tmp_path / "src" / "mesocosm"
    shutil.copytree(
        ROOT / "src" / "mesocosm", copy, ignore=shutil.ignore_patterns("web", "__pycache__")
    )
    blocks = re.findall(
        r"```\w+ (file|line|import)=(\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S
    )
    assert [b[0] for b in blocks] == ["file", "line", "import", "file"]
    for how, where, text in blocks:
        path = tmp_path / where if where.endswith(".yaml") else copy / where
        if how == "file":
            path.write_text(text, encoding="utf-8")
        else:
            old = path.read_text(encoding="utf-8")
            before = (
                '    "prefix":' if how == "line" else "from mesocosm.learning.fine_tuning.prefix"
            )
            assert old.count(before) == 1
            path.write_text(old.replace(before, text + before), encoding="utf-8")
    said = [
        f"a {w} letter, number {i}, {k}"
        for i in range(12)
        for w, k in (("lovely", "praise"), ("angry", "blame"))
    ]
    (tmp_path / "mail.csv").write_text(
        "text,kind\n"
        + "\n".join(
            f'"{s}",{("praise", "blame")[i % 2]}'
            for i, s in enumerate(s.rsplit(",", 1)[0] for s in said)
        )
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}

    def mesocosm(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mesocosm", *words, "-f", str(tmp_path)],
            env=env,
            capture_output=True,
            text=True,
            timeout=240,
        )

    built = mesocosm("build")
    assert built.returncode == 0, built.stdout + built.stderr
    assert "norms: trainable parameters: 10,754" in built.stdout + built.stderr
    (tmp_path / "ecosystem.yaml").write_text(
        (tmp_path / "ecosystem.yaml").read_text().replace("method: norms", "method: norm")
    )
    wrong = mesocosm("check")
    assert wrong.returncode == 2 and "Did you mean 'norms'?" in wrong.stderr
