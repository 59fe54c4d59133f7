"""What the API of the console and of places answers, as far as a page reads it. The page's types
are generated from these: `python -m mesocosm.build.console_wire > web/src/state/consoleWire.ts`.

A field with a default may be missing in an answer; an answer may have more than is named here.

Knows shapes only.
"""

from __future__ import annotations

import typing
from types import UnionType
from typing import Any, Literal

from pydantic import BaseModel, Field

from mesocosm.world.wire import Scene

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


class Fairness(BaseModel):
    """The fields by which groups were compared."""

    fields: dict[str, Any]


class Written(BaseModel):
    """An answer that a model wrote, beside the wanted one."""

    asked: str
    wrote: str
    wanted: str


class Metrics(Figures):
    """How a version was judged."""

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


class Version(BaseModel):
    """A version of a model."""

    id: str
    number: int
    state: str
    why: str
    metrics: Metrics
    recipe: Recipe
    snapshot: str
    origin: str
    at: float


class ServiceFigures(BaseModel):
    """How a service answered in the last minute; None where nobody asked."""

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
    """What an alert rests on."""

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


class Ecosystem(BaseModel):
    """`/v1/ecosystem`: all that is, as it is now."""

    scene: Scene
    next: list[Recommendation]
    plan: list[Change]
    datasets: dict[str, Dataset]
    models: dict[str, list[Version]]
    services: dict[str, Service]
    monitors: dict[str, Monitor]
    silenced: list[str]
    alerts: list[Alert]
    audit: list[AuditEntry]


class DatasetVersion(BaseModel):
    """A version of a dataset."""

    id: str
    account: Account
    quality: float
    at: float


class RowCounts(BaseModel):
    """How many rows came, went, changed and stayed."""

    added: int
    removed: int
    changed: int
    same: int


class Difference(BaseModel):
    """What differs between two versions of a dataset; `moved` has a stability index a field."""

    old: str
    new: str
    files: list[str]
    rows: RowCounts
    changed: dict[str, int]
    moved: dict[str, float | None]


class DatasetVersions(BaseModel):
    """`/v1/datasets/NAME/versions`."""

    dataset: str
    versions: list[DatasetVersion]
    diff: Difference | None = None


class LineageVersion(BaseModel):
    """The version that answered."""

    id: str | None
    model: str | None
    content: str | None


class LineageRecipe(BaseModel):
    """How the version that answered was made."""

    method: str
    head: str


class LineageSnapshot(BaseModel):
    """The rows that the version was taught with."""

    id: str | None
    account: Account


class LineageRows(BaseModel):
    """The training rows: how many, and their lines by file."""

    training: int
    lines: dict[str, str]


class Asked(BaseModel):
    """A request and its answer."""

    id: str
    service: str
    output: Output
    at: float


class Lineage(BaseModel):
    """`/v1/lineage/ID`: the past of a prediction."""

    prediction: Asked
    version: LineageVersion
    recipe: LineageRecipe
    snapshot: LineageSnapshot
    files: dict[str, str]
    rows: LineageRows


class InTheMaking(BaseModel):
    """`/v1/work` is a list of these: what is being made now. A point is an epoch and a loss."""

    address: str
    began: float
    at: float | None = None
    left: float | None = None
    lines: list[str]
    points: list[Pair]
    epochs: list[Epoch]


class Unlabelled(BaseModel):
    """A row without a label: a request of a service, or a line of a file."""

    inputs: dict[str, str | None]
    says: str
    probability: float
    prediction: str | None = None
    service: str | None = None
    file: str | None = None
    line: int | None = None


class Unsure(BaseModel):
    """`/v1/models/NAME/unsure`: rows whose labels would teach a model most."""

    labels: list[str]
    waiting: int
    found: list[Unlabelled]


class Example(BaseModel):
    """A request of a proposal."""

    prediction: str
    inputs: dict[str, str | None]


class Proposal(BaseModel):
    """Requests that are like each other and that no class explains."""

    name: str
    rows: int
    strange: int
    nearest: str
    alike: float
    examples: list[Example]
    predictions: list[str]


class Proposals(BaseModel):
    """`/v1/models/NAME/proposals`: classes that a model lacks."""

    labels: list[str]
    waiting: int
    strange: int
    share: float
    groups: list[Proposal]


class Named(BaseModel):
    """What became of a proposal that was given its name."""

    label: str
    new: bool
    rows: int


class Moved(BaseModel):
    """A service from one version to another."""

    service: str
    old: str = Field(alias="from")
    to: str
    why: str


class WhatIfInput(BaseModel):
    """An input of a service: a range, choices, or a text."""

    name: str
    type: str
    unit: str | None
    private: bool
    low: float | None = None
    high: float | None = None
    usual: float | str | None = None
    whole: bool | None = None
    choices: list[str] | None = None


class WhatIfForm(BaseModel):
    """`/v1/services/NAME/what-if`, asked with GET: what may be asked."""

    version: str
    predict: str
    inputs: list[WhatIfInput]
    ready: bool
    beside: str | None


class WhatIfAnswer(BaseModel):
    """`/v1/services/NAME/what-if`, asked with POST: the answer, and what each input added to it."""

    version: str
    label: str
    number: bool
    probability: float | None = None
    value: float | None = None
    interval: Pair | None = None
    base: float
    inputs: dict[str, float]
    beside: WhatIfAnswer | None = None


class Moment(BaseModel):
    """`/v1/moments` is a list of these: what happened."""

    what: str
    at: float
    name: str


class Note(BaseModel):
    """`/v1/notes` is a list of these: what somebody left on a thing."""

    id: int
    on: str
    text: str
    name: str
    at: float


class Ground(BaseModel):
    """What a sentence rests on: a row, a version, or a thing as it is at a revision."""

    file: str | None = None
    line: int | None = None
    question: str | None = None
    says: str | None = None
    likeness: float | None = None
    thing: str | None = None
    revision: int | None = None
    version: str | None = None
    snapshot: str | None = None


class Sentence(BaseModel):
    """A sentence of an inhabitant, with its way through the valley and the files behind it."""

    text: str
    path: list[str]
    files: dict[str, str]
    rests: Ground | None


class Talk(BaseModel):
    """`/v1/places/NAME/talk`: what an inhabitant answers."""

    sentences: list[Sentence]


NAMES = {str: "string", float: "number", int: "number", bool: "boolean", type(None): "null"}


def models() -> list[type[BaseModel]]:
    """The shapes of this module, in the order of the file."""
    return [
        shape
        for shape in globals().values()
        if isinstance(shape, type) and issubclass(shape, BaseModel) and shape.__module__ == __name__
    ]


def typescript() -> str:
    """The same shapes as TypeScript."""
    lines = [
        "// Generated from src/mesocosm/build/console_wire.py; run"
        " `python -m mesocosm.build.console_wire`.",
        'import type { Scene } from "./wire";',
        "",
    ]
    for shape in models():
        parents = [p.__name__ for p in shape.__bases__ if p is not BaseModel]
        inherited = {n for p in shape.__bases__ for n in getattr(p, "model_fields", {})}
        heading = f" extends {', '.join(parents)}" if parents else ""
        lines.append(f"export interface {shape.__name__}{heading} {{")
        lines += [
            f"  {field.alias or name}{'' if field.is_required() else '?'}:"
            f" {type_name(field.annotation)};"
            for name, field in shape.model_fields.items()
            if name not in inherited
        ]
        lines += ["}", ""]
    return "\n".join(lines[:-1]) + "\n"


def type_name(kind: Any) -> str:
    """A type of Python as one of TypeScript."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in inner)
    if origin in (typing.Union, UnionType):
        return " | ".join(type_name(one) for one in inner)
    if origin is tuple:
        return f"[{', '.join(type_name(one) for one in inner)}]"
    if origin is list:
        one = type_name(inner[0])
        return f"({one})[]" if "|" in one else f"{one}[]"
    if origin is dict:
        return f"Record<string, {type_name(inner[1])}>"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.__name__
    return NAMES.get(kind, "unknown")


if __name__ == "__main__":
    print(typescript(), end="")
