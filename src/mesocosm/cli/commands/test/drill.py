"""`mesocosm test drill`: a change of the data sent to a running service on purpose, or a fault
injected into a copy of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.lifecycle.server_info import find_server
from mesocosm.serving.requests.request_marks import DRILL, HEADER

if TYPE_CHECKING:
    from httpx import Client

DRILLS = ("quiet", "unit-change", "drift", "concept-change", "kill", "bad-model", "full-disk")
OF_NUMBERS = ("unit-change", "drift")
ON_A_COPY = ("kill", "bad-model", "full-disk")
LATER = 15.0  # seconds in which later rows may change the diagnosis of an alert
QUIET = 5.0  # seconds after which a quiet drill ends where no drift alert is open


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
            return "drill unit-change"
    return "story" if (spec.root / "story.yaml").is_file() else "drill kill"


@report_failures
def drill(
    kind: Annotated[
        str,
        typer.Argument(
            help="quiet, unit-change, drift, concept-change; on a copy: kill, bad-model, full-disk."
        ),
    ],
    file: File = Path("ecosystem.yaml"),
    service: Annotated[
        str | None, typer.Option(help="The service; the first watched one where not given.")
    ] = None,
    rows: Annotated[int, typer.Option(min=10, max=5000)] = 300,
    wait: Annotated[float, typer.Option(help="Seconds to wait for what follows.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send test rows to a running service, changed as KIND says, and report what followed; or
    inject a fault into a copy, and report how long recovery took.
    """

    if kind not in DRILLS:
        raise ConfigValueError(
            "", f"no drill is named '{kind}'", "one of the choices", DRILLS, kind
        )
    eco = open_project(file)

    if kind in ON_A_COPY:
        answer(_inject_fault(eco, service, kind), as_json, _fault_text)
        return
    target = _choose_target(eco, service)
    if kind in OF_NUMBERS and not target.number:
        raise ConfigValueError(
            "",
            f"'{kind}' changes a number, and '{target.service}' takes none",
            "another drill, or 'mesocosm test scenario' where a story.yaml is beside the file",
            [other for other in DRILLS if other not in OF_NUMBERS],
        )
    server = find_server(eco.spec.root / ".mesocosm")
    if server is None:
        raise MesocosmError("the ecosystem is not up; start it with: mesocosm up")
    before = eco.catalog.deployment(target.service)
    if before is None:
        raise MesocosmError(f"nothing is deployed for '{target.service}'")
    began = time.time()
    codes = _send_rows(server, target, kind, rows)
    found: dict[str, Any] = {
        "drill": kind,
        "service": target.service,
        "rows": rows,
        "failed": _count(codes, 5),
        "refused": _count(codes, 4),
        "seconds": round(time.time() - began, 1),
    }
    _wait_for_reactions(eco, target.service, kind, began, wait)
    answer(found | _describe_reactions(eco, target.service, began, before), as_json, _text)


def _inject_fault(eco: Any, service: str | None, kind: str) -> dict[str, Any]:
    from mesocosm.resilience.fault_injection import run_drill

    served = [name for name, settings in eco.spec.eco.services.items() if settings.model]
    if not served or service not in (None, *served):
        raise ConfigValueError(
            "--service", f"got '{service}'", "a service with a model", served, str(service)
        )
    found: dict[str, Any] = run_drill(eco.spec, service or served[0], kind)
    return found


def _choose_target(eco: Any, service: str | None) -> Target:
    """The service that was named, or the first whose drift is watched, with its model's rows."""
    from mesocosm.lifecycle.access.data_access import read_columns, read_field_types

    services = eco.spec.eco.services
    watched = [monitor.service for monitor in eco.spec.eco.monitors.values() if monitor.drift]
    name = service or next(iter(watched), "")
    if name not in services or not services[name].model:
        raise MesocosmError("no service with a model is watched for drift; name one with --service")
    model = eco.spec.eco.models[services[name].model]
    snapshot = eco.catalog.snapshot(dataset=model.dataset)
    data, split = read_columns(eco.spec, snapshot, [*model.features, model.target])
    kinds = read_field_types(snapshot)
    number = _first_of_kind(model.features, kinds, "number")
    whole = number is None
    if number is None:
        number = _first_of_kind(model.features, kinds, "integer")
    return Target(name, model.features, model.target, number, whole, data, split)


def _first_of_kind(fields: Sequence[str], kinds: Mapping[str, str], kind: str) -> str | None:
    return next((field for field in fields if kinds[field] == kind), None)


def _send_rows(server: Mapping[str, Any], target: Target, kind: str, rows: int) -> Counter[int]:
    """Send held-out rows in turn, changed as the drill says; how often each status was answered."""
    import sys

    import httpx

    from mesocosm.client import row_as_json
    from mesocosm.lifecycle.access.data_access import select_held_out

    ordered = target.data[target.number] if kind == "drift" and target.number else None
    held = select_held_out(target.split, ordered)
    other_label = _next_labels(target.data[target.target])
    codes = Counter[int]()
    headers = {"Authorization": f"Bearer {server['token']}", HEADER: DRILL}
    label = f"{kind}: {rows} rows to {target.service}"
    with (
        httpx.Client(base_url=server["url"], headers=headers, timeout=30) as http,
        typer.progressbar(range(rows), label=label, file=sys.stderr) as bar,
    ):
        for n in bar:
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


def _wait_for_reactions(eco: Any, service: str, kind: str, began: float, wait: float) -> None:
    """Wait until alerts, diagnoses and a retraining that the monitor asks for are there."""
    start = time.time()
    retrains = any(_retrains(monitor, service) for monitor in eco.spec.eco.monitors.values())
    while (elapsed := time.time() - start) < wait:
        if kind == "quiet" and elapsed > QUIET and not _open_drifts(eco, service):
            return
        alerts = _alerts_since(eco, service, began)
        if _are_final(alerts, elapsed):
            asks = retrains and any(v["remedy"] == "retrain" for v in _verdicts(alerts))
            if not asks or _retrainings(eco, began):
                return
        time.sleep(0.5)


def _are_final(alerts: list[dict[str, Any]], elapsed: float) -> bool:
    """Whether there are alerts, and no later row may change their diagnosis."""
    if not alerts:
        return False
    confirmed = all(alert["detail"].get("confirmed", True) for alert in alerts)
    return confirmed or elapsed > LATER


def _retrains(monitor: Any, service: str) -> bool:
    """Whether a monitor retrains a service where it drifts."""
    return bool(monitor.service == service and monitor.drift and monitor.reacts_with("retrain"))


def _open_drifts(eco: Any, service: str) -> list[dict[str, Any]]:
    return [
        alert
        for alert in eco.catalog.alerts(open_only=True)
        if alert["service"] == service and alert["what"] == "drift"
    ]


def _alerts_since(eco: Any, service: str, began: float) -> list[dict[str, Any]]:
    alerts = eco.catalog.alerts()
    return [alert for alert in alerts if alert["service"] == service and alert["at"] >= began]


def _retrainings(eco: Any, began: float) -> list[dict[str, Any]]:
    return [
        line for line in eco.catalog.audit(30) if line["at"] >= began and line["who"] == "retrain"
    ]


def _verdicts(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The diagnoses of drifts, the newest first."""
    return [alert["detail"]["verdict"] for alert in alerts if "verdict" in alert["detail"]]


def _describe_reactions(
    eco: Any, service: str, began: float, before: Mapping[str, Any]
) -> dict[str, Any]:
    alerts, lines = _alerts_since(eco, service, began), _retrainings(eco, began)
    earlier = [
        {"id": alert["id"], "message": alert["message"]}
        for alert in eco.catalog.alerts(open_only=True)
        if alert["service"] == service and alert["at"] < began
    ]
    return {
        "open_before": earlier,
        "alerts": [alert["message"] for alert in reversed(alerts)],
        "judged": next(iter(_verdicts(alerts)), None),
        "verdict": lines[0]["why"] if lines else None,
        "before": before["version"],
        "after": eco.catalog.deployment(service)["version"],
    }


def _fault_text(found: dict[str, Any]) -> str:
    lines = [
        f"{found['drill']} of a copy of {found['service']}: recovered in {found['seconds']:.2f} s;"
        f" {found['requests']} requests meanwhile, {found['failed']} failed, {found['lost']}"
        " answered and not logged"
    ]
    lines += [f"  {found['what']}", *(f"  audit: {line}" for line in found["log"])]
    return "\n".join(lines)


def _text(found: dict[str, Any]) -> str:
    first = (
        f"{found['drill']}: {found['rows']} rows to {found['service']} in {found['seconds']} s,"
        f" {found['failed']} server errors"
    )
    if found["refused"]:
        first += f", {found['refused']} refused"
    lines = [
        first,
        "  The rows are marked as a drill: the monitor evaluates them apart from the traffic, and"
        " neither they nor their labels train a model, evaluate a version or count as requests.",
        *_alert_lines(found),
    ]
    if found["judged"]:
        lines.append(_diagnosis_line(found["judged"]))
    if found["verdict"]:
        lines.append(
            "  a challenger was trained, as the monitor asks; it was neither trained nor evaluated"
            f" on rows or labels of the drill: {found['verdict']}"
        )
    lines.append(f"  served before by {found['before']}, now by {found['after']}")
    return "\n".join(lines)


def _alert_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"  alert: {message}" for message in found["alerts"]]
    if not lines and found["open_before"]:
        lines = ["  no new alert"]
    elif not lines:
        lines = ["  no alert"]
    for alert in found["open_before"]:
        lines.append(
            f"  still open from before: {alert['message']} [{alert['id']}]; while it is open, the"
            " same change raises no second alert; unchanged rows close it: mesocosm test drill"
            " quiet"
        )
    return lines


def _diagnosis_line(verdict: Mapping[str, Any]) -> str:
    line = f"  diagnosis: {verdict['kind']}"
    if verdict["harm"] is not None:
        line += f", about {verdict['harm']:.3f} of accuracy lost"
    return f"{line}; remediation: {verdict['remedy']}"
