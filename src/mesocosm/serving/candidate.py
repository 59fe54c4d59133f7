"""A candidate version beside the deployed one, and the statistics of both since the rollout began.

Knows numbers; decides nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

from mesocosm.catalog.rows import RolloutRow
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.rollout.decision import VersionStats


class RolloutStats:
    """What one version did since a rollout began, as this process saw it."""

    def __init__(self) -> None:
        self.requests = self.errors = self.both = self.agreed = 0
        self.times: deque[float] = deque(maxlen=2000)
        self.reasons: set[str] = set()

    def count_answered(self, requests: int, ms: float) -> None:
        """Count requests that were answered together, in so many milliseconds."""
        self.requests += requests
        self.times.extend([ms] * requests)

    def count_failed(self, requests: int, error: Exception) -> None:
        """Count requests that were not answered; the log names each type of error once.

        Its message is not logged: it may hold a value of the request.
        """
        self.requests += requests
        self.errors += requests
        reason = type(error).__name__
        if reason not in self.reasons:
            self.reasons.add(reason)
            logging.getLogger("mesocosm").warning("a candidate version failed: %s", reason)

    def count_shadowed(self, requests: int, agreed: int) -> None:
        """Count requests that both versions answered, and how many alike."""
        self.both += requests
        self.agreed += agreed

    def summarise(self, judged: int, right: int) -> VersionStats:
        """The statistics, with how many labelled predictions were right."""
        times, p95 = sorted(self.times), 0.0
        if times:
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
        return VersionStats(
            self.requests, self.errors, round(p95, 3), judged, right, self.both, self.agreed
        )


@dataclass
class Candidate:
    """A candidate version beside the deployed one."""

    rollout: RolloutRow
    loaded: ModelInstance
    new: RolloutStats
    old: RolloutStats
