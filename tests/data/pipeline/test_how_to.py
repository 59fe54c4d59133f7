"""The page that adds a cleaning step is done, line by line, in a copy of the source."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from how_to_pages import follow_page, run_copy


def test_the_page_adds_a_step_that_cleans(tmp_path: Path) -> None:
    before = {
        "line": '    "forward":',
        "import": "from mesocosm.data.cleaning.missing.forward",
    }
    follow_page("add-a-cleaning-step.md", tmp_path, before)
    (tmp_path / "probes.csv").write_text("sample,ug\na,3.5\nb,\nc,1.25\n")
    built = run_copy(tmp_path, "build")
    assert built.returncode == 0, built.stdout + built.stderr
    with closing(sqlite3.connect(tmp_path / ".mesocosm" / "catalog.db")) as con:
        (facts,) = con.execute("select facts from snapshots").fetchone()
    assert '"fill": 1.25' in facts
    (tmp_path / "ecosystem.yaml").write_text(
        (tmp_path / "ecosystem.yaml").read_text().replace("missing: floor", "missing: flor")
    )
    said = run_copy(tmp_path, "check")
    assert said.returncode == 2 and "Did you mean 'floor'?" in said.stderr
