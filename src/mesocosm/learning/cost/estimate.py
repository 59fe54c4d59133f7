"""What training a version will cost, estimated before the work: seconds and memory by phase, from
sizes, this machine's pace and the actual cost of earlier builds.

Each phase's work is counted in units of its own (products of rows, tokens and weights). A unit's
time was measured once on a machine whose pace is known by a small benchmark; here the benchmark is
run again, and from the second build on the store's calibration of each phase replaces both. Knows
clocks, units and the calibration; the other modules of this folder count the work of a version.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.files import write_json
from mesocosm.core.messages import Message
from mesocosm.core.progress import ProgressEvent, Say
from mesocosm.core.timer import PhaseTimer, process_memory, reset_peak_memory

if TYPE_CHECKING:
    from mesocosm.catalog.contents import Cost, CostFigures
    from mesocosm.learning.base_models import Base

CALIBRATION = "price.json"
MIN_SECONDS = 0.3  # of ended phases, from which on they correct the estimate of the others
MAX_CORRECTION = 20.0
MIN_PHASE = 0.05  # seconds of a phase that calibrates its estimate
MIN_CHANGE = 5.0  # seconds by which the remaining time must differ before it is reported again
MIN_RATIO = 1.5  # and the ratio by which it must
BENCHMARK_VALID = 600.0  # seconds for which a measured pace holds
_paces: list[tuple[float, float]] = []  # when the pace was measured last, and the pace
BENCHMARK_SECONDS = 0.0101  # of the benchmark on the machine where the units were timed
PHASE_NAMES = {  # phases, by their key in stored records, as a reader names them
    "starting": Message("progress.phase_starting"),
    "reading": Message("progress.phase_reading"),
    "looking": Message("progress.phase_looking"),
    "heads": Message("progress.phase_heads"),
    "tuning": Message("progress.phase_tuning"),
    "judging": Message("progress.phase_judging"),
    "agreement": Message("progress.phase_agreement"),
    "parts alone": Message("progress.phase_parts_alone"),
    "curve": Message("progress.phase_curve"),
    "looking closer": Message("progress.phase_diagnostics"),
    "matrix": Message("progress.phase_matrix"),
    "writing": Message("progress.phase_writing"),
    "weighing": Message("progress.phase_weighing"),
    "solving": Message("progress.phase_solving"),
    "towers": Message("progress.phase_towers"),
    "export": Message("progress.phase_export"),
    "search": Message("progress.phase_search"),
    "pretraining": Message("progress.phase_pretraining"),
}
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
    """Work whose cost is to be estimated.

    Args:
        work: units of each phase.
        need: gigabytes beyond what the process holds already.
        floor: gigabytes of this process with the libraries that the work imports; freed memory is
            used again.
        key: what tells the pace of this kind of job from others, besides sizes.
    """

    work: Mapping[str, Work]
    need: float
    floor: float
    key: str


@dataclass(frozen=True)
class CostEstimate:
    """Seconds by phase, peak memory in gigabytes, and the machine's pace at the time."""

    phases: Mapping[str, float]
    gigabytes: float
    pace: float = 1.0

    @property
    def seconds(self) -> float:
        """Of all phases."""
        return sum(self.phases.values())

    def message(self) -> Message:
        """In words, with the longest three phases."""
        longest = sorted(self.phases.items(), key=lambda p: -p[1])[:3]
        phases = tuple(
            Message("progress.phase", name=PHASE_NAMES.get(p, p), duration=describe_duration(s))
            for p, s in longest
        )
        duration = describe_duration(self.seconds)
        return Message(
            "progress.estimate", duration=duration, gigabytes=self.gigabytes, phases=phases
        )

    def text(self) -> str:
        """The message in English."""
        return str(self.message())

    def as_json(self) -> CostFigures:
        """The estimate as plain data."""
        return {
            "seconds": round(self.seconds, 2),
            "gigabytes": round(self.gigabytes, 2),
            "phases": {k: round(v, 2) for k, v in self.phases.items()},
        }


@dataclass
class TrackedEstimate:
    """An estimate, and the timer that runs since."""

    job: Job
    estimate: CostEstimate
    store: Path
    held: float = field(default_factory=process_memory)
    timer: PhaseTimer = field(default_factory=PhaseTimer)

    def __post_init__(self) -> None:
        reset_peak_memory()

    def announce(self, say: Say) -> None:
        """Report the estimate, and again whenever a phase ends and the remaining time has clearly
        changed.
        """
        seconds = self.estimate.seconds
        say(ProgressEvent(self.estimate.message(), estimated_seconds=round(seconds, 2)))
        until = time.perf_counter() + seconds

        def correct() -> None:
            nonlocal until
            now, left = time.perf_counter(), self.remaining()
            before = max(0.0, until - now)
            similar = 1 / MIN_RATIO < (left + 1) / (before + 1) < MIN_RATIO
            if abs(left - before) > MIN_CHANGE and not similar:
                until = now + left
                message = Message("progress.corrected_estimate", left=describe_duration(left))
                say(ProgressEvent(message, estimated_seconds=round(left, 2)))

        self.timer.on_end = correct

    def remaining(self) -> float:
        """Remaining seconds: the estimates of the phases to come, times the error of those that
        ended.
        """
        durations = self.timer.durations
        estimated = actual = left = 0.0
        for phase, seconds in self.estimate.phases.items():
            if phase in durations:
                estimated += seconds
                actual += durations[phase]
            else:
                left += seconds
        ratio = 1.0
        if min(estimated, actual) > MIN_SECONDS:
            ratio = min(MAX_CORRECTION, max(1 / MAX_CORRECTION, actual / estimated))
        return ratio * left

    def import_libraries(self, base: Base | None) -> None:
        """Import the libraries of a base, where the estimate counts that: it takes seconds, once a
        process.
        """
        if not self.estimate.phases.get("starting"):
            return
        import torch
        from transformers import AutoConfig, AutoModel

        if base:
            # an invalid base is reported when its weights are read
            with torch.device("meta"), contextlib.suppress(Exception):
                AutoModel.from_config(
                    AutoConfig.from_pretrained(base.folder, trust_remote_code=False)
                )
        self.timer.end("starting")

    def record_actual(self) -> Cost:
        """Calibrate the store's phases by the actual cost, halfway in the logarithm.

        Returns:
            The estimate as `said`, the actual cost as `took`.
        """
        peak, known = process_memory(peak=True), _load_calibration(self.store)
        for phase, (estimated, actual) in self._compare(peak).items():
            self._calibrate(known, phase, actual / estimated)
        self.store.mkdir(parents=True, exist_ok=True)
        write_json(self.store / CALIBRATION, known)
        took: CostFigures = {
            "seconds": round(self.timer.seconds, 2),
            "gigabytes": round(peak, 2),
            "phases": {k: round(v, 2) for k, v in self.timer.durations.items()},
        }
        return {"said": self.estimate.as_json(), "took": took}

    def _calibrate(self, known: dict[str, float], phase: str, ratio: float) -> None:
        """Move the factors of a phase, of all jobs and of this kind, by actual over estimated."""
        default = 1.0
        if phase != "memory":
            default = self.estimate.pace
        own = f"{phase}|{self.job.key}"
        old = known.get(own, known.get(phase, default))
        for name in (phase, own):
            weight = 0.5 if name in known else 1.0
            known[name] = round(old * ratio**weight, 4)

    def _compare(self, peak: float) -> dict[str, tuple[float, float]]:
        """Estimated and actual seconds of each phase long enough to tell, and gigabytes as
        `memory`.
        """
        durations, floor = self.timer.durations, self.job.floor
        pairs: dict[str, tuple[float, float]] = {}
        for phase, seconds in self.estimate.phases.items():
            actual = durations.get(phase, 0.0)
            if min(actual, seconds) > MIN_PHASE:
                pairs[phase] = (seconds, actual)
        grew = peak > 1.05 * self.held
        if grew and min(self.estimate.gigabytes, peak) > floor + 0.01:
            pairs["memory"] = (self.estimate.gigabytes - floor, peak - floor)
        return pairs


def estimate_cost(job: Job, store: Path) -> CostEstimate:
    """What a job will take on this machine."""
    pace, known = machine_pace(), _load_calibration(store)
    phases: dict[str, float] = {}
    for phase, units in job.work.items():
        factor = known.get(f"{phase}|{job.key}", known.get(phase, pace))
        seconds = factor * count_seconds(units)
        if seconds > 0:
            phases[phase] = seconds
    need = known.get(f"memory|{job.key}", known.get("memory", 1.0)) * job.need
    return CostEstimate(phases, max(process_memory() + 0.02, job.floor + need), pace)


def count_seconds(work: Mapping[str, float]) -> float:
    """The seconds of a work where the units were timed."""
    return sum(UNITS[unit] * count for unit, count in work.items())


def track_estimate(job: Job, store: Path) -> TrackedEstimate:
    """An estimate, and a timer that starts now."""
    return TrackedEstimate(job, estimate_cost(job, store), store)


def describe_duration(seconds: float) -> Message:
    """A duration in two digits.

    >>> print(describe_duration(7.62), describe_duration(128), describe_duration(7300), sep=", ")
    7.6 s, 2.1 min, 2.0 h
    """
    if seconds < 99.5:
        return Message("progress.seconds", seconds=float(seconds))
    if seconds < 5400:
        return Message("progress.minutes", minutes=seconds / 60)
    return Message("progress.hours", hours=seconds / 3600)


def machine_pace() -> float:
    """How much longer a small benchmark (products, an eigendecomposition, a loop) takes here than
    where the units were timed.

    The minimum of nine runs, which other work on the machine disturbs least. A pace measured in
    this process holds for `BENCHMARK_VALID` seconds.
    """
    if not _paces or time.monotonic() - _paces[-1][0] > BENCHMARK_VALID:
        _paces[:] = [(time.monotonic(), _run_benchmark() / BENCHMARK_SECONDS)]
    return _paces[-1][1]


def _run_benchmark() -> float:
    """The seconds of the benchmark."""
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


def add_work(*works: Mapping[str, float]) -> Work:
    """The units of several works together.

    >>> add_work({"row": 1}, {"row": 2, "word": 3})
    {'row': 3.0, 'word': 3.0}
    """
    total: Work = {}
    for work in works:
        for unit, n in work.items():
            total[unit] = total.get(unit, 0.0) + n
    return total


def scale_work(units: Mapping[str, float], by: float) -> Work:
    """A work done `by` times."""
    return {u: n * by for u, n in units.items()}


def _load_calibration(store: Path) -> dict[str, float]:
    """Factors by phase; those that are no plausible numbers are left out."""
    try:
        stored: object = json.loads((store / CALIBRATION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    factors: dict[str, float] = {}
    if isinstance(stored, dict):
        for name, factor in stored.items():
            if isinstance(factor, (int, float)) and 0.01 < factor < 100:
                factors[str(name)] = float(factor)
    return factors
