"""How long each phase of a training took, and how much memory the process held at most. Knows a
clock and Linux's page counters.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PhaseTimer:
    """Seconds by phase, in the order in which phases end.

    >>> timer = PhaseTimer()
    >>> timer.end("encode"); timer.end("encode")
    >>> list(timer.durations)
    ['encode']
    """

    def __init__(self) -> None:
        self.on_end: Callable[[], None] | None = None
        self.began = self.phase_began = time.perf_counter()
        self.durations: dict[str, float] = {}

    def end(self, phase: str) -> None:
        """Add the time since the last phase ended to this phase."""
        now = time.perf_counter()
        self.durations[phase] = self.durations.get(phase, 0.0) + now - self.phase_began
        self.phase_began = now
        if self.on_end:
            self.on_end()

    @property
    def seconds(self) -> float:
        """Since the timer was made."""
        return time.perf_counter() - self.began


def reset_peak_memory() -> None:
    """Reset the kernel's peak of this process's resident memory."""
    with contextlib.suppress(OSError):
        RESET.write_text("5")


def process_memory(peak: bool = False) -> float:
    """Resident memory of this process in gigabytes; 0 where the system has no `/proc`.

    Args:
        peak: the most since `reset_peak_memory`, instead of the memory now.
    """
    counter = "VmRSS:"
    if peak:
        counter = "VmHWM:"
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith(counter)), 0.0)
