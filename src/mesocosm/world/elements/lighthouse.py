"""A service is a lighthouse: its beam turns with traffic, its colour is health; two lamps share the
beam while a version comes in.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.catalog.rows import RolloutRow
from mesocosm.world.elements.view import View

Figures = Mapping[str, float | None]


def lighthouse(name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
    """What the lighthouse shows."""
    del settings
    row = view.catalog.deployment(name)
    figures = dict(view.figures.get(name, {}))
    if not row:
        return {"state": "unknown", "says": f"Service {name}: nothing deployed yet"}
    version = row["version"] or row["answers"]
    rollout = view.catalog.rollout(name)
    share = _read_share(rollout)
    facts: dict[str, object] = {
        "version": version,
        "since": row["at"],
        "who": row["who"],
        "why": row["why"],
    }
    if rollout and share is not None:
        facts["rollout"] = (
            f"{rollout['strategy']} of {rollout['version']}, {100 * share:.0f} % of the requests"
        )
    return {
        "state": _state_of(name, figures, view),
        "traffic": figures.get("rate", 0.0),
        "says": f"Service {name}: {version}, {_describe_traffic(figures)}",
        "share": share,
        "weather": ["rain"] if _is_failing(figures) else [],
        "facts": {**facts, **figures, "answered": view.catalog.counts().get(name, 0)},
    }


def _read_share(rollout: RolloutRow | None) -> float | None:
    """The share of the requests that a rollout's version gets; None without a rollout."""
    if not rollout:
        return None
    return min(1.0, float((rollout["detail"] or {}).get("share", 0)) / 100)


def _is_failing(figures: Figures) -> bool:
    return (figures.get("error_rate") or 0) > 0.01


def _state_of(name: str, figures: Figures, view: View) -> str:
    if _is_failing(figures):
        return "alarm"
    if view.alarm(name):
        return "watch"
    return "unknown" if figures.get("error_rate") is None else "fine"


def _describe_traffic(figures: Figures) -> str:
    if not figures:
        said = "not running"
    elif figures.get("error_rate") is None:
        said = "no requests in the last minute"
    else:
        said = f"{figures['rate']:.2f} requests/s"
        if figures.get("p95_ms") is not None:
            said += f", p95 {figures['p95_ms']:.0f} ms"
    refused = figures.get("refused_rate") or 0
    if refused:
        said += f", {refused:.0%} refused (4xx)"
    return said
