"""What the catalog lists, as records: snapshots, model versions, deployments, rollouts,
predictions, alerts with their diagnosis, and the audit. Knows shapes; reads nothing.

Times are seconds since 1970. `from_json` reads a row of a table or what a server answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, overload

from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json, JsonObject, Record
from mesocosm.core.values.notebook import render_table


def _format_time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Snapshot(Record):
    """One version of a dataset: its rows as they were built.

    Args:
        id: such as `credit@3-ab12cd34`.
        dataset: the dataset's name.
        delta: the version of its table of rows.
        account: how many rows came `in`, and were `kept`, `quarantined`, `duplicates`, ...
        at: when it was built.
        files: the fingerprint of each source file.
        previous: the snapshot before it; None of the first.
        report: what cleaning changed, and the quality.
        recipe: the settings that it was built by.
        facts: statistics of the fields.
    """

    id: str
    dataset: str
    delta: int
    account: Mapping[str, int]
    at: float
    files: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None
    report: JsonObject = field(default_factory=dict, repr=False)
    recipe: JsonObject = field(default_factory=dict, repr=False)
    facts: JsonObject = field(default_factory=dict, repr=False)

    @property
    def kept(self) -> int:
        """How many rows were kept."""
        return self.account["kept"]

    @property
    def quality(self) -> float | None:
        """The quality of its rows, 0 to 1; None where it was not measured."""
        return _number(self.report.get("quality"))


@dataclass(frozen=True, slots=True)
class ModelVersion(Record):
    """One trained version of a model.

    Args:
        id: such as `risk@2-ab12cd34`.
        state: `champion`, `challenger`, `refused` or `retired`.
        why: the reason of the state, in a sentence.
        snapshot: the snapshot that it was trained on.
        at: when it was trained.
        metrics: on held-out rows; also baselines, intervals, slices and warnings.
        recipe: how it was trained.
        model: the model's name.
        number: of the model's versions, from 1.
        content: the hash of its files.
        origin: what it was trained for, such as `build`.
    """

    id: str
    state: str
    why: str
    snapshot: str
    at: float
    metrics: JsonObject = field(default_factory=dict, repr=False)
    recipe: JsonObject = field(default_factory=dict, repr=False)
    model: str = ""
    number: int = 0
    content: str = ""
    origin: str = ""

    def metric(self, name: str) -> float | None:
        """A metric on held-out rows, such as `accuracy`; None where it was not measured."""
        return _number(self.metrics.get(name))


@dataclass(frozen=True, slots=True)
class Deployment(Record):
    """What a service runs, or ran.

    Args:
        service: the service's name.
        version: the id of the model version; empty of a service that only answers from a table.
        answers: the key of its answer index; empty where it has none.
        who: who deployed it.
        why: the reason, in a sentence.
        at: when.
        weights: by class, what its probabilities are recalibrated by; None where they are not.
    """

    service: str
    version: str
    answers: str
    who: str
    why: str
    at: float
    weights: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Rollout(Record):
    """A version that replaces another step by step, in the shadow or at once.

    Args:
        version: the new version.
        before: the version that serves meanwhile.
        strategy: such as `canary` or `shadow`.
        step: from 0.
        why: the reason of the newest step.
        detail: the comparison of both so far.
        began: when.
        service: the service's name.
        state: `running`, `promoted`, `returned` or `replaced`.
        ended_at: when it ended; None while it runs.
    """

    version: str
    before: str
    strategy: str
    step: int
    why: str
    detail: JsonObject | None = None
    began: float | None = None
    service: str = ""
    state: str = ""
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedPrediction(Record):
    """A request that was answered, as the log has it.

    Args:
        id: the prediction's id.
        service: the service's name.
        version: the version that predicted.
        output: the prediction.
        ms: how long it took, in milliseconds.
        at: when.
        snapshot: the snapshot that the version was trained on.
        input: the row as it came (`raw`) and as it was cleaned (`clean`).
    """

    id: str
    service: str
    version: str
    output: JsonObject
    ms: float
    at: float
    snapshot: str = ""
    input: JsonObject = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """What was predicted, as text."""
        return str(self.output.get("label", ""))


REMEDIES = {
    "fix the source": "monitoring.remedy.fix_source",
    "recalibrate": "monitoring.remedy.recalibrate",
    "retrain": "monitoring.remedy.retrain",
    "label rows": "monitoring.remedy.label_rows",
    "nothing": "monitoring.remedy.nothing",
}


@dataclass(frozen=True, slots=True)
class Diagnosis(Record):
    """What a drift is.

    `kind` is `schema`, `missing`, `unit`, `concept`, `label` or `covariate`; `harm` the accuracy
    lost, from 0 to 1, None where it is not known; `remedy` is `fix the source`, `recalibrate`,
    `retrain`, `label rows` or `nothing`; `why` is a sentence; `detail` the figures behind it.
    """

    kind: str
    harm: float | None
    remedy: str
    why: Text
    detail: JsonObject = field(default_factory=dict)

    @property
    def remedy_name(self) -> Text:
        """The remediation in words."""
        return Message(REMEDIES[self.remedy]) if self.remedy in REMEDIES else self.remedy

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The diagnosis; keys beside the four are its detail."""
        own = {key: data.get(key) for key in ("kind", "harm", "remedy", "why")}
        detail = {key: value for key, value in data.items() if key not in own}
        return super(Diagnosis, cls).from_json({**own, "why": own["why"] or "", "detail": detail})

    @property
    def weights(self) -> dict[str, float]:
        """By class, the live over the training frequency; empty where that did not change."""
        found = self.detail.get("weights")
        if not isinstance(found, Mapping):
            return {}
        return {label: _number(weight) or 0.0 for label, weight in found.items()}

    def to_json(self) -> dict[str, Json]:
        """The diagnosis as plain data, its detail beside the other keys."""
        own: dict[str, Json] = {
            "kind": self.kind,
            "harm": self.harm,
            "remedy": self.remedy,
            "why": str(self.why),
        }
        return own | dict(self.detail)


@dataclass(frozen=True, slots=True)
class Alert(Record):
    """What a monitor found.

    Args:
        id: the alert's id.
        monitor: the monitor's name.
        service: the service that it watches.
        what: such as `drift`, `surge` or `rollout`.
        message: a sentence.
        at: when it was raised.
        detail: the figures behind it.
        cleared_at: when it was closed; None while it is open.
    """

    id: str
    monitor: str
    service: str
    what: str
    message: str
    at: float
    detail: JsonObject | None = field(default=None, repr=False)
    cleared_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self.cleared_at is None

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What the drift is; None of other alerts, and while it is not known."""
        found = (self.detail or {}).get("verdict")
        return Diagnosis.from_json(found) if isinstance(found, Mapping) else None

    def _repr_html_(self) -> str:
        return Alerts([self])._repr_html_()


class Alerts(Sequence[Alert]):
    """Alerts, the newest first; a notebook shows them as a table."""

    def __init__(self, alerts: Sequence[Alert]) -> None:
        self._alerts = tuple(alerts)

    def __len__(self) -> int:
        return len(self._alerts)

    def __iter__(self) -> Iterator[Alert]:
        return iter(self._alerts)

    @overload
    def __getitem__(self, at: int) -> Alert: ...
    @overload
    def __getitem__(self, at: slice) -> Alerts: ...
    def __getitem__(self, at: int | slice) -> Alert | Alerts:
        if isinstance(at, slice):
            return Alerts(self._alerts[at])
        return self._alerts[at]

    def __repr__(self) -> str:
        """How many there are, and how many of them are open."""
        return f"<{len(self)} alerts, {sum(alert.is_open for alert in self)} open>"

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No alerts.</p>"
        rows = [
            (
                _format_time(alert.at),
                alert.monitor,
                alert.what,
                alert.message,
                alert.diagnosis.remedy if alert.diagnosis else None,
                "open" if alert.is_open else f"closed {_format_time(alert.cleared_at)}",
            )
            for alert in self
        ]
        return render_table(("at", "monitor", "what", "message", "remedy", "state"), rows)


@dataclass(frozen=True, slots=True)
class AuditEntry(Record):
    """A line of the audit: who did what and why.

    Args:
        id: from 1.
        at: when.
        who: a role, a monitor or a command.
        act: such as `deploy` or `forget`.
        what: what it was done to.
        why: the reason.
    """

    id: int
    at: float
    who: str
    act: str
    what: str
    why: str


def _number(value: Json) -> float | None:
    """A number; None of anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None
