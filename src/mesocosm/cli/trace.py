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
    lines += [f"  rows      {d['rows']['training']} training rows; {f} lines {n if len(n) < 200 else n[:197] + '...'}" for f, n in d["rows"]["lines"].items()]
    return "\n".join(lines)
