"""What a user waits and makes room for before anything is built: the size of the core, and the CPU
of the commands that only look.

    make bench-install

`core` installs the wheel without an extra in a fresh environment; its size is that of the packages
without byte code, and without pip and setuptools. The commands run on the bank with this
environment: user CPU seconds, the median of nine calls; `check` in a project that was never built
and in one that was.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from parts import Line, run_parts, size

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).parent / "mesocosm"
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")
CALLS = size(9, 1)
MEGABYTE = 1_000_000


def core() -> list[Line]:
    """The size of the core, and what each package takes of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", home, ROOT)
        (wheel,) = home.glob("mesocosm-*.whl")
        _call(sys.executable, "-m", "venv", home / "venv")
        pip = [home / "venv" / "bin" / "python", "-m", "pip"]
        pins = ROOT / "constraints.txt"
        _call(*pip, "install", "-q", "--no-compile", "-c", pins, wheel)
        (packages,) = (home / "venv").glob("lib/python*/site-packages")
        sizes = {part.name: _size_of(part) for part in packages.iterdir() if _is_ours(part)}
        for name, taken in sorted(sizes.items(), key=lambda part: -part[1])[:12]:
            print(f"  {taken:7.1f} MB  {name}")
        total = sum(sizes.values())
    return [("core-megabytes", total, "<= 450", total <= 450)]


def _is_ours(part: Path) -> bool:
    return part.name.split("-")[0] not in NOT_OURS and part.name != "__pycache__"


def _size_of(part: Path) -> float:
    """Megabytes of a package's files, without byte code."""
    files = [part] if part.is_file() else [f for f in part.rglob("*") if f.is_file()]
    return sum(f.stat().st_size for f in files if f.suffix != ".pyc") / MEGABYTE


def commands() -> list[Line]:
    """The user CPU of commands that build nothing."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "bank"
        shutil.copytree(
            ROOT / "examples" / "bank", bank, ignore=shutil.ignore_patterns(".mesocosm")
        )
        lines.append(_measure("help-cpu-seconds", 0.35, "--help"))
        lines.append(_measure("check-new-project-cpu-seconds", 0.5, "check", "-f", bank))
        _call(COMMAND, "build", "-f", bank)
        lines.append(_measure("check-built-project-cpu-seconds", 0.5, "check", "-f", bank))
        lines.append(_measure("plan-unchanged-cpu-seconds", 0.8, "plan", "-f", bank))
    return lines


def _measure(name: str, target: float, *words: str | Path) -> Line:
    """The median of the user CPU seconds of some calls, after one that is not counted."""
    taken = []
    for _ in range(CALLS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        _call(COMMAND, *words)
        taken.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    median = statistics.median(taken[1:])
    return (name, median, f"<= {target}", median <= target)


def _call(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(run_parts({"core": core, "commands": commands}))
