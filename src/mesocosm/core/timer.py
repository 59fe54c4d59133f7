"""What a version's making took, phase by phase: seconds, and the memory it came to at most. Knows a
clock and Linux's count of pages.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PhaseTimer:
    """A clock that is pressed at the end of each phase.

    >>> laps = Laps()
    >>> laps.end("encode"); laps.end("encode")
    >>> list(laps.took)
    ['encode']
    """

    def __init__(self) -> None:
        self.on_end: Callable[[], None] | None = None
        self.began = self.at = time.perf_counter()
        self.took: dict[str, float] = {}

    def end(self, phase: str) -> None:
        """Count the time since the last phase ended to this one."""
        now = time.perf_counter()
        self.took[phase] = self.took.get(phase, 0.0) + now - self.at
        self.at = now
        if self.on_end:
            self.on_end()

    @property
    def seconds(self) -> float:
        """Of all phases."""
        return time.perf_counter() - self.began


def reset_peak_memory() -> None:
    """Let the highest count of memory begin anew."""
    with contextlib.suppress(OSError):
        RESET.write_text("5")


def process_memory(peak: bool = False) -> float:
    """Gigabytes that this process holds, or held at most since `fresh_peak`; 0 where the system
    does not tell.
    """
    word = "VmHWM:" if peak else "VmRSS:"
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith(word)), 0.0)
