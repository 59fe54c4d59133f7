"""What is answered about a request, a dataset or a server: an answer, an explanation, a trace, the
versions, the state. Knows shapes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesocosm.catalog.records import Alerts, Rollout
from mesocosm.core.records import OMIT, Json, JsonObject, Record


@dataclass(frozen=True, slots=True)
class Answer(Record):
    """An answer from a table.

    Args:
        known: whether a row is near enough to the question.
        answer: the answer, or that it is not known.
        source: the row that supports it.
        similarity: of the question to the nearest row, -1 to 1.
        threshold: the similarity from which an answer is given.
    """

    known: bool
    answer: str
    source: JsonObject | None = field(default=None, metadata=OMIT)
    similarity: float | None = field(default=None, metadata={"key": "likeness"} | OMIT)
    threshold: float | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True, slots=True)
class Attribution(Record):
    """What an input adds to a prediction (its Shapley value), and the standard error."""

    share: float
    error: float


@dataclass(frozen=True, slots=True)
class WordImportance(Record):
    """What a word adds to the probability (its Shapley value)."""

    word: str
    share: float


@dataclass(frozen=True, slots=True)
class ContributingRow(Record):
    """A training row, and what it adds to the score."""

    file: str
    line: int
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Explanation(Record):
    """Why a prediction came out as it did.

    Args:
        label: what was predicted.
        number: whether that is a number.
        probability: of the label, or the number.
        base: the average over training rows.
        inputs: by feature, what it adds to the prediction.
        words: by text feature, its words, the most important first.
        rows: the training rows of the largest weights; None where the head has none.
        score: the whole of what training rows add; None where the head has none.
    """

    prediction: str
    service: str
    version: str
    label: str
    number: bool
    probability: float
    base: float
    inputs: Mapping[str, Attribution]
    words: Mapping[str, tuple[WordImportance, ...]]
    rows: tuple[ContributingRow, ...] | None = field(default=None, metadata=OMIT)
    score: float | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True, slots=True)
class TracedPrediction(Record):
    """The request; `input` is the cleaned row, None where the role may not see it."""

    id: str
    service: str
    at: float
    ms: float
    output: JsonObject
    input: JsonObject | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True, slots=True)
class TracedVersion(Record):
    """The version that predicted; every value is None where it is not listed any more."""

    id: str | None
    model: str | None
    number: int | None
    content: str | None
    origin: str | None
    at: float | None
    state: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class TracedSnapshot(Record):
    """The snapshot that it was trained on; every value is None where it is not listed any more."""

    id: str | None
    dataset: str | None
    delta: int | None
    made: str | None
    account: Mapping[str, int] | None
    at: float | None


@dataclass(frozen=True, slots=True)
class TrainingRows(Record):
    """The rows that a version was trained on.

    Args:
        training: how many.
        lines: by source file, the lines as ranges.
        partners: by joined file, the lines as ranges.
        from_snapshot: how many are of the snapshot.
        feedback: the requests whose feedback was trained on.
        feedback_rows: how many rows those made.
        other: the rest; negative where rows were left out or unlearned since.
    """

    training: int
    lines: Mapping[str, str]
    partners: Mapping[str, str]
    from_snapshot: int
    feedback: tuple[str, ...]
    feedback_rows: int
    other: int


@dataclass(frozen=True, slots=True)
class Trace(Record):
    """The lineage of a prediction.

    Args:
        recipe: how the version was trained.
        files: the fingerprint of each source file.
        rows: the training rows; None where the snapshot is gone.
    """

    prediction: TracedPrediction
    version: TracedVersion
    recipe: JsonObject | None = field(repr=False)
    snapshot: TracedSnapshot
    files: Mapping[str, str]
    rows: TrainingRows | None

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Trace:
        """The trace of its JSON, in which missing rows are an empty object."""
        return super(Trace, cls).from_json({**data, "rows": data.get("rows") or None})

    def to_json(self) -> dict[str, Json]:
        """The trace as JSON-ready data."""
        data = Record.to_json(self)
        if self.rows is None:
            data["rows"] = {}
        return data


@dataclass(frozen=True, slots=True)
class WhatIf(Record):
    """The prediction of a row that is not logged, and what each input added to it.

    Args:
        label: what is predicted.
        number: whether that is a number.
        base: the average over training rows.
        inputs: by feature, its Shapley value.
        probability: of the label.
        value: the number.
    """

    service: str
    version: str
    label: str
    number: bool
    base: float
    inputs: Mapping[str, float]
    probability: float | None = field(default=None, metadata=OMIT)
    value: float | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True, slots=True)
class DatasetVersion(Record):
    """A version of a dataset, as a server lists it.

    Args:
        id: such as `credit@3-ab12cd34`.
        account: how many rows came `in`, and were `kept`, `quarantined`, `duplicates`, ...
        quality: of its rows, 0 to 1.
        at: when it was built, in seconds since 1970.
    """

    id: str
    account: Mapping[str, int]
    quality: float
    at: float


@dataclass(frozen=True, slots=True)
class RunningService(Record):
    """A service of a running server.

    Args:
        version: the version that answers; None where nothing is loaded.
        trouble: why not; empty where there is none.
        speaks: whether it has chat.
        figures: of its newest requests, such as `p95_ms`.
        rollout: the rollout in progress; None where there is none.
    """

    version: str | None
    trouble: str | None
    speaks: bool
    figures: JsonObject = field(repr=False)
    rollout: Rollout | None = None


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What runs on a server now.

    Args:
        services: each service.
        monitors: what each monitor measured last.
        alerts: the newest alerts, open or closed.
        silenced: monitors of whose alerts nobody is notified.
        next: recommendations.
    """

    services: Mapping[str, RunningService]
    monitors: Mapping[str, JsonObject]
    alerts: Alerts
    silenced: tuple[str, ...]
    next: tuple[str, ...]
