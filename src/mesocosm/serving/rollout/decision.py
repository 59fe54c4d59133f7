"""What a rollout does next: another step, promotion or rollback, by its guards, its feedback and
the clock. Knows settings and statistics; touches nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal

from mesocosm.core.values.durations import seconds
from mesocosm.core.values.thresholds import satisfies
from mesocosm.serving.rollout.sequential_test import ShareComparison, compare_shares
from mesocosm.serving.settings import Rollout

Act = Literal["hold", "step", "promote", "return"]
LEVEL = 0.05  # of the test of feedback
GUARDED = 20  # requests of the new version under which its guards are not checked


@dataclass(frozen=True)
class VersionStats:
    """One version's statistics since the rollout began.

    Args:
        requests: that it answered, or failed to (`errors`).
        p95_ms: 95th percentile of its latency.
        judged: of its labelled predictions, `right` of them.
        agreed: of `both` requests that both versions answered.
    """

    requests: int = 0
    errors: int = 0
    p95_ms: float = 0.0
    judged: int = 0
    right: int = 0
    both: int = 0
    agreed: int = 0

    def metrics(self) -> dict[str, float | None]:
        """The metrics by the names that guards bound; None where nothing is known yet."""
        figures: dict[str, float | None] = {
            "error_rate": _divide(self.errors, self.requests),
            "p95_ms": None,
            "accuracy": _divide(self.right, self.judged),
            "agreement": _divide(self.agreed, self.both),
        }
        if self.requests:
            figures["p95_ms"] = self.p95_ms
        return figures

    def count(self, metric: str) -> int:
        """How many requests a metric is of."""
        if metric == "accuracy":
            return self.judged
        if metric == "agreement":
            return self.both
        return self.requests


def _divide(part: int, whole: int) -> float | None:
    if not whole:
        return None
    return part / whole


@dataclass(frozen=True)
class RolloutStep:
    """What to do: `hold`, `step` (to a share), `promote` or `return` (roll back), and why, with the
    statistics behind it.
    """

    act: Act
    why: str
    step: int
    detail: dict[str, object]


def traffic_share(setting: Rollout, step: int) -> int:
    """The percentage of requests routed to the new version at a step.

    >>> traffic_share(Rollout(method="canary", steps=(5, 50)), 1)
    50
    >>> traffic_share(Rollout(method="shadow"), 0)
    0
    >>> traffic_share(Rollout(method="blue-green"), 0)
    100
    """
    if setting.method == "canary":
        return setting.steps[min(step, len(setting.steps) - 1)]
    return 100 if setting.method == "blue-green" else 0


def is_routed_to_new(key: str, share: int) -> bool:
    """Whether a key is among the `share` percent routed to the new version: the same key always is,
    and a greater share contains a smaller one.

    >>> [sum(is_routed_to_new(str(i), share) for i in range(1000)) // 10 for share in (0, 100)]
    [0, 100]
    """
    bucket = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) % 10_000
    return bucket < share * 100


def decide(
    setting: Rollout, step: int, new: VersionStats, old: VersionStats, since_step: float
) -> RolloutStep:
    """Decide what a rollout does next: guards first, then feedback, then the clock.

    Args:
        step: where it is, from 0.
        new, old: statistics since the rollout began.
        since_step: seconds since this step began.
    """
    test = compare_shares(new.right, new.judged, old.right, old.judged)
    detail: dict[str, object] = {
        "new": asdict(new),
        "old": asdict(old),
        "difference": round(test.difference, 4),
        "p": float(f"{test.p:.4g}"),
        "step": step,
        "steps": _count_steps(setting),
        "share": traffic_share(setting, step),
    }
    broken = _find_broken_guard(setting, new)
    if broken:
        return RolloutStep("return", broken, step, detail)
    if test.p <= LEVEL and test.difference:
        act: Act = "promote" if test.difference > 0 else "return"
        return RolloutStep(act, _describe_difference(test, new, old), step, detail)
    waits = _find_wait(setting, new, since_step)
    if waits:
        return RolloutStep("hold", waits, step, detail)
    return _go_on(setting, step, new, detail)


def _count_steps(setting: Rollout) -> int:
    if setting.method == "canary":
        return len(setting.steps)
    return 1


def _go_on(
    setting: Rollout, step: int, new: VersionStats, detail: dict[str, object]
) -> RolloutStep:
    """The next step of a rollout whose guards hold, or its promotion after the last one."""
    if step + 1 < _count_steps(setting):
        detail["share"] = traffic_share(setting, step + 1)
        why = f"guards hold over {new.requests} requests"
        return RolloutStep("step", why, step + 1, detail)
    if setting.promote == "gain":
        return RolloutStep("hold", "its gain is not proven yet", step, detail)
    feedback = "no feedback received"
    if new.judged:
        feedback = f"feedback on {new.judged} of its predictions shows no loss"
    why = f"guards held through the last step over {_count_seen(setting, new)} requests; {feedback}"
    return RolloutStep("promote", why, step, detail)


def _find_broken_guard(setting: Rollout, new: VersionStats) -> str:
    """The guard that the new version breaks, in words; empty where it keeps all."""
    figures = new.metrics()
    for name, bound in setting.guard.items():
        value, count = figures[name], new.count(name)
        if value is not None and count >= GUARDED and not satisfies(bound, value):
            return f"{name} is {value:.4g} over {count} requests; the guard expects {bound}"
    return ""


def _describe_difference(test: ShareComparison, new: VersionStats, old: VersionStats) -> str:
    more, counts = "more", f"{new.right} of {new.judged} against {old.right} of {old.judged}"
    if test.difference < 0:
        more = "less"
    return (
        f"it is right {abs(test.difference):.1%} {more} often than the version before ({counts},"
        f" always-valid p {test.p:.2g})"
    )


def _find_wait(setting: Rollout, new: VersionStats, since_step: float) -> str:
    """What a step waits for; empty where it is over."""
    left = seconds(setting.bake_time) - since_step
    if left > 0:
        return f"{left:.0f} s of this step remain"
    seen = _count_seen(setting, new)
    if seen < setting.min_requests:
        return f"{seen} of the {setting.min_requests} requests of a step received"
    return ""


def _count_seen(setting: Rollout, new: VersionStats) -> int:
    if setting.method == "shadow":
        return new.both
    return new.requests
