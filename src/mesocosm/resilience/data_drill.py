"""Drills with changed data: held-out rows sent to a running service, changed on purpose, and what
its monitor makes of them.

Knows the catalog and the gateway. The rows are marked, so that nothing is trained on them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import DiagnosisData
from mesocosm.catalog.rows import AlertRow, AuditRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.lifecycle.server_info import find_server
from mesocosm.serving.requests.request_marks import DRILL, HEADER

if TYPE_CHECKING:
    from httpx import Client

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
    data: Mapping[str, Sequence[Any]]
    split: Sequence[str]


def suggest_drill(spec: Any) -> str:
    """What to try first on a running ecosystem, as the command's words."""
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    eco, data = spec.eco, resolve_datasets(spec)
    for monitor in eco.monitors.values():
        model = eco.models.get(str(eco.services[monitor.service].model))
        if not monitor.drift or model is None:
            continue
        fields = data[model.dataset].fields
        types = [getattr(fields.get(field), "type", "") for field in model.features]
        if any(kind in ("number", "integer", "decimal") for kind in types):
            return "test drill unit-change"
    return "test scenario" if (spec.root / "story.yaml").is_file() else "test drill kill"


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


def run_data_drill(
    spec: Spec, catalog: Catalog, settings: DrillSettings, report: Report
) -> dict[str, Any]:
    """Send rows to the running service, and say what followed.

    Raises:
        ConfigValueError: the model takes no number that the drill could change.
        MesocosmError: no service is watched, nothing is deployed, or no server runs.
    """
    kind, target = settings.kind, _choose_target(spec, catalog, settings.service)
    if kind in OF_NUMBERS and not target.number:
        raise ConfigValueError(
            "",
            f"'{kind}' changes a number, and '{target.service}' takes none",
            "another drill, or 'mesocosm test scenario' where a story.yaml is beside the file",
            [other for other in DRILLS if other not in OF_NUMBERS],
        )
    server = find_server(spec.root / ".mesocosm")
    if server is None:
        raise MesocosmError("the ecosystem is not up; start it with: mesocosm up")
    before = catalog.deployment(target.service)
    if before is None:
        raise MesocosmError(f"nothing is deployed for '{target.service}'")
    began = time.time()
    codes = _send_rows(server, target, settings, report)
    found: dict[str, Any] = {
        "drill": kind,
        "service": target.service,
        "rows": settings.rows,
        "failed": _count(codes, 5),
        "refused": _count(codes, 4),
        "seconds": round(time.time() - began, 1),
    }
    _wait_for_reactions(spec, catalog, target.service, settings, began)
    return found | _describe_reactions(catalog, target.service, began, before)


def _choose_target(spec: Spec, catalog: Catalog, service: str | None) -> Target:
    """The service that was named, or the first whose drift is watched, with its model's rows."""
    from mesocosm.lifecycle.access.data_access import read_columns, read_field_types

    services = spec.eco.services
    watched = [monitor.service for monitor in spec.eco.monitors.values() if monitor.drift]
    name = service or next(iter(watched), "")
    if name not in services or not services[name].model:
        raise MesocosmError("no service with a model is watched for drift; name one with --service")
    model = spec.eco.models[str(services[name].model)]
    snapshot = catalog.snapshot(dataset=model.dataset)
    if snapshot is None:
        raise MesocosmError(f"'{model.dataset}' was not built yet; run 'mesocosm build'")
    data, split = read_columns(spec, snapshot, [*model.features, model.target])
    kinds = read_field_types(snapshot)
    number = _first_of_kind(model.features, kinds, "number")
    whole = number is None
    if number is None:
        number = _first_of_kind(model.features, kinds, "integer")
    return Target(name, model.features, model.target, number, whole, data, split)


def _first_of_kind(fields: Sequence[str], kinds: Mapping[str, str], kind: str) -> str | None:
    return next((field for field in fields if kinds[field] == kind), None)


def _send_rows(
    server: Mapping[str, Any], target: Target, settings: DrillSettings, report: Report
) -> Counter[int]:
    """Send held-out rows in turn, changed as the drill says; how often each status was answered."""
    import httpx

    from mesocosm.client import row_as_json
    from mesocosm.lifecycle.access.data_access import select_held_out

    kind, rows = settings.kind, settings.rows
    ordered = target.data[target.number] if kind == "drift" and target.number else None
    held = select_held_out(target.split, ordered)
    other_label = _next_labels(target.data[target.target])
    codes = Counter[int]()
    headers = {"Authorization": f"Bearer {server['token']}", HEADER: DRILL}
    label = f"{kind}: {rows} rows to {target.service}"
    with httpx.Client(base_url=server["url"], headers=headers, timeout=30) as http:
        for n in range(rows):
            i = held[n % len(held)]
            row = row_as_json({field: target.data[field][i] for field in target.inputs})
            truth: str | None = str(target.data[target.target][i])
            if kind == "unit-change":
                _change_unit(row, target)
                if n % 2 == 0:
                    truth = None
            if kind == "concept-change":
                truth = other_label[str(truth)]
            codes[_send(http, target.service, row, truth)] += 1
            report(label, n + 1, rows)
    return codes


def _change_unit(row: dict[str, Any], target: Target) -> None:
    """The number as if Deutsche Mark were given in euros."""
    number = target.number
    if number and row[number] is not None:
        changed = row[number] / 1.95583
        row[number] = round(changed) if target.whole else changed


def _next_labels(values: Sequence[Any]) -> dict[str, str]:
    """Another label for each label."""
    labels = sorted({str(value) for value in values if value is not None})
    return dict(zip(labels, labels[1:] + labels[:1], strict=True))


def _send(http: Client, name: str, row: dict[str, Any], label: str | None) -> int:
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
    retrains = any(_retrains(monitor, service) for monitor in spec.eco.monitors.values())
    while (elapsed := time.time() - start) < settings.wait:
        if settings.kind == "quiet" and elapsed > QUIET and not _open_drifts(catalog, service):
            return
        alerts = _alerts_since(catalog, service, began)
        if _are_final(alerts, elapsed):
            asks = retrains and any(v["remedy"] == "retrain" for v in _verdicts(alerts))
            if not asks or _retrainings(catalog, began):
                return
        time.sleep(0.5)


def _are_final(alerts: list[AlertRow], elapsed: float) -> bool:
    """Whether there are alerts, and no later row may change their diagnosis."""
    if not alerts:
        return False
    confirmed = all(alert["detail"].get("confirmed", True) for alert in alerts)
    return confirmed or elapsed > LATER


def _retrains(monitor: Any, service: str) -> bool:
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
    catalog: Catalog, service: str, began: float, before: Mapping[str, Any]
) -> dict[str, Any]:
    alerts, lines = _alerts_since(catalog, service, began), _retrainings(catalog, began)
    earlier = [
        {"id": alert["id"], "message": alert["message"]}
        for alert in catalog.alerts(open_only=True)
        if alert["service"] == service and alert["at"] < began
    ]
    return {
        "open_before": earlier,
        "alerts": [alert["message"] for alert in reversed(alerts)],
        "judged": next(iter(_verdicts(alerts)), None),
        "verdict": lines[0]["why"] if lines else None,
        "before": before["version"],
        "after": (catalog.deployment(service) or before)["version"],
    }
