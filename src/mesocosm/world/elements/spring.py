"""A source is a spring in a cliff; flow is its rows, dry is one that was never read."""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View


def spring(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the spring shows."""
    listed = view.catalog.listed.get(f"sources.{name}")
    kind = str(settings["type"])
    says = f"Source {name}: {kind}" + ("" if listed else ", not read yet")
    fault = view.fault(f"sources.{name}")
    if listed and fault:
        lost = fault[0] == "lost"
        return {
            "state": "alarm" if lost else "watch",
            "level": 0.0 if lost else 1.0,
            "says": f"Source {name}: {kind}; {fault[1]}",
            "facts": {"type": kind, "fault": fault[1], "fault_kind": fault[0]},
        }
    return {
        "state": "fine" if listed else "unknown",
        "level": 1.0 if listed else None,
        "says": says,
        "facts": {"type": kind},
    }
