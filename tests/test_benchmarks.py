"""Benchmarks do not rot: every one imports whole and knows its parts, and parts that take seconds run at their smallest size.

The other parts build scenes, load servers or install peers; they are run by `make bench-...` only.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import ROOT

NAMES = ("learn", "govern", "operate", "scenes", "world")
SMALL = {"operate": ("sequential", "alarms", "log")}  # parts that end in seconds and need nothing but the project


def call(name: str, only: str) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ, SIZE="small", ONLY=only, LOG="20000")
    return subprocess.run([sys.executable, f"{name}.py"], cwd=ROOT / "benchmarks", capture_output=True, text=True, env=env, timeout=240)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_imports_whole_and_names_its_parts(name: str) -> None:
    done = call(name, "nothing")
    assert done.returncode == 2 and "unknown part 'nothing'; expected " in done.stdout, done.stderr[-2000:]


@pytest.mark.parametrize("name", SMALL)
def test_small_parts_run_and_none_breaks(name: str) -> None:
    done = call(name, ",".join(SMALL[name]))
    assert done.returncode in (0, 1) and "the part broke" not in done.stdout, done.stdout[-2000:] + done.stderr[-3000:]
    assert all(f"[{part}, " in done.stdout for part in SMALL[name])


def test_a_part_that_breaks_is_a_missed_line_and_the_others_go_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from parts import Line, run_parts

    def breaks() -> list[Line]:
        raise SystemExit("a child failed")

    assert run_parts({"first": breaks, "second": lambda: [("p95 ms", 1.0, "<= 2", True)]}) == 1
    out = capsys.readouterr().out
    assert "first: the part broke  nan  runs  missed" in out and "p95 ms  1.0000  <= 2  met" in out
