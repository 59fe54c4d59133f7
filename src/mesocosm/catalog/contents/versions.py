"""What the JSON columns of model versions hold. Knows shapes; reads nothing."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from mesocosm.core.records import Json


class VersionRecipe(TypedDict, total=False):
    """How a model version was trained. Tasks add keys of their own."""

    model: str
    task: str
    labels: list[str]
    predict: str
    predicts: str
    inputs: list[str]
    texts: list[str]
    images: list[str]
    pair: bool
    max_length: int
    base: str | None
    licence: str | None
    method: str
    head: str
    settings: dict[str, float]
    rows: dict[str, int]
    trials: list[dict[str, Json]]
    importance: dict[str, float]
    auto: list[Json]
    seed: int
    trunk: str | None
    own_mb: dict[str, float]
    precision: str
    invariance: dict[str, dict[str, Json]]
    history: list[dict[str, float]]
    feedback: int
    environment: dict[str, Json]
    ordered: list[str]
    many: bool
    scale: dict[str, float]
    taught: list[str]
    sees: Json
    sight_mb: float
    most: int
    diverse: float
    explore: int


class Baseline(TypedDict, total=False):
    """A baseline's metrics, and by how much the model is better, with the p-value."""

    accuracy: float
    macro_f1: float
    auc: float
    log_loss: float
    gain: float
    p: float


class CostFigures(TypedDict):
    """Seconds and gigabytes of a training, by phase."""

    seconds: float
    gigabytes: float
    phases: dict[str, float]


class Cost(TypedDict):
    """What a training was estimated to cost, and what it did."""

    said: CostFigures
    took: CostFigures


class WeakSlice(TypedDict):
    """Test rows on which a model is weak, and the p-value of that."""

    where: str
    where_message: NotRequired[dict[str, Json]]
    rows: int
    accuracy: float
    p: float


class CoveredSlice(TypedDict):
    """Test rows, and the share of them that lie in their prediction intervals."""

    where: str
    where_message: NotRequired[dict[str, Json]]
    rows: int
    covered: float


class ScoreComparison(TypedDict):
    """The mean scores of the champion and of a challenger on the same rows, with the 95 % interval
    of their difference.
    """

    rows: int
    champion: float
    challenger: float
    difference: float
    interval: list[float]


class NewClassScores(TypedDict):
    """How many requests of classes that the champion lacks a challenger names."""

    labels: list[str]
    rows: int
    right: int


class VersionComparison(TypedDict, total=False):
    """A challenger and the champion, on held-out rows, on labelled requests, and on new classes."""

    held_out: ScoreComparison
    recent: ScoreComparison
    new: NewClassScores


class VersionMetrics(TypedDict, total=False):
    """Metrics on held-out rows, and what was measured beside them. Which metrics there are depends
    on the task: read one by its name with `read_metric`.
    """

    rows: int
    interval: dict[str, list[float]]
    classes: dict[str, dict[str, float]]
    baselines: dict[str, dict[str, float]]
    beside: dict[str, dict[str, float]]
    warnings: list[str]
    warnings_message: list[Json]
    tokens: dict[str, float]
    leaks: dict[str, Json]
    curve: list[dict[str, float]]
    slices: list[WeakSlice]
    robustness: dict[str, float]
    fairness: dict[str, Json]
    parity_gap: float
    odds_gap: float
    accuracy_gap: float
    typo_accuracy: float
    paraphrase_accuracy: float
    price: Cost
    seconds: float
    examples: list[dict[str, Json]]
    comparison: VersionComparison
    known: Json
    answers: dict[str, Json]
    accuracy: float
    r2: float
    interval_coverage: float
    interval_level: float
    interval_width: float
    coverage_by_slice: list[CoveredSlice]
    search_recall: float
    gain_over_dictionary: float
    diversity: float
