"""The page that adds a cleaning step is done, line by line, in a copy of the source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "add-a-cleaning-step.md"


def test_the_page_adds_a_step_that_cleans(tmp_path: Path) -> None:
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
                '    "forward":' if how == "line" else "from mesocosm.data.cleaning.missing.forward"
            )
            assert old.count(before) == 1
            path.write_text(old.replace(before, text + before), encoding="utf-8")
    (tmp_path / "probes.csv").write_text("sample,ug\na,3.5\nb,\nc,1.25\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}

    def mesocosm(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mesocosm", *words, "-f", str(tmp_path)],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
        )

    built = mesocosm("build")
    assert built.returncode == 0, built.stdout + built.stderr
    assert (
        '"fill": 1.25'
        in subprocess.run(
            [
                sys.executable,
                "-c",
                (
                    "import sqlite3;"
                    f" print(sqlite3.connect({str(tmp_path / '.mesocosm/catalog.db')!r}).execute('select"
                    " facts from snapshots').fetchone()[0])"
                ),
            ],
            capture_output=True,
            text=True,
        ).stdout
    )
    (tmp_path / "ecosystem.yaml").write_text(
        (tmp_path / "ecosystem.yaml").read_text().replace("missing: floor", "missing: flor")
    )
    said = mesocosm("check")
    assert said.returncode == 2 and "Did you mean 'floor'?" in said.stderr
