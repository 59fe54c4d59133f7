"""A plan as text."""

from __future__ import annotations

from typing import Any


def plan_text(data: dict[str, Any]) -> str:
    """One line a change with its reasons, then what the values leave open, then the count."""
    wide = max((len(c["address"]) for c in data["changes"]), default=0)
    lines = []
    for change in data["changes"]:
        why = "; ".join(change["because"])
        price = f"; {change['price']['text']}" if "price" in change else ""
        lines.append(
            f"{change['sign']} {change['address']:<{wide}} "
            f" {change['action']}{': ' + why if why else ''}{price}"
        )
        lines += [f"  warning: {sentence}" for sentence in change.get("warnings", ())]
    counts: dict[str, int] = {}
    for change in data["changes"]:
        counts[change["action"]] = counts.get(change["action"], 0) + 1
    if data.get("compared_at_build"):
        lines.append(
            f"New rows of {', '.join(data['compared_at_build'])} are compared with the last"
            " snapshot during the build."
        )
    lines += [f"? {one['text']}" for one in data.get("questions", ())]
    return "\n".join([*lines, ", ".join(f"{n} to {a}" for a, n in counts.items()) + "."])
