"""The rows of the catalog's tables as they are read: dicts whose keys are the columns.

Knows shapes; reads nothing. Times are seconds since 1970. The contents of the JSON columns of
snapshots and versions are in `contents`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from mesocosm.catalog.contents import (
    AlertDetail,
    RolloutDetail,
    SnapshotFacts,
    SnapshotRecipe,
    SnapshotReport,
    VersionMetrics,
    VersionRecipe,
)
from mesocosm.core.records import Json

Row = dict[str, object]
"""A row of any table or query."""


class ResourceRow(TypedDict):
    """What the last build built of one resource of the file."""

    address: str
    made: str
    run: str
    thing: str
    definition: dict[str, dict[str, Json]]
    needs: list[str]
    place: list[str | int]
    at: float
    left_at: float | None


class SnapshotRow(TypedDict):
    """One version of a dataset; `account` says how many rows came `in`, and were `kept`,
    `quarantined`, `duplicates`, `forgotten`, `expired`.
    """

    id: str
    dataset: str
    made: str
    path: str
    delta: int
    account: dict[str, int]
    report: SnapshotReport
    recipe: SnapshotRecipe
    files: dict[str, str]
    facts: SnapshotFacts
    previous: str | None
    at: float


class VersionRow(TypedDict):
    """One trained version of a model."""

    id: str
    model: str
    number: int
    made: str
    snapshot: str
    path: str
    content: str
    state: str
    why: str
    metrics: VersionMetrics
    recipe: VersionRecipe
    origin: str
    at: float


class ServedRow(TypedDict):
    """What a service loads: of a deployment or a rollout, a version and a key of an answer index;
    either may be empty.
    """

    version: str
    answers: str


class DeploymentRow(TypedDict):
    """What a service runs, or ran; `weights` are those by which its answers are recalibrated."""

    id: int
    service: str
    version: str
    answers: str
    who: str
    why: str
    at: float
    weights: NotRequired[dict[str, float] | None]


class RolloutRow(TypedDict):
    """A version that replaces another step by step."""

    id: int
    service: str
    version: str
    answers: str
    before: str
    strategy: str
    step: int
    state: str
    who: str
    why: str
    detail: RolloutDetail
    began: float
    stepped_at: float
    ended_at: float | None


class PredictionInput(TypedDict):
    """What a request held, and what of it the model read after preprocessing."""

    raw: Mapping[str, Json]
    clean: Mapping[str, Json]


class PredictionRow(TypedDict):
    """One answered request."""

    id: str
    service: str
    version: str
    snapshot: str
    input: PredictionInput
    output: dict[str, Json]
    ms: float
    at: float
    mark: str | None


class LabelledRow(PredictionRow):
    """An answered request whose true label came back."""

    label: str
    labelled_at: float


class AlertRow(TypedDict):
    """An alert of a monitor, open where `cleared_at` is None."""

    id: str
    monitor: str
    service: str
    what: str
    message: str
    detail: AlertDetail
    at: float
    cleared_at: float | None


class AuditRow(TypedDict):
    """One line of the hash-chained audit."""

    id: int
    at: float
    who: str
    act: str
    what: str
    why: str
    before: str
    hash: str


class NoteRow(TypedDict):
    """A visitor's note in the world."""

    id: int
    on: str
    text: str
    name: str
    role: str
    at: float
    taken: float | None


class MarkerRow(TypedDict):
    """The stored document of the world's markers."""

    number: int
    age: int
    document: bytes


class LeaseRow(TypedDict):
    """Which process leads, until when."""

    name: str
    holder: str
    until: float


class MomentRow(TypedDict):
    """When something changed, and what: a snapshot, a version, a deployment, an alert."""

    what: str
    at: float
    name: str
