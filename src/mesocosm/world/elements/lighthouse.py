"""A service is a lighthouse: its beam turns with traffic, its colour is health; two lamps share the
beam while a version comes in.
"""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View


def lighthouse(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the lighthouse shows."""
    del settings
    row = view.catalog.deployment(name)
    figures = dict(view.figures.get(name, {}))
    if not row:
        return {"state": "unknown", "says": f"Service {name}: nothing deployed yet"}
    bad = (figures.get("error_rate") or 0) > 0.01
    asked, p95 = figures.get("error_rate") is not None, figures.get("p95_ms")
    state = "alarm" if bad else "watch" if view.alarm(name) else "fine" if asked else "unknown"
    what = row["version"] or row["answers"]
    said = (
        "not running"
        if not figures
        else (
            f"{figures['rate']:.2f} requests/s" + (f", p95 {p95:.0f} ms" if p95 is not None else "")
            if asked
            else "no requests in the last minute"
        )
    )
    refused = figures.get("refused_rate") or 0
    if refused:
        said += f", {refused:.0%} refused (4xx)"
    coming = view.catalog.rollout(name)
    share = min(1.0, float((coming["detail"] or {}).get("share", 0)) / 100) if coming else None
    beside = (
        {
            "rollout": (
                f"{coming['strategy']} of {coming['version']}, {100 * (share or 0):.0f} % of the"
                " requests"
            )
        }
        if coming
        else {}
    )
    return {
        "state": state,
        "traffic": figures.get("rate", 0.0),
        "says": f"Service {name}: {what}, {said}",
        "share": share,
        "weather": ["rain"] if bad else [],
        "facts": {
            "version": what,
            "since": row["at"],
            "who": row["who"],
            "why": row["why"],
            **beside,
            **figures,
            "answered": view.catalog.counts().get(name, 0),
        },
    }
