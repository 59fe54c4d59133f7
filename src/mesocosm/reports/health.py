"""The health of an ecosystem: data quality, model quality, stability and experience, each with its
metrics, its trend and recommendations.

Knows the catalog and the gateway's log. Every score is a share that its sentence explains; what was
not measured has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import SnapshotReport, VersionMetrics
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.confidential.row_values import plain_all
from mesocosm.core.messages import Message
from mesocosm.core.messages.stored import read_text
from mesocosm.core.values.json_shapes import read_number, read_object
from mesocosm.learning.model import Model
from mesocosm.lifecycle.access.integrity import find_damage
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review.field_change import FieldChange
from mesocosm.lifecycle.review.stopped_build import read_stop
from mesocosm.reports.described_version import choose_champion
from mesocosm.reports.report_data import (
    HealthData,
    ModelFigures,
    RecommendationData,
    ScoreData,
    Skill,
)
from mesocosm.reports.service_health import (
    DAYS,
    MeasuredPart,
    Traffic,
    apdex_of_all,
    measure_experience,
    measure_stability,
    round_score,
    success_rate,
)
from mesocosm.serving.http.access_log import RecentRequests

ASIDE = 0.05  # share of quarantined rows from which there is a recommendation
TO_SERVICES = ("/v1/services/", "/v2/models/", "/v1/chat")  # routes of requests to services
UNKNOWN = {
    "data quality": Message("reports.no_dataset_built"),
    "model quality": Message("reports.no_model_built"),
    "stability": Message("reports.no_requests"),
    "experience": Message("reports.no_requests"),
}


def open_requests(spec: Spec) -> RecentRequests:
    """A reader of the requests to an ecosystem's services, for who measures its health again and
    again.
    """
    return RecentRequests(locate_project(spec).store / "logs" / "gateway.jsonl", TO_SERVICES)


def measure_health(
    spec: Spec, catalog: Catalog, requests: RecentRequests | None = None, *, marked: bool = False
) -> HealthData:
    """The four scores, 0 to 1 or none, with recommendations.

    Args:
        spec: the file.
        catalog: the catalog.
        requests: a reader of requests (see `open_requests`).
        marked: whether marks of row values are kept, as in `Catalog.alerts`.

    Returns:
        `parts`: by score its `score`, `says`, `figures`, `before` (the score of what was there
        before) and `moved` (how far from there); `recommendations`, the most pressing first, each
        with the `page` where it is acted on; and `next`, their texts. Texts are English,
        each with its `id` and `params`.
    """
    stability, experience = _measure_services(spec, catalog, requests or open_requests(spec))
    data, models = _measure_data(spec, catalog), _measure_models(spec, catalog)
    parts = {
        "data quality": data,
        "model quality": models,
        "stability": stability,
        "experience": experience,
    }
    recommendations = _recommend_all(
        ("services", stability), ("data", data), ("models", models), ("services", experience)
    )
    health: HealthData = {
        "parts": {name: _finish_part(part, UNKNOWN[name]) for name, part in parts.items()},
        "next": [recommendation["text"] for recommendation in recommendations],
        "recommendations": recommendations,
    }
    if marked:
        return health
    return plain_all(health)


def _measure_services(
    spec: Spec, catalog: Catalog, reader: RecentRequests
) -> tuple[MeasuredPart, MeasuredPart]:
    """The stability and the experience, each with the score of the days before."""
    since = catalog.clock() - DAYS * 86400
    lines = reader.since(since - DAYS * 86400)
    now = [request for request in lines if request.at >= since]
    traffic, earlier = Traffic(now, since, reader.full), lines[: len(lines) - len(now)]
    if traffic.cut:
        earlier = []
    stability = measure_stability(spec, catalog, traffic)
    stability["before"] = success_rate(earlier)
    experience = measure_experience(spec, catalog, traffic)
    experience["before"] = apdex_of_all(spec, earlier)
    return stability, experience


def _recommend_all(*pages: tuple[str, MeasuredPart]) -> list[RecommendationData]:
    """The recommendations of each part, with the page where it is acted on."""
    recommendations: list[RecommendationData] = []
    for page, part in pages:
        recommendations += [_recommend(page, text) for text in part["next"]]
    return recommendations


def _recommend(page: str, text: Message) -> RecommendationData:
    """A recommendation in English, with the id and the parameters of its text."""
    return {"page": page, "text": str(text), "id": text.id, "params": _params_of(text)}


def _params_of(text: Message) -> dict[str, object]:
    return dict(read_object(text.as_json()["params"]))


def _finish_part(part: MeasuredPart, unknown: Message) -> ScoreData:
    """A score with rounded numbers, how far it moved, and a sentence."""
    score, before = part["score"], part["before"]
    finished = cast(ScoreData, {key: value for key, value in part.items() if key != "next"})
    finished["score"], finished["before"] = round_score(score), round_score(before)
    says = part["says"]
    if score is None:
        says = unknown
    finished["says"], finished["message"] = str(says), says.as_json()
    finished["moved"] = _measure_move(score, before)
    return finished


def _measure_move(score: float | None, before: float | None) -> float | None:
    """How far a score moved; None where one of both is not known."""
    if score is None or before is None:
        return None
    return round(score - before, 4)


def _mean(values: Sequence[float]) -> float | None:
    """The mean; None of no values."""
    if not values:
        return None
    return mean(values)


def skill(figure: float, simplest: float) -> float:
    """The error reduction over a baseline, of a metric whose best is 1.

    Source: Murphy 1988, Monthly Weather Review 116 (skill scores).

    >>> round(skill(0.9, 0.6), 2), skill(0.5, 0.6)
    (0.75, 0.0)
    """
    if simplest >= 1:
        return 0.0
    return max(0.0, (figure - simplest) / (1 - simplest))


def _measure_data(spec: Spec, catalog: Catalog) -> MeasuredPart:
    """The mean quality of the datasets."""
    figures: dict[str, object] = {}
    qualities, before = list[float](), list[float]()
    advice = [
        Message("reports.damaged", address=address, fault=fault)
        for address, fault in find_damage(spec, catalog).items()
    ]
    for name in resolve_datasets(spec):
        stops = read_stop(spec.root / ".mesocosm", name)
        advice += [_stop_advice(name, change) for change in stops]
        snapshots = catalog.snapshots(name)
        if not snapshots:
            advice.append(Message("reports.not_built", name=name))
            continue
        account, report = snapshots[-1]["account"], snapshots[-1]["report"]
        qualities.append(round(_quality_of(snapshots[-1]), 4))
        figures[name] = {
            "quality": qualities[-1],
            "rows": account["kept"],
            "set_aside": account["quarantined"],
        }
        before.append(_quality_of(snapshots[-2:][0]))
        advice += _data_advice(name, account, report)
    return {
        "score": _mean(qualities),
        "before": _mean(before),
        "says": Message("reports.data_quality"),
        "figures": figures,
        "next": advice,
    }


def _quality_of(snapshot: SnapshotRow) -> float:
    return float(snapshot["report"]["quality"] or 0.0)


def _stop_advice(name: str, change: FieldChange) -> Message:
    """What to do about a change that stopped a build."""
    text = Message("reports.build_stopped", name=name, reason=change.sentence)
    if change.kind == "build":
        return text
    accepted = name
    if change.field:
        accepted = f"{name}.{change.field}"
    return Message("reports.or_accept", advice=text, accepted=accepted)


def _data_advice(
    name: str, account: Mapping[str, int], report: SnapshotReport
) -> Iterator[Message]:
    """What to do about unreadable values and quarantined rows."""
    for field, count in report.get("unreadable", {}).items():
        share = count / max(1, report["before"][field]["rows"])
        if share >= ASIDE:
            yield Message("reports.unreadable", values=count, name=name, field=field, share=share)
    share = account["quarantined"] / max(1, account["in"])
    if share >= ASIDE and report["reasons"]:
        why, count = max(report["reasons"].items(), key=lambda reason: reason[1])
        yield Message("reports.quarantined", share=share, name=name, rows=count, why=why)


def _measure_models(spec: Spec, catalog: Catalog) -> MeasuredPart:
    """The mean error reduction over the baseline."""
    figures: dict[str, ModelFigures] = {}
    before, advice = list[float](), list[Message]()
    for name, model in spec.eco.models.items():
        versions = catalog.versions(name)
        if not versions:
            advice.append(Message("reports.no_version", name=name))
            continue
        now = choose_champion(versions)
        found = _skill_of(now["metrics"])
        if found is None:
            continue
        figures[name] = {"version": now["id"], **found}
        before.append((_skill_of(_metrics_before(versions, now)) or found)["skill"])
        advice += _refusal_advice(name, versions[-1])
        advice += _model_advice(name, model, found, now["metrics"])
    return {
        "score": _mean([figure["skill"] for figure in figures.values()]),
        "before": _mean(before),
        "says": Message("reports.model_quality"),
        "figures": dict(figures),
        "next": advice,
    }


def _refusal_advice(name: str, newest: VersionRow) -> Iterator[Message]:
    """That the newest version of a model is refused."""
    if newest["state"] == "refused":
        yield Message("reports.version_refused", name=name, why=newest["why"])


def _metrics_before(versions: Sequence[VersionRow], now: VersionRow) -> VersionMetrics:
    """The metrics of the version before one; its own where there is none."""
    earlier = [version for version in versions if version["number"] < now["number"]]
    return (earlier or [now])[-1]["metrics"]


def _model_advice(
    name: str, model: Model, found: Skill, metrics: VersionMetrics
) -> Iterator[Message]:
    """What to do about a model that is hardly better than its baseline, has no gates, or is weak
    on a slice.
    """
    interval, baseline = found["interval"], found["simplest"]
    if interval and interval[0] <= baseline:
        yield Message(
            "reports.not_better",
            name=name,
            metric=found["figure"],
            value=found["value"],
            low=interval[0],
            high=interval[1],
            baseline=baseline,
        )
    if not model.require:
        yield Message("reports.no_gates", name=name)
    for weak in metrics.get("slices", ())[:1]:
        yield Message(
            "reports.weak_slice",
            name=name,
            where=read_text(weak, "where"),
            accuracy=weak["accuracy"],
            rows=weak["rows"],
        )


def _skill_of(metrics: VersionMetrics) -> Skill | None:
    """A model's leading metric and its baseline's: the majority's where it was evaluated, else the
    lowest.
    """
    from mesocosm.learning.evaluation.model_card import leading_metric

    figure = leading_metric(metrics)
    baselines: dict[str, float] = {}
    for name, baseline in metrics.get("baselines", {}).items():
        if baseline.get(figure) is not None:
            baselines[name] = float(baseline[figure])
    value = read_number(metrics.get(figure))
    if value is None or not baselines:
        return None
    simplest = baselines.get("majority", min(baselines.values()))
    return {
        "figure": figure,
        "value": value,
        "interval": metrics["interval"].get(figure),
        "simplest": simplest,
        "skill": round(skill(float(value), simplest), 4),
    }
