"""A plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mesocosm.core.messages import Message, render_list
from mesocosm.core.messages.catalogues import find_template
from mesocosm.core.messages.language import current_language


def format_plan(data: Mapping[str, Any]) -> str:
    """One line a change with its reasons, then what the values leave open, then the count."""
    width = max((len(c["address"]) for c in data["changes"]), default=0)
    lines = []
    for change in data["changes"]:
        lines.append(_format_change(change, width))
        for sentence in change.get("warnings", ()):
            lines.append(f"  {Message('cli.warning', text=sentence).render()}")
    if data.get("compared_at_build"):
        datasets = tuple(data["compared_at_build"])
        lines.append(Message("cli.plan.compared_at_build", datasets=datasets).render())
    lines += [f"? {question['text']}" for question in data.get("questions", ())]
    counts = Counter(change["action"] for change in data["changes"])
    summary = tuple(
        Message("cli.plan.to_do", number=number, action=_name_action(action))
        for action, number in counts.items()
    )
    return "\n".join([*lines, Message("cli.plan.summary", counts=render_list(summary)).render()])


def _format_change(change: Mapping[str, Any], width: int) -> str:
    """A change in one line; addresses take `width` characters."""
    address = f"{change['address']:<{width}}"
    text = f"{change['sign']} {address}  {_name_action(change['action']).render()}"
    reasons = [_render_reason(reason) for reason in change["reasons"]]
    if reasons:
        why = find_template("cli.plan.reasons", current_language()).join(reasons)
        text = Message("cli.plan.because", change=text, why=why).render()
    if "price" in change:
        text += f"; {change['price']['text']}"
    return text


def _name_action(action: str) -> Message:
    return Message(f"cli.plan.action.{action}")


def _render_reason(reason: Mapping[str, Any]) -> str:
    if "id" in reason:
        return Message.from_json(reason).render()
    return str(reason["text"])
