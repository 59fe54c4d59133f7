"""What growing a version will cost, told before the work: seconds and memory by phase, from sizes,
this machine's pace and what earlier builds took.

Each phase's work is counted in units of its own (products of rows, tokens and weights). A unit's
time was measured once on a machine whose pace is known by the same small trial; here the trial is
run again, and from the second build on the store's book of what phases really took stands for both.
Knows clocks, units and the book; which work a version is, the other files of this folder say.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.files import write_json
from mesocosm.core.progress import Told
from mesocosm.core.timer import PhaseTimer, process_memory, reset_peak_memory

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base

BOOK = "price.json"
ENOUGH, MOST_OFF = (
    0.3,
    20.0,
)  # seconds of ended phases from which they correct the others, and by how much at most
CLEARLY, WIDE = (
    5.0,
    1.5,
)  # seconds and ratio by which what remains must differ before it is printed again
FRESH = 600.0  # seconds for which what the trial took holds
_paces: list[tuple[float, float]] = []  # when it was timed last, and what it took
TRIAL = 0.0101  # seconds of the trial on the machine where the units were timed
UNITS = {  # seconds a unit, on that machine
    "token": 1.0e-11,
    "graph token": 1.6e-11,
    "load": 8e-9,
    "import": 4.5,
    "export": 6e-7,
    "step": 0.12,
    "start": 1.5,
    "eigen": 2.4e-6,
    "solve": 6e-12,
    "logistic": 1.5e-3,
    "tree": 5e-4,
    "tree row": 4e-7,
    "word": 2e-6,
    "row": 4e-5,
    "net row": 1e-5,
    "write": 1.9e-9,
    "product": 2e-11,
    "person": 2.2e-4,
    "image": 1e-3,
    "second": 1.0,
}

Work = dict[str, float]


@dataclass(frozen=True)
class Job:
    """What is to be priced.

    Args:
        work: units of each phase.
        need: gigabytes beyond what is held already.
        floor: gigabytes of this process with what the work imports; freed memory is used again.
        key: what tells the pace of its phases from those of others, beside sizes.
    """

    work: Mapping[str, Work]
    need: float
    floor: float
    key: str


@dataclass(frozen=True)
class CostEstimate:
    """Seconds by phase, gigabytes at most, and the machine's pace when they were told."""

    phases: Mapping[str, float]
    gigabytes: float
    pace: float = 1.0

    @property
    def seconds(self) -> float:
        """Of all phases."""
        return sum(self.phases.values())

    def text(self) -> Told:
        """In words, the phases that count most first; carries the seconds as `about`."""
        first = sorted(self.phases.items(), key=lambda p: -p[1])[:3]
        return Told(
            f"about {format_duration(self.seconds)} and {self.gigabytes:.1f} GB"
            f" ({', '.join(f'{name} {format_duration(s)}' for name, s in first)})",
            {"about": round(self.seconds, 2)},
        )

    def as_json(self) -> dict[str, Any]:
        """The price as plain data."""
        return {
            "seconds": round(self.seconds, 2),
            "gigabytes": round(self.gigabytes, 2),
            "phases": {k: round(v, 2) for k, v in self.phases.items()},
        }


@dataclass
class TrackedEstimate:
    """A price that was told, and the clock that runs since."""

    job: Job
    said: CostEstimate
    store: Path
    held: float = field(default_factory=process_memory)
    laps: PhaseTimer = field(default_factory=PhaseTimer)

    def __post_init__(self) -> None:
        reset_peak_memory()

    def announce(self, say: Callable[[str], None]) -> None:
        """Print the estimate; when a phase ends and what remains turns out clearly otherwise, print
        that too.
        """
        say(self.said.text())
        until = time.perf_counter() + self.said.seconds

        def correct() -> None:
            nonlocal until
            now, left = time.perf_counter(), self.remaining()
            before = max(0.0, until - now)
            if abs(left - before) > CLEARLY and not 1 / WIDE < (left + 1) / (before + 1) < WIDE:
                until = now + left
                say(
                    Told(
                        f"corrected estimate: about {format_duration(left)} left",
                        {"about": round(left, 2)},
                    )
                )

        self.laps.on_end = correct

    def remaining(self) -> float:
        """Seconds that are left: the estimates of the phases to come, times how far off those that
        ended were.
        """
        ended = {p: s for p, s in self.said.phases.items() if p in self.laps.took}
        guessed, true = sum(ended.values()), sum(self.laps.took[p] for p in ended)
        ratio = (
            min(MOST_OFF, max(1 / MOST_OFF, true / guessed)) if min(guessed, true) > ENOUGH else 1.0
        )
        return ratio * sum(s for p, s in self.said.phases.items() if p not in ended)

    def started(self, base: Base | None) -> None:
        """Import what a base runs on, where that was priced: it takes seconds, once a process."""
        if not self.said.phases.get("starting"):
            return
        import torch
        from transformers import AutoConfig, AutoModel

        if base:
            with (
                torch.device("meta"),
                contextlib.suppress(Exception),
            ):  # whatever is wrong with it, reading it says
                AutoModel.from_config(
                    AutoConfig.from_pretrained(base.folder, trust_remote_code=False)
                )
        self.laps.end("starting")

    def settled(self) -> dict[str, Any]:
        """What was `said` and what it `took`; the store's book is corrected by it, each phase
        halfway in the logarithm.
        """
        held, known, key, floor = (
            process_memory(peak=True),
            _book(self.store),
            self.job.key,
            self.job.floor,
        )
        pairs = {
            p: (s, self.laps.took[p])
            for p, s in self.said.phases.items()
            if self.laps.took.get(p, 0) > 0.05 and s > 0.05
        }
        if held > 1.05 * self.held and self.said.gigabytes > floor + 0.01 and held > floor + 0.01:
            pairs["memory"] = (self.said.gigabytes - floor, held - floor)
        for phase, (guess, true) in pairs.items():
            old = known.get(
                f"{phase}|{key}", known.get(phase, 1.0 if phase == "memory" else self.said.pace)
            )
            for name in (phase, f"{phase}|{key}"):
                known[name] = round(old * (true / guess) ** (0.5 if name in known else 1.0), 4)
        self.store.mkdir(parents=True, exist_ok=True)
        write_json(self.store / BOOK, known)
        took = {
            "seconds": round(self.laps.seconds, 2),
            "gigabytes": round(held, 2),
            "phases": {k: round(v, 2) for k, v in self.laps.took.items()},
        }
        return {"said": self.said.as_json(), "took": took}


def estimate_cost(job: Job, store: Path) -> CostEstimate:
    """What a job will take."""
    here, known = machine_pace(), _book(store)
    phases = {
        phase: (
            known.get(f"{phase}|{job.key}", known.get(phase, here))
            * sum(UNITS[u] * n for u, n in units.items())
        )
        for phase, units in job.work.items()
    }
    need = known.get(f"memory|{job.key}", known.get("memory", 1.0)) * job.need
    return CostEstimate(
        {k: v for k, v in phases.items() if v > 0},
        max(process_memory() + 0.02, job.floor + need),
        here,
    )


def track_estimate(job: Job, store: Path) -> TrackedEstimate:
    """A price, and a clock that begins now."""
    return TrackedEstimate(job, estimate_cost(job, store), store)


def format_duration(seconds: float) -> str:
    """A length of time in two digits.

    >>> short(7.62), short(128), short(7300)
    ('7.6 s', '2.1 min', '2.0 h')
    """
    return (
        f"{seconds:.2g} s"
        if seconds < 99.5
        else f"{seconds / 60:.1f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def machine_pace() -> float:
    """How much longer a small trial (products, an eigendecomposition, a loop) takes here than where
    the units were timed.

    It is the least of nine, which other work on the machine disturbs least. What was timed in this
    process holds for `FRESH` seconds.
    """
    if not _paces or time.monotonic() - _paces[-1][0] > FRESH:
        _paces[:] = [(time.monotonic(), _time_trial() / TRIAL)]
    return _paces[-1][1]


def _time_trial() -> float:
    """The seconds of the trial."""
    x = np.random.default_rng(0).normal(size=(260, 260)).astype(np.float32)
    took = []
    for _ in range(11):
        began = time.perf_counter()
        np.linalg.eigh(x @ x.T)
        for _ in range(4):
            x @ x
        sum(i % 7 for i in range(60_000))
        took.append(time.perf_counter() - began)
    return float(np.min(took[2:]))


def add_work(*some: Mapping[str, float]) -> Work:
    """The units of several works together.

    >>> add({"row": 1}, {"row": 2, "word": 3})
    {'row': 3.0, 'word': 3.0}
    """
    found: Work = {}
    for one in some:
        for unit, n in one.items():
            found[unit] = found.get(unit, 0.0) + n
    return found


def scale_work(units: Mapping[str, float], by: float) -> Work:
    """A work some times."""
    return {u: n * by for u, n in units.items()}


def _book(store: Path) -> dict[str, float]:
    try:
        found = json.loads((store / BOOK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return (
        {
            str(k): float(v)
            for k, v in found.items()
            if isinstance(v, (int, float)) and 0.01 < v < 100
        }
        if isinstance(found, dict)
        else {}
    )
