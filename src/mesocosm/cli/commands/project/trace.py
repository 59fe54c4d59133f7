"""`mesocosm trace`: a prediction's lineage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.cli.output import (
    AsJson,
    Asked,
    File,
    answer,
    count_of,
    open_project,
    report_failures,
)

if TYPE_CHECKING:
    from mesocosm.client.answers import Trace, TrainingRows


@report_failures
def trace(prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Follow PREDICTION back to its version, snapshot, source files and rows."""
    answer(open_project(file).trace(prediction), as_json, _text)


def _text(found: Trace) -> str:
    prediction, version, snapshot = found.prediction, found.version, found.snapshot
    recipe, account = found.recipe or {}, snapshot.account or {}
    lines = [
        f"{prediction.id}  {prediction.output['label']} by {prediction.service}",
        f"  version   {version.id} ({recipe.get('method')}, {recipe.get('head')} head, content"
        f" {version.content})",
        f"  snapshot  {snapshot.id} ({account.get('kept')} rows kept of {account.get('in')})",
    ]
    for name, fingerprint in found.files.items():
        lines.append(f"  file      {name} (fingerprint {fingerprint})")
    if found.rows:
        lines += _row_lines(found.rows)
    return "\n".join(lines)


def _row_lines(rows: TrainingRows) -> list[str]:
    """The training rows, and where they are from."""
    lines = [f"  rows      {_describe_rows(rows)}"]
    for file, numbers in rows.lines.items():
        lines.append(f"            {file} lines {_shorten(numbers)}")
    for file, numbers in rows.partners.items():
        lines.append(f"            joined from {file} lines {_shorten(numbers)}")
    if rows.feedback:
        lines.append(f"            feedback on {_shorten(', '.join(rows.feedback))}")
    return lines


def _describe_rows(rows: TrainingRows) -> str:
    """The training rows of a version by their origin; the terms add up.

    >>> from mesocosm.client.answers import TrainingRows
    >>> _describe_rows(TrainingRows(9, {}, {}, 4, ("a", "b"), 3, 2))[:66]
    '9 training rows: 4 of the snapshot + 3 of feedback (2 requests) + '
    >>> _describe_rows(TrainingRows(3, {}, {}, 4, (), 0, -1))
    '3 training rows: 4 of the snapshot - 1 left out of training or unlearned since'
    """
    terms = f"{rows.training} training rows: {rows.from_snapshot} of the snapshot"
    if rows.feedback_rows:
        terms += f" + {rows.feedback_rows} of feedback"
        if rows.feedback:
            terms += f" ({count_of(len(rows.feedback), 'request')})"
    if rows.other > 0:
        terms += f" + {rows.other} of earlier snapshots or erased from the snapshot since"
    elif rows.other:
        terms += f" - {-rows.other} left out of training or unlearned since"
    return terms


def _shorten(text: str) -> str:
    if len(text) < 200:
        return text
    return text[:197] + "..."
