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
from mesocosm.core.messages import Message

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
        Message(
            "cli.trace.prediction",
            id=prediction.id,
            label=str(prediction.output["label"]),
            service=prediction.service,
        ).render(),
        Message(
            "cli.trace.version",
            version=version.id,
            method=str(recipe.get("method")),
            head=str(recipe.get("head")),
            content=version.content,
        ).render(),
        Message(
            "cli.trace.snapshot",
            snapshot=snapshot.id,
            kept=account.get("kept"),
            all=account.get("in"),
        ).render(),
    ]
    for name, fingerprint in found.files.items():
        lines.append(Message("cli.trace.file", file=name, fingerprint=fingerprint).render())
    if found.rows:
        lines += _row_lines(found.rows)
    return "\n".join(lines)


def _row_lines(rows: TrainingRows) -> list[str]:
    """The training rows, and where they are from."""
    lines = [Message("cli.trace.rows", rows=_describe_rows(rows)).render()]
    for file, numbers in rows.lines.items():
        lines.append(Message("cli.trace.lines", file=file, lines=_shorten(numbers)).render())
    for file, numbers in rows.partners.items():
        lines.append(Message("cli.trace.joined", file=file, lines=_shorten(numbers)).render())
    if rows.feedback:
        lines.append(
            Message("cli.trace.feedback", requests=_shorten(", ".join(rows.feedback))).render()
        )
    return lines


def _describe_rows(rows: TrainingRows) -> str:
    """The training rows of a version by their origin; the terms add up.

    >>> from mesocosm.client.answers import TrainingRows
    >>> _describe_rows(TrainingRows(9, {}, {}, 4, ("a", "b"), 3, 2))[:66]
    '9 training rows: 4 of the snapshot + 3 of feedback (2 requests) + '
    >>> _describe_rows(TrainingRows(3, {}, {}, 4, (), 0, -1))
    '3 training rows: 4 of the snapshot - 1 left out of training or unlearned since'
    """
    terms = Message(
        "cli.trace.training", training=rows.training, snapshot=rows.from_snapshot
    ).render()
    if rows.feedback_rows:
        terms += Message("cli.trace.of_feedback", rows=rows.feedback_rows).render()
        if rows.feedback:
            requests = count_of(len(rows.feedback), "request")
            terms += Message("cli.trace.of_requests", requests=requests).render()
    if rows.other > 0:
        terms += Message("cli.trace.of_earlier", rows=rows.other).render()
    elif rows.other:
        terms += Message("cli.trace.left_out", rows=-rows.other).render()
    return terms


def _shorten(text: str) -> str:
    if len(text) < 200:
        return text
    return text[:197] + "..."
