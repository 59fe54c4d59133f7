"""A new version beside the one that serves, and what each of them did since.

Knows figures; decides nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.rollout.decision import VersionStats


class RolloutStats:
    """What one version did since a rollout began, as this process saw it."""

    def __init__(self) -> None:
        self.requests = self.errors = self.both = self.agreed = 0
        self.times: deque[float] = deque(maxlen=2000)

    def took(self, requests: int, ms: float) -> None:
        """Count requests that were answered together."""
        self.requests += requests
        self.times.extend([ms] * requests)

    def failed(self, requests: int) -> None:
        """Count requests that were not answered."""
        self.requests += requests
        self.errors += requests

    def side(self, judged: int, right: int) -> VersionStats:
        """Its figures, with what feedback says."""
        times = sorted(self.times)
        p95 = times[min(len(times) - 1, int(0.95 * len(times)))] if times else 0.0
        return VersionStats(
            self.requests, self.errors, round(p95, 3), judged, right, self.both, self.agreed
        )


@dataclass
class Candidate:
    """A new version beside the one that serves."""

    rollout: dict[str, Any]
    loaded: ModelInstance
    new: RolloutStats
    old: RolloutStats
