"""`mesocosm service feedback`: the true label of a prediction."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.output import (
    AsJson,
    Asked,
    File,
    answer,
    open_project,
    report_failures,
)
from mesocosm.core.messages import Message


@report_failures
def feedback(
    prediction: Asked, label: str, file: File = Path("ecosystem.yaml"), as_json: AsJson = False
) -> None:
    """Record the true LABEL of PREDICTION."""
    answer(
        open_project(file).service.feedback(prediction, label),
        as_json,
        lambda d: Message("cli.service.feedback", prediction=d.prediction, label=d.label).render(),
    )
