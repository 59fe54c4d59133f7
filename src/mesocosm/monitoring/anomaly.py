"""When a metric of a service became worse, and when it is as before again. Knows numbers.

A change is found by a detector of the river library; an improvement is no anomaly. An alert closes
on positive evidence: the mean of as many fresh values lies nearer to the usual one than to what was
found, with its bound (99 %, one-sided).
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

from mesocosm.catalog.contents import AlertDetail
from mesocosm.core.messages import Message, Text

LEAST = 10  # fresh values that close an alert, at least
KEPT = 200  # values from which the usual one is known
Z, BOUND = 2.326, 0.5  # as for alerts of inputs


class _ChangeDetector(Protocol):
    """A detector of the river library."""

    @property
    def drift_detected(self) -> bool: ...

    def update(self, value: float, /) -> object: ...


def _create_detector(method: str) -> _ChangeDetector:
    from river import drift

    if method == "adwin":
        return drift.ADWIN(delta=0.001)
    return drift.PageHinkley()


class MetricDetector:
    """One metric of a service over time.

    Args:
        name: `p95_ms`, `error_rate` or `rate`; a rate that falls is worth an alert too.
        method: `adwin` or `page_hinkley`.
    """

    def __init__(self, name: str, method: str) -> None:
        self.name = name
        self.detector = _create_detector(method)
        self.seen: deque[float] = deque(maxlen=KEPT)
        self.fresh: list[float] = []  # since an alert was raised, one for each window
        self.last = -math.inf  # when the newest of them was taken

    def see(self, value: float) -> dict[str, float] | None:
        """Take in a value; the change (`before`, `value`), where it changed for the worse.

        >>> errors = MetricDetector("error_rate", "adwin")
        >>> found = [f for i in range(200) if (f := errors.see(0.0 if i < 120 else 0.4))]
        >>> found[0]["before"], found[0]["value"]
        (0.0, 0.4)
        """
        usual = value
        if self.seen:
            usual = sorted(self.seen)[len(self.seen) // 2]
        self.detector.update(value)
        self.seen.append(value)
        if not self.detector.drift_detected:
            return None
        self.seen.clear()
        self.fresh.clear()
        if value <= usual and not (self.name == "rate" and value < usual):
            return None
        return {"before": usual, "value": value}

    def explain_end(self, value: float, at: float, window: float, detail: AlertDetail) -> Text:
        """Why an open alert is over; empty while it is not.

        Args:
            at: when the value was taken, in seconds; values of one window count once.
            detail: the alert's, with the metric `before` and its `value`.
        """
        if at - self.last < window or "before" not in detail:
            return ""
        self.last = at
        self.fresh = [*self.fresh, value][-LEAST:]
        if len(self.fresh) < LEAST:
            return ""
        before, raised = float(detail["before"]), float(detail["value"])
        mean = sum(self.fresh) / LEAST
        if self._reach(before, raised) > BOUND * abs(raised - before):
            return ""
        return Message(
            "monitoring.metric_recovered",
            metric=self.name,
            mean=mean,
            windows=LEAST,
            before=before,
            raised=raised,
        )

    def _reach(self, before: float, raised: float) -> float:
        """How far toward what was found the mean of the fresh values may lie: its upper bound."""
        mean = sum(self.fresh) / LEAST
        error = math.sqrt(sum((v - mean) ** 2 for v in self.fresh) / (LEAST - 1) / LEAST)
        if raised <= before:
            return before - mean + Z * error
        return mean - before + Z * error
