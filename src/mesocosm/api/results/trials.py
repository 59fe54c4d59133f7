"""Results of the verbs of tests and of the world: drills, scenarios and pictures. Knows shapes
only.
"""

from __future__ import annotations

from dataclasses import dataclass

from mesocosm.core.records import JsonObject, Record


@dataclass(frozen=True, slots=True)
class FaultDrill(Record):
    """A fault that was injected into a copy.

    Args:
        drill: the fault.
        service: the service.
        requests: how many requests were made meanwhile.
        failed: how many of them failed.
        lost: how many were answered and not logged.
        seconds: until the copy recovered.
        what: what happened, in a sentence.
        log: lines of its audit.
    """

    drill: str
    service: str
    requests: int
    failed: int
    lost: int
    seconds: float
    what: str
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenAlert(Record):
    """An alert that was open before a drill."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class DataDrill(Record):
    """Rows that were sent to a running service, changed on purpose, and what followed.

    Args:
        drill: what was changed.
        service: the service.
        rows: how many rows were sent.
        failed: how many failed because of the server.
        refused: how many were refused.
        seconds: how long the sending took.
        open_before: alerts that were open before.
        alerts: the messages of new ones, the oldest first.
        judged: the diagnosis; None where there is none.
        verdict: why a challenger was promoted or not; None where none was trained.
        before: the version that was deployed.
        after: the version that is.
    """

    drill: str
    service: str
    rows: int
    failed: int
    refused: int
    seconds: float
    open_before: tuple[OpenAlert, ...]
    alerts: tuple[str, ...]
    judged: JsonObject | None
    verdict: str | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SceneAct(Record):
    """An act of a scenario test: what was sent, what became of it, and what was not as expected
    (`missed`).
    """

    act: str
    service: str
    rows: int
    answered: int
    refused: int
    lost: int
    unsure: int
    asked: int
    known: int
    right: float | None
    p50_ms: float | None
    why: str | None
    alerts: tuple[str, ...]
    cleared: bool
    versions: tuple[str, ...]
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScenarioResult(Record):
    """A scenario test; `missed` counts the acts that were not as expected."""

    about: str
    acts: tuple[SceneAct, ...]
    missed: int

    @property
    def passed(self) -> bool:
        """Whether every act was as expected."""
        return not self.missed


@dataclass(frozen=True, slots=True)
class Picture(Record):
    """A picture of the world in a file."""

    file: str
    width: int
    height: int
    pictures: int
    bytes: int
