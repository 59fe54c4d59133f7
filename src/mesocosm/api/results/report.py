"""A report: the health of an ecosystem, its datasets and its models. Knows shapes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, cast

from mesocosm.core.records import Json, JsonObject, Record, write_value

if TYPE_CHECKING:
    from mesocosm.reports.report_data import ReportData

HEIGHT = 640  # pixels of a report in a notebook


@dataclass(frozen=True, slots=True)
class Score(Record):
    """A score from 0 to 1.

    Args:
        score: None where nothing was measured.
        says: what it is, in a sentence.
        moved: how far it moved since what was there before; None where that is not known.
        before: the score of that.
        figures: the figures behind it.
    """

    score: float | None
    says: str
    moved: float | None
    before: float | None = None
    figures: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Recommendation(Record):
    """What to do next, and the page of the console where it is acted on.

    Args:
        page: of the console.
        text: in English.
        id: of the message.
        params: of the message.
    """

    page: str
    text: str
    id: str = ""
    params: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health(Record):
    """The health of an ecosystem.

    Args:
        parts: by name of a score, the score with its figures.
        next: the recommendations as sentences, the most pressing first.
        recommendations: the same with their page.
    """

    parts: Mapping[str, JsonObject] = field(repr=False)
    next: tuple[str, ...]
    recommendations: tuple[Recommendation, ...] = field(repr=False)

    @property
    def scores(self) -> dict[str, Score]:
        """The scores: data quality, model quality, stability and experience."""
        return {name: Score.from_json(part) for name, part in self.parts.items()}


@dataclass(frozen=True, slots=True)
class DatasetReport(Record):
    """The newest version of a dataset.

    Args:
        id: of the version.
        account: how many rows came `in`, and were `kept`, `quarantined`, `duplicates`, ...
        report: what cleaning changed, by field before and after, and the quality.
        files: the fingerprint of each source file.
        at: when it was built, in seconds since 1970.
        training: statistics of the training rows by field.
    """

    id: str
    account: Mapping[str, int]
    report: JsonObject = field(repr=False)
    files: Mapping[str, str] = field(repr=False)
    at: float
    training: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class LaterVersion(Record):
    """A version that was trained after the one that is reported.

    Args:
        does: `not deployed`, or in which rollout it is.
        figure: the metric that leads.
        value: of that metric; None where it was not measured.
    """

    id: str
    state: str
    does: str
    why: str
    figure: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Gate(Record):
    """A bound of `require` on a metric.

    Args:
        value: what was measured; None where it was not.
    """

    metric: str
    bound: str
    value: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class ModelReport(Record):
    """The version of a model that a service runs, else its newest champion.

    Args:
        state: `champion`, `challenger`, `refused` or `retired`.
        why: the reason of the state.
        metrics: on held-out rows; also baselines, intervals, slices and warnings.
        recipe: how it was trained.
        snapshot: what it was trained on.
        at: when, in seconds since 1970.
        others: versions that were trained later.
        gates: the bounds of the file beside what was measured.
    """

    id: str
    state: str
    why: str
    metrics: JsonObject = field(repr=False)
    recipe: JsonObject = field(repr=False)
    snapshot: str
    at: float
    others: tuple[LaterVersion, ...]
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report of an ecosystem; a notebook shows its page.

    Args:
        ecosystem: the name.
        datasets: those that were built.
        models: those that were trained.
        whole: the health; None in the report of one dataset or model.
    """

    ecosystem: str
    datasets: Mapping[str, DatasetReport] = field(repr=False)
    models: Mapping[str, ModelReport] = field(repr=False)
    whole: Health | None = None

    def to_json(self) -> dict[str, Json]:
        """The report as JSON-ready data."""
        data: dict[str, Json] = {
            "datasets": write_value(self.datasets),
            "models": write_value(self.models),
        }
        if self.whole:
            data["whole"] = self.whole.to_json()
        return data

    def to_html(self) -> str:
        """The report as a page without scripts."""
        from mesocosm.reports.page.html import render_report

        return render_report(self.ecosystem, cast("ReportData", self.to_json()))

    def _repr_html_(self) -> str:
        page = escape(self.to_html())
        return f'<iframe srcdoc="{page}" width="100%" height="{HEIGHT}" sandbox></iframe>'
