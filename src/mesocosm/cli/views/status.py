"""The state of an ecosystem as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.cli.output import count_of
from mesocosm.core.messages import Message, Text, render_stored

Data = Mapping[str, Any]
NOTES = (  # what a monitor cannot test, by key
    ("labels", "cli.status.labels"),
    ("unwatched", "cli.status.not_monitored"),
    ("trouble", "cli.status.trouble"),
)


def format_status(data: Data) -> str:
    """Where it is served, each service with its rollout, open alerts, monitors and builds."""
    state = Message("cli.status.not_running", name=data["ecosystem"])
    if data["running"]:
        state = Message("cli.status.running", name=data["ecosystem"], url=data["url"])
    lines = [state.render()]
    for name, service in data["services"].items():
        lines += _format_service(name, service)
    lines += [f"  {_format_alert(alert)}" for alert in data["alerts"]]
    if not data["alerts"]:
        lines.append("  " + Message("cli.status.no_alert").render())
    lines += _format_monitors(data)
    for work in data["work"]:
        if work["lines"]:
            built = Message("cli.status.building", address=work["address"], line=work["lines"][-1])
            lines.append(f"  {built.render()}")
    return "\n".join(lines)


def _format_service(name: str, service: Data) -> list[str]:
    runs: Text = service["runs"] or Message("cli.status.nothing_deployed")
    requests = count_of(service["answered"], "request")
    line = Message("cli.status.service", name=name, runs=runs, requests=requests)
    lines = [f"  {line.render()}"]
    if service["rollout"]:
        lines.append(f"    {_format_rollout(service['rollout'])}")
    return lines


def _format_alert(alert: Data) -> str:
    message = render_stored(alert.get("text") or {}, alert["message"])
    monitor, ident = alert["monitor"], alert["id"]
    return Message("cli.status.alert", monitor=monitor, message=message, alert=ident).render()


def _format_monitors(data: Data) -> list[str]:
    if data["watched"] and data["monitors"] is None:
        reason = "cli.status.monitors_stopped"
        if data["running"]:
            reason = "cli.status.monitors_unknown"
        return ["  " + Message(reason).render()]
    lines = []
    for name, last in (data["monitors"] or {}).items():
        if state := _format_monitor(last):
            lines.append("  " + Message("cli.status.monitor", name=name, state=state).render())
    return lines


def _format_monitor(last: Data) -> str:
    """The rows that a monitor has for its next test, and what it cannot test.

    >>> _format_monitor({})
    'no check yet'
    >>> _format_monitor({"window": 80, "waiting": 3, "labels": "not known: 2 of 30 labels"})
    '3 of 80 rows of the next window collected; labels: not known: 2 of 30 labels'
    """
    if not last:
        return Message("cli.status.no_check").render()
    parts = []
    if last.get("window"):
        waiting = last.get("waiting") or 0
        parts.append(Message("cli.status.window", waiting=waiting, window=last["window"]))
    for key, id in NOTES:
        if last.get(key):
            parts.append(Message(id, note=last[key]))
    if not parts:
        return ""
    state = parts[0]
    for part in parts[1:]:
        state = Message("cli.status.and", first=state, second=part)
    return state.render()


def _format_rollout(rollout: Data) -> str:
    """A rollout in progress, in a sentence."""
    detail = rollout["detail"] or {}
    if detail.get("share"):
        step, steps, share = rollout["step"] + 1, detail["steps"], detail["share"]
        state = Message("cli.status.gets_share", share=share, step=step, steps=steps)
    elif detail:
        state = Message("cli.status.in_shadow")
    else:
        state = Message("cli.status.loading")
    return Message(
        "cli.status.rollout",
        method=rollout["strategy"],
        version=rollout["version"],
        state=state,
        counts=_describe_candidate(detail),
        why=rollout["why"],
    ).render()


def _describe_candidate(detail: Data) -> Text:
    """The requests, errors and accuracy of the version that is rolled out."""
    new = detail.get("new")
    if not new:
        return ""
    counts = Message(
        "cli.status.candidate",
        requests=new["requests"],
        errors=new["errors"],
        p95=new["p95_ms"],
    )
    if not new.get("judged"):
        return counts
    return Message(
        "cli.status.candidate_labels",
        counts=counts,
        right=new["right"],
        labelled=new["judged"],
        difference=detail["difference"],
        p=detail["p"],
    )
