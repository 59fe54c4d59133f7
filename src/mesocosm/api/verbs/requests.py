"""Verbs about requests: a prediction, a file of rows, an explanation, a trace, a question. They ask
the server where it runs, else this process.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from mesocosm.catalog.rows import PredictionRow
from mesocosm.client.answers import Answer, Explanation, Trace
from mesocosm.client.predictions import Prediction, prediction_of, row_as_json
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import inside
from mesocosm.core.messages import Message
from mesocosm.core.records import Json, JsonObject

if TYPE_CHECKING:
    from pathlib import Path

    from mesocosm.api.ecosystem import Ecosystem


def predict_row(eco: Ecosystem, service: str, row: Mapping[str, object]) -> Prediction:
    """The prediction of one row, logged with an id that a trace follows; `@photo.png` stands for
    the bytes of a file of the project.

    Raises:
        MesocosmError: the row is quarantined, nothing is deployed, or the server refuses it.
        ConfigValueError: there is no such service, or a value is invalid.
    """
    from mesocosm.api.service_calls import call, deployed_instance, local

    given: object = row
    if isinstance(row, Mapping):
        _refuse_infinite(row)
        values = row_as_json(row)
        given = {key: _attach_file(key, value, eco.spec.root) for key, value in values.items()}
    if service not in eco.spec.eco.services:
        local(eco, service)
    found: Mapping[str, object] | None
    found = call(eco, "POST", f"/v1/services/{service}/predict", given)
    if found is None:
        served = local(eco, service)
        fields = deployed_instance(served).fields
        if fields is None:
            raise MesocosmError(Message("lifecycle.serves_no_model", service=service))
        fields.check(given)
        found = served.predict([given])[0]
    if "why" in found:
        raise MesocosmError(Message("api.row_quarantined", why=str(found["why"])))
    return prediction_of(found)


def _refuse_infinite(row: Mapping[str, object]) -> None:
    for key, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise MesocosmError(Message("api.not_finite", key=key[:60]))


def _attach_file(key: str, value: Json, root: Path) -> Json:
    """The value, or the bytes of a file of the project that is given as `@photo.png`, as a data
    URL.

    Raises:
        ConfigValueError: the path leaves the project.
    """
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    path = inside(root, value[1:], key)
    if not path.is_file():
        return value
    return "data:;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def find_prediction(eco: Ecosystem, prediction: str | Prediction) -> str:
    """The id of a prediction; `last` stands for the newest of all services.

    Raises:
        MesocosmError: `last`, and there is no prediction yet.
    """
    if isinstance(prediction, Prediction):
        return prediction.id
    if prediction != "last":
        return prediction
    newest: list[PredictionRow] = []
    for service in eco.spec.eco.services:
        newest += eco.catalog.predictions(service, 1)
    if not newest:
        raise MesocosmError(Message("cli.no_last_prediction"))
    return str(max(newest, key=lambda row: row["at"])["id"])


def explain_prediction(eco: Ecosystem, prediction: str | Prediction) -> Explanation:
    """Why a prediction came out as it did."""
    from mesocosm.reports.explanations import explain

    found = explain(eco.spec, eco.catalog, find_prediction(eco, prediction))
    return Explanation.from_json(found)


def trace_prediction(eco: Ecosystem, prediction: str | Prediction) -> Trace:
    """The lineage of a prediction."""
    from mesocosm.app.loader import trace

    return Trace.from_json(trace(eco.spec, eco.catalog, find_prediction(eco, prediction)))


def ask_service(eco: Ecosystem, service: str, question: str) -> Answer:
    """The answer of a service that answers from a table."""
    from mesocosm.api.service_calls import call, deployed_instance, local

    if not question.strip():
        raise MesocosmError(Message("api.question_empty"))
    services = eco.spec.eco.services
    if service not in services:
        local(eco, service)  # says which services there are
    if services[service].answers is None:
        speaking = [name for name, settings in services.items() if settings.answers]
        if speaking:
            raise MesocosmError(
                Message("api.no_answers_but", service=service, services=tuple(speaking))
            )
        raise MesocosmError(Message("api.no_answers", service=service))
    messages: list[Json] = [{"role": "user", "content": question}]
    body: JsonObject = {"model": service, "messages": messages}
    found = call(eco, "POST", "/v1/chat/completions", body)
    if found:
        return Answer.from_json(cast(JsonObject, found["grounding"]))
    return Answer.from_json(deployed_instance(local(eco, service)).ask(question.strip()))
