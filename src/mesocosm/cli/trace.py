"""`mesocosm trace`: a prediction's past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.common import AsJson, Asked, File, answer, guarded, opened, prediction_of


@guarded
def trace(prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Follow PREDICTION back to its version, snapshot, source files and rows."""
    from mesocosm.build.serving import trace as follow

    eco = opened(file)
    answer(follow(eco.spec, eco.catalog, prediction_of(eco, prediction)), as_json, _text)


def _text(d: dict[str, Any]) -> str:
    lines = [
        f"{d['prediction']['id']}  {d['prediction']['output']['label']} by {d['prediction']['service']}",
        f"  version   {d['version']['id']} ({d['recipe']['method']}, {d['recipe']['head']} head, content {d['version']['content']})",
        f"  snapshot  {d['snapshot']['id']} ({d['snapshot']['account']['kept']} rows kept of {d['snapshot']['account']['in']})",
    ]
    lines += [f"  file      {name} (print {content})" for name, content in d["files"].items()]
    r = d["rows"]
    if r:
        lines.append(f"  rows      {r['training']} training rows: {r['from_snapshot']} of the snapshot + {len(r['feedback'])} of feedback" + (f" + {r['other']} repeated or of earlier snapshots" if r["other"] > 0 else f" - {-r['other']} unlearned or left out" if r["other"] else ""))
    lines += [f"            {f} lines {_short(n)}" for f, n in r.get("lines", {}).items()]
    lines += [f"            joined from {f} lines {_short(n)}" for f, n in r.get("partners", {}).items()]
    if r.get("feedback"):
        lines.append(f"            feedback on {_short(', '.join(r['feedback']))}")
    return "\n".join(lines)


def _short(said: str) -> str:
    return said if len(said) < 200 else said[:197] + "..."
