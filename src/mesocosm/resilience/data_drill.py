"""Drills with changed data: held-out rows sent to a running service, changed on purpose, and what
its monitor makes of them.

Knows the catalog and the gateway. The rows are marked, so that nothing is trained on them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import DiagnosisData
from mesocosm.catalog.rows import AlertRow, AuditRow, DeploymentRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import read_number
from mesocosm.lifecycle.server_info import ServerRecord, find_server
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.requests.request_marks import DRILL, HEADER

if TYPE_CHECKING:
    from httpx import Client

    from mesocosm.data.dataset import Dataset
    from mesocosm.learning.model import Model

DATA_DRILLS = ("quiet", "unit-change", "drift", "concept-change")
FAULT_DRILLS = ("kill", "bad-model", "full-disk")  # on a copy
DRILLS = (*DATA_DRILLS, *FAULT_DRILLS)
OF_NUMBERS = ("unit-change", "drift")
LATER = 15.0  # seconds in which later rows may change the diagnosis of an alert
QUIET = 5.0  # seconds after which a quiet drill ends where no drift alert is open

Report = Callable[[str, int, int], None]  # what is sent, how many rows were, of how many


@dataclass(frozen=True)
class Target:
    """What the rows of a drill are sent to.

    Args:
        service: its name.
        inputs: the model's inputs.
        target: the field that it predicts.
        number: the input that a change of numbers changes; None where there is none.
        whole: whether that input is an integer.
        data: the snapshot's columns by field.
        split: the part of the split of each row.
    """

    service: str
    inputs: Sequence[str]
    target: str
    number: str | None
    whole: bool
    data: Mapping[str, Sequence[object]]
    split: Sequence[str]


def suggest_drill(spec: Spec) -> str:
    """What to try first on a running ecosystem, as the command's words."""
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    data = resolve_datasets(spec)
    for model in _watched_models(spec):
        if _takes_number(model, data[model.dataset]):
            return "test drill unit-change"
    if (spec.root / "story.yaml").is_file():
        return "test scenario"
    return "test drill kill"


def _watched_models(spec: Spec) -> Iterator[Model]:
    """The models whose drift is watched."""
    for monitor in spec.eco.monitors.values():
        model = spec.eco.models.get(str(spec.eco.services[monitor.service].model))
        if monitor.drift and model:
            yield model


def _takes_number(model: Model, data: Dataset) -> bool:
    """Whether an input of a model is a number."""
    types = [getattr(data.fields.get(field), "type", "") for field in model.features]
    return any(kind in ("number", "integer", "decimal") for kind in types)


@dataclass(frozen=True)
class DrillSettings:
    """A drill with changed data.

    Args:
        kind: one of `DATA_DRILLS`.
        service: the service; None takes the first that is watched for drift.
        rows: how many rows are sent.
        wait: seconds to wait for what follows.
    """

    kind: str
    service: str | None = None
    rows: int = 300
    wait: float = 60.0


class EarlierAlert(TypedDict):
    """An alert that was open before a drill."""

    id: str
    message: str


class Reactions(TypedDict):
    """What followed a drill: the messages of new alerts, the diagnosis (`judged`), why a
    challenger was promoted or not, and the versions before and after.
    """

    open_before: list[EarlierAlert]
    alerts: list[str]
    judged: DiagnosisData | None
    verdict: str | None
    before: str
    after: str


class DrillReport(Reactions):
    """What was sent, how many rows failed or were refused, and what followed."""

    drill: str
    service: str
    rows: int
    failed: int
    refused: int
    seconds: float


def run_data_drill(
    spec: Spec, catalog: Catalog, settings: DrillSettings, report: Report
) -> DrillReport:
    """Send rows to the running service, and say what followed.

    Raises:
        ConfigValueError: the model takes no number that the drill could change.
        MesocosmError: no service is watched, nothing is deployed, or no server runs.
    """
    kind, target = settings.kind, _choose_target(spec, catalog, settings.service)
    _check_number(kind, target)
    server = find_server(spec.root / ".mesocosm")
    if server is None:
        raise MesocosmError(Message("resilience.not_up"))
    before = catalog.deployment(target.service)
    if before is None:
        model = spec.eco.services[target.service].model
        raise MesocosmError(catalog.explain_not_deployed(target.service, model))
    began = time.time()
    codes = _send_rows(server, target, settings, report)
    seconds = round(time.time() - began, 1)
    _wait_for_reactions(spec, catalog, target.service, settings, began)
    return {
        "drill": kind,
        "service": target.service,
        "rows": settings.rows,
        "failed": _count(codes, 5),
        "refused": _count(codes, 4),
        "seconds": seconds,
        **_describe_reactions(catalog, target.service, began, before),
    }


def _check_number(kind: str, target: Target) -> None:
    """Refuse to change a number of a service that takes none.

    Raises:
        ConfigValueError: it takes none.
    """
    if kind in OF_NUMBERS and not target.number:
        raise ConfigValueError(
            "",
            Message("resilience.no_number", kind=kind, service=target.service),
            Message("resilience.another_drill"),
            [other for other in DRILLS if other not in OF_NUMBERS],
        )


def _choose_target(spec: Spec, catalog: Catalog, service: str | None) -> Target:
    """The service that was named, or the first whose drift is watched, with its model's rows."""
    from mesocosm.lifecycle.access.data_access import read_columns, read_field_types

    name = service or _first_watched(spec)
    model = _model_of(spec, name)
    snapshot = catalog.snapshot(dataset=model.dataset)
    if snapshot is None:
        raise MesocosmError(Message("resilience.not_built", dataset=model.dataset))
    data, split = read_columns(spec, snapshot, [*model.features, model.target])
    number, whole = _choose_number(model.features, read_field_types(snapshot))
    return Target(name, model.features, model.target, number, whole, data, split)


def _choose_number(fields: Sequence[str], kinds: Mapping[str, str]) -> tuple[str | None, bool]:
    """The first number among some fields, else the first integer; and whether it is an integer."""
    number = _first_of_kind(fields, kinds, "number")
    if number is not None:
        return number, False
    return _first_of_kind(fields, kinds, "integer"), True


def _model_of(spec: Spec, service: str) -> Model:
    """The model of a service.

    Raises:
        MesocosmError: there is no such service, or it has no model.
    """
    services = spec.eco.services
    if service not in services or not services[service].model:
        raise MesocosmError(Message("resilience.none_monitored"))
    return spec.eco.models[str(services[service].model)]


def _first_watched(spec: Spec) -> str:
    """The first service whose drift is watched; empty where there is none."""
    watched = [monitor.service for monitor in spec.eco.monitors.values() if monitor.drift]
    return next(iter(watched), "")


def _first_of_kind(fields: Sequence[str], kinds: Mapping[str, str], kind: str) -> str | None:
    return next((field for field in fields if kinds[field] == kind), None)


def _send_rows(
    server: ServerRecord, target: Target, settings: DrillSettings, report: Report
) -> Counter[int]:
    """Send held-out rows in turn, changed as the drill says; how often each status was answered."""
    import httpx

    rows, held = settings.rows, _choose_rows(target, settings.kind)
    other_label = _next_labels(target.data[target.target])
    codes = Counter[int]()
    headers = {"Authorization": f"Bearer {server['token']}", HEADER: DRILL}
    label = f"{settings.kind}: {rows} rows to {target.service}"
    with httpx.Client(base_url=server["url"], headers=headers, timeout=30) as http:
        for n in range(rows):
            row, truth = _read_row(target, held[n % len(held)])
            if settings.kind == "unit-change":
                _change_unit(row, target)
            feedback = _choose_feedback(settings.kind, truth, other_label, n)
            codes[_send(http, target.service, row, feedback)] += 1
            report(label, n + 1, rows)
    return codes


def _choose_feedback(kind: str, truth: str, other_label: Mapping[str, str], n: int) -> str | None:
    """The label that is recorded of a row, by its number: another one where the concept changes;
    every second row has none where a unit changes.
    """
    if kind == "concept-change":
        return other_label[truth]
    if kind == "unit-change" and n % 2 == 0:
        return None
    return truth


def _choose_rows(target: Target, kind: str) -> list[int]:
    """The held-out rows of a drill; of a drift, those of the upper half of the number."""
    from mesocosm.lifecycle.access.data_access import select_held_out

    if kind != "drift" or not target.number:
        return select_held_out(target.split)
    numbers = [read_number(value) for value in target.data[target.number]]
    return select_held_out(target.split, numbers)


def _read_row(target: Target, at: int) -> tuple[dict[str, Json], str]:
    """A row as it is sent, and its label."""
    from mesocosm.client import row_as_json

    row = row_as_json({field: target.data[field][at] for field in target.inputs})
    return row, str(target.data[target.target][at])


def _change_unit(row: dict[str, Json], target: Target) -> None:
    """The number as if Deutsche Mark were given in euros."""
    value = None
    if target.number:
        value = read_number(row[target.number])
    if target.number is None or value is None:
        return
    changed = value / 1.95583
    if target.whole:
        changed = round(changed)
    row[target.number] = changed


def _next_labels(values: Sequence[object]) -> dict[str, str]:
    """Another label for each label."""
    labels = sorted({str(value) for value in values if value is not None})
    return dict(zip(labels, labels[1:] + labels[:1], strict=True))


def _send(http: Client, name: str, row: dict[str, Json], label: str | None) -> int:
    """Send a row, and its label where it gets a prediction; the status of the response."""
    response = http.post(f"/v1/services/{name}/predict", json=row)
    if label and response.status_code == 200:
        body = {"id": response.json()["id"], "label": label}
        http.post(f"/v1/services/{name}/feedback", json=body)
    return response.status_code


def _count(codes: Counter[int], hundred: int) -> int:
    return sum(count for code, count in codes.items() if code // 100 == hundred)


def _wait_for_reactions(
    spec: Spec, catalog: Catalog, service: str, settings: DrillSettings, began: float
) -> None:
    """Wait until alerts, diagnoses and a retraining that the monitor asks for are there."""
    start = time.time()
    while (elapsed := time.time() - start) < settings.wait:
        if settings.kind == "quiet" and elapsed > QUIET and not _open_drifts(catalog, service):
            return
        if _have_reacted(spec, catalog, service, began, elapsed):
            return
        time.sleep(0.5)


def _have_reacted(spec: Spec, catalog: Catalog, service: str, began: float, elapsed: float) -> bool:
    """Whether the alerts are final, and a retraining that they ask for was done."""
    alerts = _alerts_since(catalog, service, began)
    if not _are_final(alerts, elapsed):
        return False
    return not _asks_to_retrain(spec, service, alerts) or bool(_retrainings(catalog, began))


def _asks_to_retrain(spec: Spec, service: str, alerts: list[AlertRow]) -> bool:
    """Whether a challenger is to be expected: the monitor trains one, and a diagnosis asks so."""
    if not any(_retrains(monitor, service) for monitor in spec.eco.monitors.values()):
        return False
    return any(verdict["remedy"] == "retrain" for verdict in _verdicts(alerts))


def _are_final(alerts: list[AlertRow], elapsed: float) -> bool:
    """Whether there are alerts, and no later row may change their diagnosis."""
    if not alerts:
        return False
    confirmed = all(alert["detail"].get("confirmed", True) for alert in alerts)
    return confirmed or elapsed > LATER


def _retrains(monitor: Monitor, service: str) -> bool:
    """Whether a monitor retrains a service where it drifts."""
    return bool(monitor.service == service and monitor.drift and monitor.reacts_with("retrain"))


def _open_drifts(catalog: Catalog, service: str) -> list[AlertRow]:
    return [
        alert
        for alert in catalog.alerts(open_only=True)
        if alert["service"] == service and alert["what"] == "drift"
    ]


def _alerts_since(catalog: Catalog, service: str, began: float) -> list[AlertRow]:
    alerts = catalog.alerts()
    return [alert for alert in alerts if alert["service"] == service and alert["at"] >= began]


def _retrainings(catalog: Catalog, began: float) -> list[AuditRow]:
    return [line for line in catalog.audit(30) if line["at"] >= began and line["who"] == "retrain"]


def _verdicts(alerts: list[AlertRow]) -> list[DiagnosisData]:
    """The diagnoses of drifts, the newest first."""
    return [alert["detail"]["verdict"] for alert in alerts if "verdict" in alert["detail"]]


def _describe_reactions(
    catalog: Catalog, service: str, began: float, before: DeploymentRow
) -> Reactions:
    alerts, lines = _alerts_since(catalog, service, began), _retrainings(catalog, began)
    verdict = None
    if lines:
        verdict = lines[0]["why"]
    return {
        "open_before": list(_list_earlier(catalog, service, began)),
        "alerts": [alert["message"] for alert in reversed(alerts)],
        "judged": next(iter(_verdicts(alerts)), None),
        "verdict": verdict,
        "before": before["version"],
        "after": (catalog.deployment(service) or before)["version"],
    }


def _list_earlier(catalog: Catalog, service: str, began: float) -> Iterator[EarlierAlert]:
    """The open alerts of a service from before a moment."""
    for alert in catalog.alerts(open_only=True):
        if alert["service"] == service and alert["at"] < began:
            yield {"id": alert["id"], "message": alert["message"]}
