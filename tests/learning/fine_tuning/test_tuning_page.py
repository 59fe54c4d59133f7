"""The page that adds a tuning method is done, line by line, in a copy of the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from how_to_pages import follow_page, run_copy

pytestmark = pytest.mark.slow


def test_the_page_adds_a_method_that_trains(tmp_path: Path) -> None:
    before = {"line": '        "prefix":'}
    follow_page("add-a-tuning-method.md", tmp_path, before)
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
    built = run_copy(tmp_path, "build")
    assert built.returncode == 0, built.stdout + built.stderr
    assert "norms: trainable parameters: 10,754" in built.stdout + built.stderr
    (tmp_path / "ecosystem.yaml").write_text(
        (tmp_path / "ecosystem.yaml").read_text().replace("method: norms", "method: norm")
    )
    wrong = run_copy(tmp_path, "check")
    assert wrong.returncode == 2 and "Did you mean 'norms'?" in wrong.stderr
