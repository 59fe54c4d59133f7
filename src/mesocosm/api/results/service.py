"""Results of the verbs of a service: what is deployed, alerts, feedback and access tokens. Knows
shapes only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mesocosm.core.records import Record


@dataclass(frozen=True, slots=True)
class ServiceChange(Record):
    """A service that runs another version: `before` it ran one, now it runs `to`."""

    service: str
    before: str = field(metadata={"key": "from"})
    to: str
    why: str


@dataclass(frozen=True, slots=True)
class RecordedFeedback(Record):
    """The true label of a prediction, recorded."""

    kept: bool
    prediction: str
    label: str


@dataclass(frozen=True, slots=True)
class Silence(Record):
    """A monitor of whose alerts nobody is notified, and until when, in seconds since 1970."""

    monitor: str
    until: float
    why: str


@dataclass(frozen=True, slots=True)
class ClosedAlert(Record):
    """An alert that was closed by hand."""

    alert: str
    monitor: str
    why: str


@dataclass(frozen=True, slots=True)
class AccessToken(Record):
    """A token of a role; it is stored nowhere.

    Args:
        may: `see`, `ask` or `change`.
        days: how long it is valid.
        datasets: those whose rows the role may read.
    """

    role: str
    may: str
    days: float
    datasets: tuple[str, ...]
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RevokedTokens(Record):
    """How many tokens of a role were revoked."""

    role: str
    revoked: int
