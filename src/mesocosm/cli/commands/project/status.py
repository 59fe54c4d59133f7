"""`mesocosm status`: what is deployed, which alerts are open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, File, answer, count_of, open_project, report_failures
from mesocosm.core.errors import MesocosmError

ROLLOUT_KEYS = ("version", "before", "strategy", "step", "why", "detail", "began")


@report_failures
def status(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what each service runs, since when, and which alerts are open."""
    from mesocosm.lifecycle.progress_store import read_progress
    from mesocosm.lifecycle.server_info import find_server

    eco = open_project(file)
    store = eco.spec.root / ".mesocosm"
    server = find_server(store)
    alerts = [
        {key: alert[key] for key in ("id", "monitor", "service", "what", "message", "at")}
        for alert in eco.catalog.alerts(open_only=True)
    ]
    data = {
        "ecosystem": eco.spec.eco.ecosystem,
        "running": bool(server),
        "url": server["url"] if server else None,
        "services": _describe_services(eco),
        "monitors": _read_monitors(eco) if server and eco.spec.eco.monitors else None,
        "watched": list(eco.spec.eco.monitors),
        "alerts": alerts,
        "work": read_progress(store),
    }
    answer(data, as_json, _text)


def _describe_services(eco: Any) -> dict[str, dict[str, Any]]:
    counts = eco.catalog.counts()
    services = {}
    for name in eco.spec.eco.services:
        deployed, rollout = eco.catalog.deployment(name), eco.catalog.rollout(name)
        if rollout:
            rollout = {key: rollout[key] for key in ROLLOUT_KEYS}
        services[name] = {
            "rollout": rollout or None,
            "runs": (deployed["version"] or deployed["answers"]) if deployed else None,
            "why": deployed["why"] if deployed else None,
            "answered": counts.get(name, 0),
        }
    return services


def _read_monitors(eco: Any) -> dict[str, Any] | None:
    """What each monitor measured last, None where the server does not answer."""
    import httpx

    from mesocosm.api.service_calls import call

    try:
        monitors = call(eco, "GET", "/v1/monitors")
    except (MesocosmError, httpx.HTTPError, ValueError):
        return None
    if monitors is None:
        return None
    return {name: monitors[name]["last"] for name in eco.spec.eco.monitors if name in monitors}


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
