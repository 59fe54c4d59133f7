"""`mesocosm trace`: a prediction's past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, Asked, File, answer, guarded, opened, prediction_of


@guarded
def trace(prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Follow PREDICTION back to its version, snapshot, source files and rows."""
    from mesocosm.app.loader import trace as follow

    eco = opened(file)
    answer(follow(eco.spec, eco.catalog, prediction_of(eco, prediction)), as_json, _text)


def _text(d: dict[str, Any]) -> str:
    lines = [
        (
            f"{d['prediction']['id']}  {d['prediction']['output']['label']} by"
            f" {d['prediction']['service']}"
        ),
        (
            f"  version   {d['version']['id']} ({d['recipe']['method']}, {d['recipe']['head']}"
            f" head, content {d['version']['content']})"
        ),
        (
            f"  snapshot  {d['snapshot']['id']} ({d['snapshot']['account']['kept']} rows kept of"
            f" {d['snapshot']['account']['in']})"
        ),
    ]
    lines += [f"  file      {name} (print {content})" for name, content in d["files"].items()]
    r = d["rows"]
    if r:
        lines.append(f"  rows      {_sum(r)}")
    lines += [f"            {f} lines {_short(n)}" for f, n in r.get("lines", {}).items()]
    lines += [
        f"            joined from {f} lines {_short(n)}" for f, n in r.get("partners", {}).items()
    ]
    if r.get("feedback"):
        lines.append(f"            feedback on {_short(', '.join(r['feedback']))}")
    return "\n".join(lines)


def _sum(r: dict[str, Any]) -> str:
    """The training rows of a version by their origin; the terms add up.

    >>> _sum({"training": 9, "from_snapshot": 4, "feedback": ["a", "b"], "feedback_rows": 3, "other": 2})
    '9 training rows: 4 of the snapshot + 3 of feedback (2 requests) + 2 of earlier snapshots or erased from the snapshot since'
    >>> _sum({"training": 3, "from_snapshot": 4, "feedback": [], "feedback_rows": 0, "other": -1})
    '3 training rows: 4 of the snapshot - 1 left out of training or unlearned since'
    """
    terms = f"{r['training']} training rows: {r['from_snapshot']} of the snapshot"
    if r["feedback_rows"]:
        requests = (
            f" ({len(r['feedback'])} {'request' if len(r['feedback']) == 1 else 'requests'})"
            if r["feedback"]
            else ""
        )
        terms += f" + {r['feedback_rows']} of feedback{requests}"
    if r["other"] > 0:
        return f"{terms} + {r['other']} of earlier snapshots or erased from the snapshot since"
    return (
        f"{terms} - {-r['other']} left out of training or unlearned since" if r["other"] else terms
    )


def _short(said: str) -> str:
    return said if len(said) < 200 else said[:197] + "..."
