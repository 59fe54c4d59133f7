"""A source is a spring in a cliff; flow is its rows, dry is one that was never read."""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.world.elements.view import View


def spring(name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
    """What the spring shows."""
    kind = str(settings["type"])
    says = f"Source {name}: {kind}"
    if not view.catalog.listed.get(f"sources.{name}"):
        return {
            "state": "unknown",
            "level": None,
            "says": f"{says}, not read yet",
            "facts": {"type": kind},
        }
    fault = view.fault(f"sources.{name}")
    if not fault:
        return {"state": "fine", "level": 1.0, "says": says, "facts": {"type": kind}}
    state, level = "watch", 1.0
    if fault[0] == "lost":
        state, level = "alarm", 0.0
    return {
        "state": state,
        "level": level,
        "says": f"{says}; {fault[1]}",
        "facts": {"type": kind, "fault": fault[1], "fault_kind": fault[0]},
    }
