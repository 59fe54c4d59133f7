"""The state of an ecosystem as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NotRequired, TypedDict

from mesocosm.cli.output import count_of
from mesocosm.core.messages import Message, Text, render_stored
from mesocosm.core.records import JsonObject

NOTES = (  # what a monitor cannot test, by key
    ("labels", "cli.status.labels"),
    ("unwatched", "cli.status.not_monitored"),
    ("trouble", "cli.status.trouble"),
)


class CandidateData(TypedDict):
    """The requests, errors and labels of a version that is rolled out."""

    requests: int
    errors: int
    p95_ms: float
    judged: NotRequired[int]
    right: NotRequired[int]


class RolloutProgress(TypedDict, total=False):
    """How far a rollout is, and both versions compared."""

    share: float
    steps: int
    new: CandidateData
    difference: float
    p: float


class RolloutData(TypedDict):
    """A rollout in progress."""

    version: str
    strategy: str
    step: int
    why: str
    detail: RolloutProgress | None


class RefusedData(TypedDict):
    """A version that missed a gate, and why it was refused."""

    version: str
    why: str


class ServiceData(TypedDict):
    """A service: what it runs, its rollout, how many requests it answered, and the newest version
    of its model where it was refused.
    """

    runs: str | None
    rollout: RolloutData | None
    answered: int
    refused: NotRequired[RefusedData]


class AlertData(TypedDict):
    """An open alert; `text` is its message as id and parameters."""

    id: str
    monitor: str
    message: str
    text: NotRequired[JsonObject | None]


class MonitorData(TypedDict, total=False):
    """The rows that a monitor has for its next test, and what it cannot test."""

    window: int
    waiting: int
    labels: str
    unwatched: str
    trouble: str


class WorkData(TypedDict):
    """A build in progress, and its lines so far."""

    address: str
    lines: list[str]


class StatusData(TypedDict):
    """What runs now."""

    ecosystem: str
    running: bool
    url: str | None
    services: dict[str, ServiceData]
    monitors: dict[str, MonitorData] | None
    watched: list[str]
    alerts: list[AlertData]
    work: list[WorkData]


def format_status(data: StatusData) -> str:
    """Where it is served, each service with its rollout, open alerts, monitors and builds."""
    state = Message("cli.status.not_running", name=data["ecosystem"])
    if data["running"]:
        state = Message("cli.status.running", name=data["ecosystem"], url=data["url"] or "")
    lines = [state.render()]
    for name, service in data["services"].items():
        lines += _format_service(name, service)
    lines += _format_alerts(data["alerts"])
    lines += _format_monitors(data)
    lines += _format_work(data["work"])
    return "\n".join(lines)


def _format_alerts(alerts: list[AlertData]) -> list[str]:
    if not alerts:
        return ["  " + Message("cli.status.no_alert").render()]
    return [f"  {_format_alert(alert)}" for alert in alerts]


def _format_work(work: list[WorkData]) -> Iterator[str]:
    """The newest line of each build."""
    for build in work:
        if build["lines"]:
            address, line = build["address"], build["lines"][-1]
            building = Message("cli.status.building", address=address, line=line)
            yield f"  {building.render()}"


def _format_service(name: str, service: ServiceData) -> list[str]:
    runs: Text = service["runs"] or Message("cli.status.nothing_deployed")
    requests = count_of(service["answered"], "request")
    line = Message("cli.status.service", name=name, runs=runs, requests=requests)
    lines = [f"  {line.render()}"]
    if service["rollout"]:
        lines.append(f"    {_format_rollout(service['rollout'])}")
    if refused := service.get("refused"):
        line = Message("cli.status.refused", version=refused["version"], why=refused["why"])
        lines.append(f"    {line.render()}")
    return lines


def _format_alert(alert: AlertData) -> str:
    message = render_stored(alert.get("text") or {}, alert["message"])
    monitor, ident = alert["monitor"], alert["id"]
    return Message("cli.status.alert", monitor=monitor, message=message, alert=ident).render()


def _format_monitors(data: StatusData) -> list[str]:
    if data["watched"] and data["monitors"] is None:
        return ["  " + _say_unknown(data["running"]).render()]
    lines = []
    for name, last in (data["monitors"] or {}).items():
        state = _format_monitor(last)
        if state:
            lines.append("  " + Message("cli.status.monitor", name=name, state=state).render())
    return lines


def _say_unknown(running: bool) -> Message:
    """Why it is not known what the monitors measured."""
    if running:
        return Message("cli.status.monitors_unknown")
    return Message("cli.status.monitors_stopped")


def _format_monitor(last: MonitorData) -> str:
    """The rows that a monitor has for its next test, and what it cannot test.

    >>> _format_monitor({})
    'no check yet'
    >>> _format_monitor({"window": 80, "waiting": 3, "labels": "not known: 2 of 30 labels"})
    '3 of 80 rows of the next window collected; labels: not known: 2 of 30 labels'
    """
    if not last:
        return Message("cli.status.no_check").render()
    parts = [*_describe_window(last), *_describe_untested(last)]
    if not parts:
        return ""
    state = parts[0]
    for part in parts[1:]:
        state = Message("cli.status.and", first=state, second=part)
    return state.render()


def _describe_window(last: MonitorData) -> Iterator[Message]:
    """How many rows of the next window there are."""
    if last.get("window"):
        waiting = last.get("waiting") or 0
        yield Message("cli.status.window", waiting=waiting, window=last["window"])


def _describe_untested(last: Mapping[str, object]) -> Iterator[Message]:
    """What the monitor cannot test."""
    for key, id in NOTES:
        if last.get(key):
            yield Message(id, note=str(last[key]))


def _format_rollout(rollout: RolloutData) -> str:
    """A rollout in progress, in a sentence."""
    detail = rollout["detail"] or {}
    if detail.get("share"):
        step, steps, share = rollout["step"] + 1, detail["steps"], detail["share"]
        state = Message("cli.status.gets_share", share=share, step=step, steps=steps)
    elif detail:
        state = Message("cli.status.in_shadow")
    else:
        state = Message("cli.status.loading")
    return Message(
        "cli.status.rollout",
        method=rollout["strategy"],
        version=rollout["version"],
        state=state,
        counts=_describe_candidate(detail),
        why=rollout["why"],
    ).render()


def _describe_candidate(detail: RolloutProgress) -> Text:
    """The requests, errors and accuracy of the version that is rolled out."""
    new = detail.get("new")
    if not new:
        return ""
    counts = Message(
        "cli.status.candidate",
        requests=new["requests"],
        errors=new["errors"],
        p95=new["p95_ms"],
    )
    if not new.get("judged"):
        return counts
    return Message(
        "cli.status.candidate_labels",
        counts=counts,
        right=new["right"],
        labelled=new["judged"],
        difference=detail["difference"],
        p=detail["p"],
    )
