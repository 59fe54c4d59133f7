"""What a rollout does next: another step, promotion or return, by its guards, its feedback and the
clock. Knows settings and figures; touches nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mesocosm.core.durations import seconds
from mesocosm.core.thresholds import satisfies
from mesocosm.serving.rollout.sequential_test import compared
from mesocosm.serving.settings import Rollout

LEVEL = 0.05
GUARDED = 20  # requests of the new version under which guards on it say nothing


@dataclass(frozen=True)
class Side:
    """One version's figures since the rollout began.

    Args:
        requests: that it answered, or failed to (`errors`).
        p95_ms: of its answers.
        judged: of its answers that a label came back for, `right` of them.
        agreed: of `both` requests that both versions answered.
    """

    requests: int = 0
    errors: int = 0
    p95_ms: float = 0.0
    judged: int = 0
    right: int = 0
    both: int = 0
    agreed: int = 0

    def figures(self) -> dict[str, float | None]:
        """By the names that guards bound; None where nothing is known yet."""
        return {
            "error_rate": self.errors / self.requests if self.requests else None,
            "p95_ms": self.p95_ms if self.requests else None,
            "accuracy": self.right / self.judged if self.judged else None,
            "agreement": self.agreed / self.both if self.both else None,
        }


@dataclass(frozen=True)
class Next:
    """What to do: `hold`, `step` (to a share), `promote` or `return`, and why, with the figures it
    rests on.
    """

    act: Literal["hold", "step", "promote", "return"]
    why: str
    step: int
    detail: dict[str, Any]


def share_of(setting: Rollout, step: int) -> int:
    """Percent of the requests that the new version answers at a step.

    >>> share_of(Rollout(strategy="canary", steps=(5, 50)), 1)
    50
    >>> share_of(Rollout(strategy="shadow"), 0)
    0
    >>> share_of(Rollout(strategy="blue-green"), 0)
    100
    """
    if setting.strategy == "canary":
        return setting.steps[min(step, len(setting.steps) - 1)]
    return 100 if setting.strategy == "blue-green" else 0


def chosen(key: str, share: int) -> bool:
    """Whether a key is among the `share` percent that the new version answers: the same key always
    is, and a greater share holds a smaller one.

    >>> [sum(chosen(str(i), share) for i in range(1000)) // 10 for share in (0, 100)]
    [0, 100]
    """
    return (
        int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) % 10_000 < share * 100
    )


def decide(setting: Rollout, step: int, new: Side, old: Side, since_step: float) -> Next:
    """What follows from the figures.

    Args:
        step: where it is, from 0.
        new, old: figures since the rollout began.
        since_step: seconds since this step began.
    """
    test = compared(new.right, new.judged, old.right, old.judged)
    steps = len(setting.steps) if setting.strategy == "canary" else 1
    detail = {
        "new": asdict(new),
        "old": asdict(old),
        "difference": round(test.difference, 4),
        "p": float(f"{test.p:.4g}"),
        "step": step,
        "steps": steps,
        "share": share_of(setting, step),
    }
    figures = new.figures()
    for name, bound in setting.guard.items():
        value = figures[name]
        counted = {"accuracy": new.judged, "agreement": new.both}.get(name, new.requests)
        if value is not None and counted >= GUARDED and not satisfies(bound, value):
            return Next(
                "return",
                f"{name} is {value:.4g} over {counted} requests, and the guard wants {bound}",
                step,
                detail,
            )
    if test.p <= LEVEL and test.difference < 0:
        return Next(
            "return",
            f"it is right {-test.difference:.1%} less often than the version before ({new.right} of"
            f" {new.judged} against {old.right} of {old.judged}, always-valid p {test.p:.2g})",
            step,
            detail,
        )
    if test.p <= LEVEL and test.difference > 0:
        return Next(
            "promote",
            f"it is right {test.difference:.1%} more often ({new.right} of {new.judged} against"
            f" {old.right} of {old.judged}, always-valid p {test.p:.2g})",
            step,
            detail,
        )
    if since_step < seconds(setting.hold):
        return Next(
            "hold",
            f"{seconds(setting.hold) - since_step:.0f} s of this step are left",
            step,
            detail,
        )
    seen = new.both if setting.strategy == "shadow" else new.requests
    if seen < setting.least:
        return Next(
            "hold", f"{seen} of the {setting.least} requests that a step wants came", step, detail
        )
    if step + 1 < steps:
        return Next(
            "step",
            f"guards hold over {new.requests} requests",
            step + 1,
            detail | {"share": share_of(setting, step + 1)},
        )
    if setting.promote == "gain":
        return Next("hold", "its gain is not proven yet", step, detail)
    proof = (
        f"feedback on {new.judged} of its answers shows no loss"
        if new.judged
        else "no feedback came"
    )
    return Next(
        "promote", f"guards held through the last step over {seen} requests; {proof}", step, detail
    )
