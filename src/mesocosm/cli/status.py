"""`mesocosm status`: what is deployed, what is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.common import AsJson, File, answer, guarded, opened


@guarded
def status(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what each service runs, since when, and which alerts are open."""
    from mesocosm.build.live import at_work
    from mesocosm.build.up import running_server

    eco = opened(file)
    server = running_server(eco.spec.root / ".mesocosm")
    counts = eco.catalog.counts()
    services = {}
    for name in eco.spec.eco.services:
        row = eco.catalog.deployment(name)
        services[name] = {"runs": (row["version"] or row["answers"]) if row else None, "why": row["why"] if row else None, "answered": counts.get(name, 0)}
    alerts = [{k: a[k] for k in ("monitor", "service", "what", "message", "at")} for a in eco.catalog.alerts(open_only=True)]
    data = {"ecosystem": eco.spec.eco.ecosystem, "running": bool(server), "url": server["url"] if server else None, "services": services, "alerts": alerts, "work": at_work(eco.spec.root / ".mesocosm")}
    answer(data, as_json, _text)


def _text(d: dict[str, Any]) -> str:
    lines = [f"{d['ecosystem']} is {'up at ' + d['url'] if d['running'] else 'not running'}"]
    lines += [f"  {n}: {s['runs'] or 'nothing deployed'}, {s['answered']} answered" for n, s in d["services"].items()]
    lines += [f"  alert of {a['monitor']}: {a['message']}" for a in d["alerts"]] or ["  no alert is open"]
    lines += [f"  {w['address']} is being made: {w['lines'][-1]}" for w in d["work"] if w["lines"]]
    return "\n".join(lines)
