"""`mesocosm status`: what is deployed, which alerts are open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, File, answer, count_of, open_project, report_failures


@report_failures
def status(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what each service runs, since when, and which alerts are open."""
    answer(open_project(file).status(), as_json, _text)


def _text(data: dict[str, Any]) -> str:
    state = f"up at {data['url']}" if data["running"] else "not running"
    lines = [f"{data['ecosystem']} is {state}"]
    for name, service in data["services"].items():
        requests = count_of(service["answered"], "request")
        lines.append(f"  {name}: {service['runs'] or 'nothing deployed'}, {requests}")
        if service["rollout"]:
            lines.append(f"    {_describe_rollout(service['rollout'])}")
    for alert in data["alerts"]:
        lines.append(f"  alert of {alert['monitor']}: {alert['message']} [{alert['id']}]")
    if not data["alerts"]:
        lines.append("  no alert is open")
    lines += _monitor_lines(data)
    for work in data["work"]:
        if work["lines"]:
            lines.append(f"  {work['address']} is being built: {work['lines'][-1]}")
    return "\n".join(lines)


def _monitor_lines(data: Mapping[str, Any]) -> list[str]:
    if data["watched"] and data["monitors"] is None:
        if data["running"]:
            return ["  the state of the monitors is unknown: the server did not answer"]
        return ["  monitors run only while 'mesocosm up' runs"]
    states = {name: _describe_monitor(last) for name, last in (data["monitors"] or {}).items()}
    return [f"  {name}: {state}" for name, state in states.items() if state]


def _describe_monitor(last: Mapping[str, Any]) -> str:
    """The rows that a monitor has for its next test, and what it cannot test.

    >>> _describe_monitor({})
    'no check yet'
    >>> _describe_monitor({"window": 80, "waiting": 3, "labels": "not known: 2 of 30 labels"})
    '3 of 80 rows of the next window collected; labels: not known: 2 of 30 labels'
    """
    if not last:
        return "no check yet"
    parts = []
    if last.get("window"):
        waiting = last.get("waiting") or 0
        parts.append(f"{waiting} of {last['window']} rows of the next window collected")
    for key, title in (
        ("labels", "labels"),
        ("unwatched", "not monitored"),
        ("trouble", "trouble"),
    ):
        if last.get(key):
            parts.append(f"{title}: {last[key]}")
    return "; ".join(parts)


def _describe_rollout(rollout: Mapping[str, Any]) -> str:
    """A rollout in progress, in a sentence."""
    detail = rollout["detail"] or {}
    if detail.get("share"):
        step = f"step {rollout['step'] + 1} of {detail['steps']}"
        state = f"gets {detail['share']} % of the requests, {step}"
    elif detail:
        state = "predicts in shadow"
    else:
        state = "is being loaded"
    figures = _describe_candidate(detail)
    return f"{rollout['strategy']}: {rollout['version']} {state}{figures}. {rollout['why']}"


def _describe_candidate(detail: Mapping[str, Any]) -> str:
    """The requests, errors and accuracy of the version that is rolled out."""
    new = detail.get("new")
    if not new:
        return ""
    figures = f"; {new['requests']} requests, {new['errors']} errors, p95 {new['p95_ms']:.0f} ms"
    if new.get("judged"):
        figures += (
            f", {new['right']} of {new['judged']} correct (difference {detail['difference']:+.3f},"
            f" p {detail['p']:.2g})"
        )
    return figures
