"""A plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from mesocosm.cli.views.columns import measure, pad
from mesocosm.core.messages import Message, render, render_list
from mesocosm.core.messages.catalogues import find_template
from mesocosm.core.messages.language import current_language
from mesocosm.core.messages.stored import render_text


class ChangeData(TypedDict):
    """A change of a plan."""

    address: str
    sign: str
    action: str
    reasons: list[Mapping[str, object]]
    price: NotRequired[Mapping[str, object]]
    warnings: NotRequired[list[str]]


class PlanData(TypedDict):
    """A plan: its changes, the datasets that are compared only at the build, the open questions."""

    changes: list[ChangeData]
    compared_at_build: NotRequired[list[str]]
    questions: NotRequired[list[Mapping[str, object]]]
    stops: NotRequired[list[str]]


def format_plan(data: PlanData) -> str:
    """One line a change with its reasons, then what the values leave open, then the count."""
    width = max((measure(c["address"]) for c in data["changes"]), default=0)
    lines = []
    for change in data["changes"]:
        lines += [_format_change(change, width), *_format_warnings(change)]
    if data.get("compared_at_build"):
        datasets = tuple(data["compared_at_build"])
        lines.append(Message("cli.plan.compared_at_build", datasets=datasets).render())
    lines += [f"? {render(str(question['text']))}" for question in data.get("questions", ())]
    lines.append(_summarise(data["changes"]))
    if data.get("stops"):
        lines.append(Message("cli.plan.stops", datasets=tuple(data["stops"])).render())
    return "\n".join(lines)


def _format_warnings(change: ChangeData) -> list[str]:
    sentences = change.get("warnings", [])
    warnings = [Message("cli.warning", text=sentence) for sentence in sentences]
    return [f"  {warning.render()}" for warning in warnings]


def _summarise(changes: list[ChangeData]) -> str:
    """How many changes of each action there are."""
    counts = Counter(change["action"] for change in changes)
    summary = tuple(
        Message("cli.plan.to_do", number=number, action=_name_action(action))
        for action, number in counts.items()
    )
    return Message("cli.plan.summary", counts=render_list(summary)).render()


def _format_change(change: ChangeData, width: int) -> str:
    """A change in one line; addresses take `width` characters."""
    address = pad(change["address"], -width)
    text = f"{change['sign']} {address}  {_name_action(change['action']).render()}"
    reasons = [_render_reason(reason) for reason in change["reasons"]]
    if reasons:
        why = find_template("cli.plan.reasons", current_language()).join(reasons)
        text = Message("cli.plan.because", change=text, why=why).render()
    if "price" in change:
        price = render_text(change["price"], "text")
        text = Message("cli.plan.costs", change=text, price=price).render()
    return text


def _name_action(action: str) -> Message:
    return Message(f"cli.plan.action.{action}")


def _render_reason(reason: Mapping[str, object]) -> str:
    if "id" in reason:
        return Message.from_json(reason).render()
    return render(str(reason["text"]))
