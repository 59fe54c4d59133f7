"""`mesocosm trace`: a prediction's lineage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.output import (
    AsJson,
    Asked,
    File,
    answer,
    count_of,
    open_project,
    report_failures,
)


@report_failures
def trace(prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Follow PREDICTION back to its version, snapshot, source files and rows."""
    answer(open_project(file).trace(prediction), as_json, _text)


def _text(found: dict[str, Any]) -> str:
    prediction, version, recipe = found["prediction"], found["version"], found["recipe"]
    snapshot, rows = found["snapshot"], found["rows"]
    account = snapshot["account"]
    lines = [
        f"{prediction['id']}  {prediction['output']['label']} by {prediction['service']}",
        f"  version   {version['id']} ({recipe['method']}, {recipe['head']} head, content"
        f" {version['content']})",
        f"  snapshot  {snapshot['id']} ({account['kept']} rows kept of {account['in']})",
    ]
    for name, fingerprint in found["files"].items():
        lines.append(f"  file      {name} (fingerprint {fingerprint})")
    if rows:
        lines.append(f"  rows      {_describe_rows(rows)}")
    for file, numbers in rows.get("lines", {}).items():
        lines.append(f"            {file} lines {_shorten(numbers)}")
    for file, numbers in rows.get("partners", {}).items():
        lines.append(f"            joined from {file} lines {_shorten(numbers)}")
    if rows.get("feedback"):
        lines.append(f"            feedback on {_shorten(', '.join(rows['feedback']))}")
    return "\n".join(lines)


def _describe_rows(rows: dict[str, Any]) -> str:
    """The training rows of a version by their origin; the terms add up.

    >>> counts = {"training": 9, "from_snapshot": 4, "feedback_rows": 3, "other": 2}
    >>> _describe_rows(counts | {"feedback": ["a", "b"]})[:66]
    '9 training rows: 4 of the snapshot + 3 of feedback (2 requests) + '
    >>> counts = {"training": 3, "from_snapshot": 4, "feedback_rows": 0, "other": -1}
    >>> _describe_rows(counts | {"feedback": []})
    '3 training rows: 4 of the snapshot - 1 left out of training or unlearned since'
    """
    terms = f"{rows['training']} training rows: {rows['from_snapshot']} of the snapshot"
    if rows["feedback_rows"]:
        terms += f" + {rows['feedback_rows']} of feedback"
        if rows["feedback"]:
            terms += f" ({count_of(len(rows['feedback']), 'request')})"
    if rows["other"] > 0:
        terms += f" + {rows['other']} of earlier snapshots or erased from the snapshot since"
    elif rows["other"]:
        terms += f" - {-rows['other']} left out of training or unlearned since"
    return terms


def _shorten(text: str) -> str:
    if len(text) < 200:
        return text
    return text[:197] + "..."
