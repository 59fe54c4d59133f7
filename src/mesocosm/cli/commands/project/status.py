"""`mesocosm status`: what is deployed, what is open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import MesocosmError


@guarded
def status(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what each service runs, since when, and which alerts are open."""
    from mesocosm.lifecycle.progress_store import at_work
    from mesocosm.lifecycle.server_info import running_server

    eco = opened(file)
    server = running_server(eco.spec.root / ".mesocosm")
    counts = eco.catalog.counts()
    services = {}
    for name in eco.spec.eco.services:
        row = eco.catalog.deployment(name)
        tried = eco.catalog.rollout(name)
        services[name] = {
            "rollout": (
                {
                    k: tried[k]
                    for k in ("version", "before", "strategy", "step", "why", "detail", "began")
                }
                if tried
                else None
            ),
            "runs": (row["version"] or row["answers"]) if row else None,
            "why": row["why"] if row else None,
            "answered": counts.get(name, 0),
        }
    alerts = [
        {k: a[k] for k in ("id", "monitor", "service", "what", "message", "at")}
        for a in eco.catalog.alerts(open_only=True)
    ]
    monitors = _monitors(eco) if server and eco.spec.eco.monitors else None
    data = {
        "ecosystem": eco.spec.eco.ecosystem,
        "running": bool(server),
        "url": server["url"] if server else None,
        "services": services,
        "monitors": monitors,
        "watched": list(eco.spec.eco.monitors),
        "alerts": alerts,
        "work": at_work(eco.spec.root / ".mesocosm"),
    }
    answer(data, as_json, _text)


def _text(d: dict[str, Any]) -> str:
    lines = [f"{d['ecosystem']} is {'up at ' + d['url'] if d['running'] else 'not running'}"]
    for name, s in d["services"].items():
        lines.append(f"  {name}: {s['runs'] or 'nothing deployed'}, {s['answered']} answered")
        lines += [f"    {_tried(s['rollout'])}"] if s["rollout"] else []
    lines += [f"  alert of {a['monitor']}: {a['message']} [{a['id']}]" for a in d["alerts"]] or [
        "  no alert is open"
    ]
    lines += [
        f"  {name}: {state}"
        for name, last in (d["monitors"] or {}).items()
        if (state := _looked(last))
    ]
    if d["watched"] and d["monitors"] is None:
        lines.append(
            "  what the monitors look at is not known: the server did not tell"
            if d["running"]
            else "  the monitors look only while 'mesocosm up' runs"
        )
    lines += [f"  {w['address']} is being made: {w['lines'][-1]}" for w in d["work"] if w["lines"]]
    return "\n".join(lines)


def _monitors(eco: Any) -> dict[str, Any] | None:
    """What each monitor last looked at, None where the server does not tell."""
    import httpx

    from mesocosm.api.service_calls import call

    try:
        said = call(eco, "GET", "/v1/monitors")
    except (MesocosmError, httpx.HTTPError, ValueError):
        return None
    return (
        {name: said[name]["last"] for name in eco.spec.eco.monitors if name in said}
        if said is not None
        else None
    )


def _looked(last: Mapping[str, Any]) -> str:
    """What a monitor has to judge by, and what it cannot judge.

    >>> _looked({})
    'it has not looked yet'
    >>> _looked({"window": 80, "waiting": 3, "labels": "not known: 2 of 30 labels"})
    '3 of 80 rows of its next window are in; labels: not known: 2 of 30 labels'
    """
    if not last:
        return "it has not looked yet"
    said = (
        [f"{last.get('waiting') or 0} of {last['window']} rows of its next window are in"]
        if last.get("window")
        else []
    )
    said += [
        f"{what}: {last[key]}"
        for key, what in (
            ("labels", "labels"),
            ("unwatched", "not watched"),
            ("trouble", "trouble"),
        )
        if last.get(key)
    ]
    return "; ".join(said)


def _tried(r: dict[str, Any]) -> str:
    """A rollout under way, in a sentence."""
    detail = r["detail"] or {}
    new = detail.get("new", {})
    share = (
        f"gets {detail['share']} % of the requests, step {r['step'] + 1} of {detail['steps']}"
        if detail.get("share")
        else "answers beside it, unseen"
        if detail
        else "is being loaded"
    )
    judged = (
        f", right {new['right']} of {new['judged']} (difference {detail['difference']:+.3f}, p"
        f" {detail['p']:.2g})"
        if new.get("judged")
        else ""
    )
    figures = (
        f"; {new['requests']} requests, {new['errors']} errors, p95 {new['p95_ms']:.0f} ms{judged}"
        if new
        else ""
    )
    return f"{r['strategy']}: {r['version']} {share}{figures}. {r['why']}"
