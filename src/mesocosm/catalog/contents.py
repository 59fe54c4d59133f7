"""What the JSON columns of snapshots, model versions, alerts and rollouts hold. Knows shapes;
reads nothing.

Every key of a report, a metric or a recipe may be missing: what was not measured is not there, and
an earlier version of Mesocosm kept fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import read_number

SnapshotRecipe = TypedDict(
    "SnapshotRecipe",
    {
        "from": Mapping[str, Json],
        "key": str | None,
        "fields": dict[str, dict[str, Json]],
        "auto": bool,
        "repairs": list[dict[str, Json]],
        "duplicates": dict[str, Json] | None,
        "rules": list[dict[str, Json]],
        "split": dict[str, Json],
        "retention": str | None,
        "anonymity": dict[str, Json] | None,
        "ground_truth": str | None,
        "truth": str | None,
        "revision": int,
    },
    total=False,
)
"""The settings that a snapshot was built by, as the file's reader completed them."""


class FieldStatistics(TypedDict, total=False):
    """Statistics of one field over the rows of a snapshot."""

    rows: int
    missing: int
    distinct: int
    min: float | None
    max: float | None
    mean: float | None
    sd: float | None
    median: float | None


class SourceAccount(TypedDict, total=False):
    """The row counts of one source of a dataset: read = used + unmatched + repeated + rejected.

    The keys from `on` are those of a source that adds columns to leading rows.
    """

    role: str
    read: int
    used: int
    unmatched: int
    repeated: int
    rejected: int
    on: str
    matched: int
    without: int
    repeated_differ: int
    unmatched_at: list[str]
    repeated_at: list[str]


class MissingPattern(TypedDict):
    """Fields that are missing together, and in how many rows."""

    missing: list[str]
    rows: int


class RuleCheck(TypedDict):
    """What a build found of a rule.

    Args:
        rule: the rule in words.
        severity: `quarantine`, `warn` or `stop`.
        rows: how many rows it looked at: those that could be read and are no duplicates; with
            `warn` and `stop` those of them that no rule over one row quarantines.
        broken: how many of them break it; of a rule over the table 0 or 1.
        failed: whether more break it than may.
        found: what is wrong with the table, of a rule over the table.
    """

    rule: str
    severity: str
    rows: int
    broken: int
    failed: bool
    found: str


class ChangedCells(TypedDict):
    """How many cells of the kept rows a step changed in a field, by the setting that says how."""

    field: str
    step: str
    rule: str
    cells: int


class SnapshotReport(TypedDict, total=False):
    """What cleaning changed, and the quality of what was kept (0 to 1)."""

    quality: float | None
    consistency: float
    before: dict[str, FieldStatistics]
    after: dict[str, FieldStatistics]
    treated: dict[str, dict[str, int]]
    unreadable: dict[str, int]
    reasons: dict[str, int]
    warned: dict[str, int]
    mended: dict[str, int]
    notes: dict[str, list[str]]
    anonymity: dict[str, Json] | None
    left_out: list[str]
    columns: dict[str, list[str]]
    lines: dict[str, dict[str, dict[str, int]]]
    sources: dict[str, SourceAccount]
    origins: dict[str, dict[str, str | None]]
    parts: dict[str, int]
    expires: str | None
    newest: dict[str, str | None]
    accuracy: dict[str, float]
    patterns: list[MissingPattern]
    examples: dict[str, list[list[str | None]]]
    changes: list[Json]
    changed_cells: list[ChangedCells]
    checks: list[RuleCheck]
    delta: dict[str, int]
    seconds: float


class TrainingColumn(TypedDict, total=False):
    """The distribution of one field over the training rows: `counts` of values, and how many rows
    had an `other` one; or up to some thousand `numbers` of `rows`.

    A service knows also the share that was `missing`, and the bounds to which outliers are clipped.
    """

    counts: dict[str, int]
    other: int
    numbers: list[float]
    rows: int
    missing: float
    clip: list[float]


class TextStatistics(TypedDict):
    """What the texts of a field are like: shares of texts by fingerprint of a word, and of letters
    by script.
    """

    rows: int
    words: dict[str, float]
    scripts: dict[str, float]


class SnapshotFacts(TypedDict, total=False):
    """What preprocessing measured on the training rows, by field, and their distributions."""

    fields: dict[str, dict[str, Json]]
    training: dict[str, TrainingColumn]
    texts: dict[str, TextStatistics]
    dates: dict[str, TrainingColumn]


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


class FieldChange(TypedDict, total=False):
    """A change of one feature, beside the one that a diagnosis names."""

    feature: str
    kind: str
    why: str


class DiagnosisData(TypedDict, total=False):
    """The diagnosis of an alert: `catalog.records.Diagnosis` as it is stored."""

    kind: str
    harm: float | None
    remedy: str
    why: str
    feature: str
    also: list[FieldChange]


class AlertPart(TypedDict):
    """The part of the traffic in which something changed: `rows` of `of` have the field's value."""

    field: str
    value: str | bool
    rows: int
    of: int
    rest: NotRequired[float]


class ProbeData(TypedDict):
    """A share of rows that differed from training when an alert was raised."""

    field: str
    of: Literal["below", "among", "unseen", "missing"]
    at: float | list[str] | None
    before: float
    trained: float
    gap: float


class DriftedFeature(TypedDict):
    """A feature whose live values are distributed otherwise than the training rows'."""

    feature: str
    p: float
    median_before: NotRequired[float]
    median_now: NotRequired[float]
    ratio: NotRequired[float | None]
    distance: NotRequired[float]


class AlertDetail(TypedDict, total=False):
    """What an alert was raised by (`inputs`, `labels`, `refusals` or a metric), and its evidence.

    `mark` is a drill's; `confirmed` is False until a second window agrees; `unread` says why the
    alert cannot be closed by new rows.
    """

    by: str
    mark: str
    version: str
    since: float
    rows: int
    gap: float
    share: float
    p: float
    features: list[DriftedFeature]
    predictions: list[str]
    where: AlertPart | None
    probes: list[ProbeData]
    unread: str
    confirmed: bool
    verdict: DiagnosisData
    feature: str
    group: str
    items: list[dict[str, Json]]
    figure: str
    before: float
    value: float
    message: dict[str, Json]


class RolloutDetail(TypedDict, total=False):
    """The comparison of both versions so far; `share` of the traffic goes to the new one, in per
    cent.
    """

    share: float


def read_metric(metrics: Mapping[str, object], name: str) -> float | None:
    """A metric by its name; None where it was not measured or is no number."""
    return read_number(metrics.get(name))
