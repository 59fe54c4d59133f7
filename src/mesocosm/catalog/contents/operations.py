"""What the JSON columns of alerts and rollouts hold. Knows shapes; reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import read_number


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
