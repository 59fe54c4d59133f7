"""The records of the console's answers, as far as a page reads them: datasets, versions, services,
monitors, alerts and the audit. The page's types are generated from these (`console_wire.py`).

A field with a default may be missing in an answer; an answer may have more than is named here.

Knows shapes only.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

Pair = tuple[float, float]


class Change(BaseModel):
    """What a build would do to one resource."""

    address: str
    sign: str
    action: str
    because: list[str]


class Recommendation(BaseModel):
    """A sentence of the report, and the page that it is about."""

    page: str
    text: str


class Account(BaseModel):
    """Where the rows of a dataset went."""

    read: int = Field(alias="in")
    kept: int
    quarantined: int
    duplicates: int


class FieldFigures(BaseModel):
    """The figures of a field; `mean` is of numbers only."""

    missing: int
    mean: float | None = None


class Treatment(BaseModel):
    """How many values of a field were filled, and how many lay outside its fence."""

    filled: int = 0
    outside: int | None = None


class SourceAccount(BaseModel):
    """Where the rows of a source went."""

    read: int
    used: int
    unmatched: int
    repeated: int
    rejected: int


class Report(BaseModel):
    """The quality of a dataset, before governance and after it."""

    quality: float
    before: dict[str, FieldFigures]
    after: dict[str, FieldFigures]
    treated: dict[str, Treatment]
    reasons: dict[str, int]
    unreadable: dict[str, int] = {}
    sources: dict[str, SourceAccount] = {}


class Dataset(BaseModel):
    """A dataset as it is now."""

    id: str
    account: Account
    report: Report
    at: float


class Figures(BaseModel):
    """What may be measured of a version; each kind of task has its own."""

    accuracy: float | None = None
    macro_f1: float | None = None
    auc: float | None = None
    log_loss: float | None = None
    brier: float | None = None
    calibration_error: float | None = None
    rank_error: float | None = None
    kappa: float | None = None
    r2: float | None = None
    mae: float | None = None
    rmse: float | None = None
    median_error: float | None = None
    micro_f1: float | None = None
    subset_accuracy: float | None = None
    span_f1: float | None = None
    hit_rate_at_10: float | None = None
    ndcg_at_10: float | None = None
    mrr: float | None = None
    recall_at_1: float | None = None
    recall_at_5: float | None = None
    perplexity: float | None = None
    rouge_l: float | None = None
    exact: float | None = None


class CurvePoint(Figures):
    """The figures with a part of the rows."""

    rows: int


class ClassFigures(BaseModel):
    """The figures of one class."""

    rows: int
    precision: float
    recall: float
    f1: float


class Slice(BaseModel):
    """A part of the rows where a version is weak."""

    where: str
    rows: int
    accuracy: float
    p: float


class Robustness(BaseModel):
    """The accuracy on texts as they are, and changed."""

    as_they_are: float | None = None
    typo: float | None = None
    paraphrase: float | None = None
    other_script: float | None = None
    other_width: float | None = None


class Fairness(BaseModel):
    """The fields by which groups were compared."""

    fields: dict[str, Any]


class Written(BaseModel):
    """A generated answer with its reference answer."""

    asked: str
    wrote: str
    wanted: str


class Metrics(Figures):
    """How a version was evaluated."""

    rows: int
    interval: dict[str, Pair] = {}
    baselines: dict[str, Figures] = {}
    classes: dict[str, ClassFigures] = {}
    curve: list[CurvePoint] = []
    slices: list[Slice] = []
    robustness: Robustness | None = None
    fairness: Fairness | None = None
    parity_gap: float | None = None
    odds_gap: float | None = None
    accuracy_gap: float | None = None
    examples: list[Written] | None = None


class Epoch(BaseModel):
    """The losses of an epoch of training."""

    epoch: float
    train_loss: float | None = None
    held_loss: float | None = None


class Recipe(BaseModel):
    """How a version was made."""

    method: str
    head: str
    base: str | None = None
    precision: str | None = None
    history: list[Epoch] = []


class Gate(BaseModel):
    """A bound of the file on a metric, and what was measured; None where it was not."""

    metric: str
    bound: str
    value: float | None
    passed: bool


class Version(BaseModel):
    """A version of a model."""

    id: str
    number: int
    state: str
    why: str
    metrics: Metrics
    gates: list[Gate]
    recipe: Recipe
    snapshot: str
    origin: str
    at: float


class ServiceFigures(BaseModel):
    """How a service answered in the last minute; None where there was no request."""

    rate: float
    p50_ms: float | None
    p95_ms: float | None
    error_rate: float | None
    refused_rate: float | None


class Deployment(BaseModel):
    """What was put into a service, by whom and why."""

    id: int
    version: str
    answers: str
    who: str
    why: str
    at: float


class RolloutSide(BaseModel):
    """What one of two versions showed in a rollout."""

    requests: int
    errors: int
    p95_ms: float | None
    judged: int
    right: int
    both: int
    agreed: int


class RolloutDetail(BaseModel):
    """How far a rollout is, and the comparison so far."""

    new: RolloutSide | None = None
    old: RolloutSide | None = None
    difference: float | None = None
    p: float | None = None
    steps: int | None = None
    share: float | None = None


class Rollout(BaseModel):
    """A version that comes in beside the one that serves."""

    version: str
    before: str
    strategy: str
    step: int
    why: str
    detail: RolloutDetail | None


class Output(BaseModel):
    """An answer of a service, as it is kept."""

    label: Any = None
    probability: float | None = None
    value: float | None = None
    interval: Pair | None = None


class Prediction(BaseModel):
    """A request that was answered."""

    id: str
    version: str
    output: Output
    ms: float
    at: float


class Service(BaseModel):
    """A service as it is now."""

    figures: ServiceFigures
    version: str | None
    trouble: str
    speaks: bool
    history: list[Deployment]
    rollout: Rollout | None
    strategy: str
    recent: list[Prediction]


class Verdict(BaseModel):
    """What a drift is, and what mends it."""

    kind: str
    remedy: str
    why: str = ""
    harm: float | None = None


class Surge(BaseModel):
    """The usual shares of topics."""

    usual: dict[str, float] | None = None


class Look(BaseModel):
    """What a monitor saw last."""

    waiting: int | None = None
    window: int | None = None
    level: float | None = None
    p_values: dict[str, float] | None = None
    unwatched: str | None = None
    labels: str | None = None
    trouble: str | None = None
    verdict: Verdict | None = None
    surge: Surge | None = None


class Monitor(BaseModel):
    """A monitor as it is now."""

    watches: str
    last: Look


class AlertDetail(BaseModel):
    """The evidence of an alert."""

    verdict: Verdict | None = None


class Alert(BaseModel):
    """An alert, open until `cleared_at`."""

    id: str
    monitor: str
    service: str
    message: str
    detail: AlertDetail | None
    at: float
    cleared_at: float | None


class AuditEntry(BaseModel):
    """Who did what."""

    id: int
    at: float
    who: str
    act: str
    what: str
    why: str
