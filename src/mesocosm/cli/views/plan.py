"""A plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any


def format_plan(data: Mapping[str, Any]) -> str:
    """One line a change with its reasons, then what the values leave open, then the count."""
    width = max((len(c["address"]) for c in data["changes"]), default=0)
    lines = []
    for change in data["changes"]:
        lines.append(_format_change(change, width))
        lines += [f"  warning: {sentence}" for sentence in change.get("warnings", ())]
    if data.get("compared_at_build"):
        lines.append(
            f"New rows of {', '.join(data['compared_at_build'])} are compared with the last"
            " snapshot during the build."
        )
    lines += [f"? {question['text']}" for question in data.get("questions", ())]
    counts = Counter(change["action"] for change in data["changes"])
    summary = ", ".join(f"{number} to {action}" for action, number in counts.items())
    return "\n".join([*lines, f"{summary}."])


def _format_change(change: Mapping[str, Any], width: int) -> str:
    """A change in one line; addresses take `width` characters."""
    text = f"{change['sign']} {change['address']:<{width}}  {change['action']}"
    if why := "; ".join(change["because"]):
        text += f": {why}"
    if "price" in change:
        text += f"; {change['price']['text']}"
    return text
