"""`mesocosm status`: what is deployed, which alerts are open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.status import format_status
from mesocosm.core.errors import MesocosmError
from mesocosm.monitoring.alert_message import message_as_json

ALERT_KEYS = ("id", "monitor", "service", "what", "message", "at")
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
        {key: alert[key] for key in ALERT_KEYS} | {"text": message_as_json(alert)}
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
    answer(data, as_json, format_status)


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
