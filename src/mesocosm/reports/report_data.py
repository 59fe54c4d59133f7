"""What a report says, as JSON: the health, the datasets and the models. Knows shapes only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from mesocosm.catalog.contents import SnapshotReport, TrainingColumn, VersionMetrics, VersionRecipe
from mesocosm.core.records import Json

if TYPE_CHECKING:
    from mesocosm.learning.evaluation.metrics import GateResult


class ReportedDataset(TypedDict):
    """The newest snapshot of a dataset: `account` says how many rows came `in`, and were `kept`,
    `quarantined`, `duplicates`, `forgotten`, `expired`.
    """

    id: str
    account: dict[str, int]
    report: SnapshotReport
    files: dict[str, str]
    at: float


class DatasetData(ReportedDataset):
    """A snapshot with the distributions of its training rows."""

    training: NotRequired[dict[str, TrainingColumn]]


class LaterVersionData(TypedDict):
    """A version that was trained after the one that is reported, with its leading metric; `does`
    is `not deployed`, or in which rollout it is.
    """

    id: str
    state: str
    does: str
    why: str
    figure: str
    value: float | None


class ModelData(TypedDict):
    """The version of a model that a service runs, else its newest champion."""

    id: str
    state: str
    why: str
    metrics: VersionMetrics
    recipe: VersionRecipe
    snapshot: str
    at: float
    gates: NotRequired[list[GateResult]]
    others: NotRequired[list[LaterVersionData]]


class ScoreData(TypedDict):
    """A score of the health, with the score `before` and how far it `moved`."""

    score: float | None
    says: str
    moved: float | None
    before: NotRequired[float | None]
    figures: NotRequired[dict[str, Json]]
    message: NotRequired[dict[str, object]]


class Skill(TypedDict):
    """A model's leading metric with its confidence interval, the baseline's, and the error
    reduction over it.
    """

    figure: str
    value: float
    interval: list[float] | None
    simplest: float
    skill: float


class ModelFigures(Skill):
    """The figures of the version that is measured."""

    version: str


class ServiceFigures(TypedDict):
    """What was measured of a service; None where nothing was."""

    goal_ms: float
    requests: int
    apdex: float | None
    p95_ms: float | None
    unsure: float | None
    labels: int
    right: float | None


class RecommendationData(TypedDict):
    """What to do next: a text with its id and parameters, and the page where it is acted on."""

    page: str
    text: str
    id: NotRequired[str]
    params: NotRequired[dict[str, object]]


class HealthData(TypedDict):
    """The four scores, and the recommendations; `next` has their texts."""

    parts: dict[str, ScoreData]
    next: list[str]
    recommendations: list[RecommendationData]


class ReportData(TypedDict):
    """A whole report."""

    datasets: dict[str, DatasetData]
    models: NotRequired[dict[str, ModelData]]
    whole: NotRequired[HealthData]
