"""`mesocosm service feedback`: the true label of a prediction."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.output import (
    AsJson,
    Asked,
    File,
    answer,
    open_project,
    prediction_of,
    report_failures,
)
from mesocosm.core.errors import MesocosmError


@report_failures
def feedback(
    prediction: Asked, label: str, file: File = Path("ecosystem.yaml"), as_json: AsJson = False
) -> None:
    """Record the true LABEL of PREDICTION."""
    from mesocosm.api.service_calls import call, local

    eco = open_project(file)
    prediction = prediction_of(eco, prediction)
    row = eco.catalog.prediction(prediction)
    if row is None:
        raise MesocosmError(f"no prediction is named '{prediction[:60]}'")
    body = {"id": prediction, "label": label}
    if call(eco, "POST", f"/v1/services/{row['service']}/feedback", body) is None:
        local(eco, row["service"]).feedback(prediction, label)
    answer(
        {"kept": True, "prediction": prediction, "label": label},
        as_json,
        lambda d: f"recorded: the true label of {prediction} is {label}",
    )
