"""Results of the verbs about what was built: builds, the status, what is exported. Knows shapes
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesocosm.catalog.records import Alert, Alerts, Rollout
from mesocosm.core.errors import Finding
from mesocosm.core.records import OMIT, Json, JsonObject, Record, write_value
from mesocosm.monitoring.alert_message import message_as_json

ALERT_KEYS = ("id", "monitor", "service", "what", "message", "at")
ROLLOUT_KEYS = ("version", "before", "strategy", "step", "why", "detail", "began")


def finding_to_json(finding: Finding) -> dict[str, Json]:
    """A finding as JSON-ready data, with its sentence."""
    data = {key: write_value(value) for key, value in finding.as_json().items()}
    return data | {"text": finding.text()}


@dataclass(frozen=True, slots=True)
class BuiltResource(Record):
    """A resource that was built or kept.

    Args:
        address: such as `datasets.credit`.
        sign: `+`, `±`, `~`, `-` or `=`.
        action: the same in a word.
        because: the reasons.
        reasons: the same with the id and the parameters of each message.
        place: the `file` and `line`; None where it left the file.
        account: of a dataset, how many rows came `in`, and were `kept`, `quarantined`, ...
        sources: of a dataset, the same of each of its sources.
    """

    address: str
    sign: str
    action: str
    because: tuple[str, ...]
    reasons: tuple[JsonObject, ...]
    place: JsonObject | None
    account: Mapping[str, int] | None = field(default=None, metadata=OMIT)
    sources: JsonObject | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True)
class BuildResult:
    """What a build did.

    Args:
        done: the resources that were built or kept, in the plan's order.
        failed: findings about those that failed; empty where none did.
        seconds: how long it took.
    """

    done: list[BuiltResource]
    failed: list[Finding]
    seconds: float

    def __str__(self) -> str:
        """The counts, in a sentence."""
        built = sum(resource.sign != "=" for resource in self.done)
        # resources: one may have several findings
        failed = len({tuple(finding.key.split(".")[:2]) for finding in self.failed})
        kept = len(self.done) - built
        return f"{built} done, {kept} kept, {failed} failed in {self.seconds} s."

    def to_json(self) -> dict[str, Json]:
        """The result as JSON-ready data."""
        return {
            "done": [resource.to_json() for resource in self.done],
            "failed": [finding_to_json(finding) for finding in self.failed],
            "seconds": self.seconds,
            "said": str(self),
        }


@dataclass(frozen=True, slots=True)
class RefusedVersion(Record):
    """A model version that missed a gate, and why it was refused."""

    version: str
    why: str


@dataclass(frozen=True, slots=True)
class ServiceStatus(Record):
    """A service now.

    Args:
        rollout: the rollout in progress; None where there is none.
        runs: the version or the answer index that is deployed; None where nothing is.
        why: why it is deployed.
        answered: how many requests it answered.
        refused: the newest version of its model, where a gate refused it.
    """

    rollout: Rollout | None
    runs: str | None
    why: str | None
    answered: int
    refused: RefusedVersion | None = field(default=None, metadata=OMIT)

    def to_json(self) -> dict[str, Json]:
        """The service as JSON-ready data."""
        data = Record.to_json(self)
        if self.rollout:
            rollout = self.rollout.to_json()
            data["rollout"] = {key: rollout[key] for key in ROLLOUT_KEYS}
        return data


@dataclass(frozen=True, slots=True)
class Status:
    """What runs now.

    Args:
        ecosystem: its name.
        running: whether its server answers.
        url: the server's address; None where it does not run.
        services: each service.
        monitors: what each monitor measured last; None where that is not known.
        watched: the names of the monitors.
        alerts: the open alerts.
        work: what is being built.
    """

    ecosystem: str
    running: bool
    url: str | None
    services: Mapping[str, ServiceStatus]
    monitors: Mapping[str, JsonObject] | None
    watched: tuple[str, ...]
    alerts: Alerts
    work: tuple[JsonObject, ...]

    def to_json(self) -> dict[str, Json]:
        """The status as JSON-ready data."""
        return {
            "ecosystem": self.ecosystem,
            "running": self.running,
            "url": self.url,
            "services": write_value(self.services),
            "monitors": write_value(self.monitors),
            "watched": list(self.watched),
            "alerts": [_shorten_alert(alert) for alert in self.alerts],
            "work": list(self.work),
        }


def _shorten_alert(alert: Alert) -> dict[str, Json]:
    data = alert.to_json()
    text = write_value(message_as_json(data))
    return {key: data[key] for key in ALERT_KEYS} | {"text": text}


@dataclass(frozen=True, slots=True)
class InstalledPlugin(Record):
    """A plugin of an installed package.

    Args:
        group: what it adds a kind to, as `sources`.
        name: the kind's name in the file.
        target: where its class is.
        distribution: the package as pip knows it.
        version: of the package.
        source: the folder that the package was installed from to be edited there; empty for any
            other package.
        state: `ready` or `refused`.
        why: why it is refused; empty where it is ready.
    """

    group: str
    name: str
    target: str
    distribution: str
    version: str
    source: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class IntegrityReport(Record):
    """Whether the artifacts that the catalog lists are intact, and which plugins are installed.

    Args:
        checked: how many artifacts were verified.
        faults: what is damaged, a sentence each.
        rebuilt_by_build: the resources that the next build rebuilds.
        plugins: every plugin that is installed, by group and name.
    """

    checked: int
    faults: tuple[str, ...]
    rebuilt_by_build: tuple[str, ...]
    plugins: tuple[InstalledPlugin, ...]


@dataclass(frozen=True, slots=True)
class Export(Record):
    """Files that deploy an ecosystem elsewhere, or its world in 3D."""

    kind: str
    folder: str
    files: tuple[str, ...]
