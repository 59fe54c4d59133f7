"""Benchmarks do not rot: every part of every one runs whole at its smallest size, with the peers
that are installed.
"""

from __future__ import annotations

import ast
import os
import subprocess

import pytest
from conftest import ROOT, forks, run

pytestmark = pytest.mark.slow

NAMES = ("learn", "govern", "operate", "scenes", "world", "chinese")
TWICE = {  # parts that another benchmark, or tests/scenes/test_chinese_scenes.py, runs
    "scenes": ("ranking", "shared"),
    "chinese": ("support-zh", "newsroom-zh"),
}


def call(name: str, only: str) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ, SIZE="small", ONLY=only, MESOCOSM_TEST_FORKS=forks())
    return run("--script", f"{name}.py", cwd=ROOT / "benchmarks", env=env, timeout=600)


def parts(name: str) -> list[str]:
    """The parts that a benchmark lists, read from its file without importing it."""
    tree = ast.parse((ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8"))
    listed = next(
        n.value
        for n in tree.body
        if isinstance(n, ast.AnnAssign) and ast.unparse(n.target) == "PARTS"
    )
    assert isinstance(listed, ast.Dict)
    return [str(ast.literal_eval(key)) for key in listed.keys if key is not None]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_whole_at_its_smallest_size(name: str) -> None:
    wanted = [p for p in parts(name) if p not in TWICE.get(name, ())]
    done = call(name, ",".join(wanted))
    assert done.returncode in (0, 1) and "the part broke" not in done.stdout, (
        done.stdout[-3000:] + done.stderr[-5000:]
    )
    assert all(f"[{part}, " in done.stdout for part in wanted)


def test_an_unknown_part_is_named_with_those_there_are() -> None:
    done = call("operate", "nothing")
    assert done.returncode == 2 and "unknown part 'nothing'; expected sequential" in done.stdout, (
        done.stderr[-2000:]
    )


def test_a_part_that_breaks_is_a_missed_line_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from parts import Line, run_parts

    def breaks() -> list[Line]:
        raise SystemExit("a child failed")

    assert run_parts({"first": breaks, "second": lambda: [("p95 ms", 1.0, "<= 2", True)]}) == 1
    out = capsys.readouterr().out
    assert "first: the part broke  nan  runs  missed" in out and "p95 ms  1.0000  <= 2  met" in out
