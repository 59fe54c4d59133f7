"""How a benchmark runs: a list of named parts, each of which prints its lines as it ends; a part
that breaks is a line that is missed, and the others go on.

    ONLY=serving,alarms make bench-operate       some parts
    SIZE=small make bench-operate                each part at its smallest size: it shows that
    nothing broke, its figures mean nothing

Each line: name, figure, target, met or missed. Exits 1 where one is missed, 2 where a part is
unknown.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import TypeVar

T = TypeVar("T")
Line = tuple[str, float, str, bool]
Parts = Mapping[str, Callable[[], list[Line]]]
SMALL = os.environ.get("SIZE") == "small"


def size(whole: int, small: int) -> int:
    """A size, or the smallest one that still runs every line."""
    return small if SMALL else whole


def some(every: Iterable[T], *few: T) -> list[T]:
    """All of them, or at the smallest size these few."""
    return list(few) if SMALL else list(every)


def installed(*modules: str) -> bool:
    """Whether a peer's modules can be imported here."""
    return all(find_spec(m) is not None for m in modules)


def no_peer(name: str, target: str) -> Line:
    """The missed line of a peer that is not installed."""
    return f"{name}: the peer is not installed", float("nan"), target, False


def printed(line: Line) -> str:
    """A line as it is printed.

    >>> printed(("p95 ms", 12.5, "<= 20", True))
    'p95 ms  12.5000  <= 20  met'
    """
    figure = f"{line[1]:.1e}" if 0 < abs(line[1]) < 1e-3 else f"{line[1]:.4f}"
    return f"{line[0]}  {figure}  {line[2]}  {'met' if line[3] else 'missed'}"


def run_parts(parts: Parts) -> int:
    """Run the parts that `ONLY` names, or all, and print their lines; returns the exit code."""
    only = [n for n in os.environ.get("ONLY", "").split(",") if n] or list(parts)
    if unknown := [n for n in only if n not in parts]:
        print(f"unknown part '{unknown[0]}'; expected {', '.join(parts)}")
        return 2
    lines: list[Line] = []
    for name in only:
        began = time.perf_counter()
        try:
            found = parts[name]()
        except (Exception, SystemExit):  # a child that failed ends its part, not the benchmark
            traceback.print_exc()
            found = [(f"{name}: the part broke", float("nan"), "runs", False)]
        print(
            f"[{name}, {time.perf_counter() - began:.0f} s]",
            *("  " + printed(line) for line in found),
            sep="\n",
            flush=True,
        )
        lines += found
    print(*map(printed, lines), sep="\n")
    return 0 if all(line[3] for line in lines) else 1
