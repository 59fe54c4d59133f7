"""Suggested changes of models: gates, heads, inputs and fairness that the champion's metrics
support.

Knows the champion's record and the snapshot that it was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mesocosm.assistant.proposal import Proposal
from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import FieldStatistics, VersionMetrics
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.values.json_shapes import read_number
from mesocosm.core.values.thresholds import parse_bound
from mesocosm.data.profiling.goal.goal import PEOPLE
from mesocosm.data.types.field import FieldKind
from mesocosm.learning.evaluation.model_card import leading_metric
from mesocosm.learning.model import METRICS, Model
from mesocosm.lifecycle.access.data_access import read_field_types
from mesocosm.lifecycle.jobs.challenger_comparison import lower_bound

SLACK = 0.05  # by which a gate may lie under the lower end of the confidence interval
SURE = 0.05  # the p-value of a difference that is taken for one
EMPTY = 0.98  # missing share from which on an input carries no information
GAPS = {"parity_gap", "odds_gap", "accuracy_gap"}  # the metrics of fairness
ONE_KIND = {"text alone": True, "table alone": False}  # ablations: whether their inputs are texts


@dataclass(frozen=True)
class Champion:
    """A model and the version of it that serves.

    Args:
        name: the model's name.
        model: its settings.
        version: the version's record.
        snapshot: the record of the snapshot that it was trained on, where it is listed.
        fields: the fields of the model's dataset.
    """

    name: str
    model: Model
    version: VersionRow
    snapshot: SnapshotRow | None
    fields: Mapping[str, FieldKind]

    @property
    def metrics(self) -> VersionMetrics:
        """What was measured of the version."""
        return self.version["metrics"]

    def at(self, key: str) -> str:
        """The path of a setting of the model."""
        return f"models.{self.name}.{key}"


def suggest_for_models(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """Changes of each model that has a champion."""
    for name, model in spec.eco.models.items():
        champion = _find_champion(spec, catalog, name, model)
        if champion is None:
            continue
        for suggest in SUGGESTIONS:
            yield from suggest(champion)


def _find_champion(spec: Spec, catalog: Catalog, name: str, model: Model) -> Champion | None:
    """The newest champion of a model, with what its dataset has; None where there is none."""
    champions = [v for v in catalog.versions(name) if v["state"] == "champion"]
    if not champions:
        return None
    fields: Mapping[str, FieldKind] = {}
    if model.dataset in spec.eco.datasets:
        fields = spec.eco.datasets[model.dataset].fields
    version = champions[-1]
    return Champion(name, model, version, catalog.snapshot(version["snapshot"]), fields)


def _suggest_gate(champion: Champion) -> Iterator[Proposal]:
    """A gate just under the confidence interval of the leading metric."""
    require = dict(champion.model.require)
    metric = _gated_metric(champion)
    value, low = read_number(champion.metrics.get(metric)), _lower_end(champion.metrics, metric)
    if value is None or low is None:
        return
    gate = require.get(metric)
    bound, risk = _read_gate(gate)
    floor = math.floor(low * 100) / 100
    if _may_gate(require, metric) and floor > 0 and bound < floor - SLACK:
        why = (
            f"{champion.version['id']} has {value:.3f} (lower confidence limit {low:.3f}) on"
            f" {champion.metrics['rows']} held-out rows, and {risk}"
        )
        yield Proposal(champion.at(f"require.{metric}"), gate, f">= {floor:.2f}", why)


def _may_gate(require: Mapping[str, str], metric: str) -> bool:
    """Whether a gate of a metric is looked at: where there is one, and where there is none at
    all.
    """
    return not require or bool(require.get(metric))


def _gated_metric(champion: Champion) -> str:
    """The metric whose gate is looked at: the leading one, or AUC where that has a gate."""
    if "auc" in champion.metrics.get("interval", {}) and "auc" in champion.model.require:
        return "auc"
    return leading_metric(champion.metrics)


def _read_gate(gate: str | None) -> tuple[float, str]:
    """The bound of a gate, and what it lets pass."""
    if not gate:
        return -math.inf, "no gate rejects a version that is worse"
    _, bound = parse_bound(str(gate))
    return bound, f"a regression down to {bound:g} would be deployed"


def _lower_end(metrics: VersionMetrics, metric: str) -> float | None:
    """The lower end of a metric's confidence interval; None where there is none, or no gate may
    bound it.
    """
    low = _interval_low(metrics, metric)
    if low is None or metric not in METRICS:
        return None
    if metric == "accuracy":  # a bootstrap of rows that are all right knows of no wrong one
        rows = metrics["rows"]
        low = min(low, lower_bound(round(metrics["accuracy"] * rows), rows))
    return low


def _interval_low(metrics: VersionMetrics, metric: str) -> float | None:
    """The lower end of a confidence interval as it was measured."""
    interval = metrics.get("interval", {}).get(metric)
    if not interval or interval[0] is None or math.isnan(interval[0]):
        return None
    return float(interval[0])


def _suggest_linear_head(champion: Champion) -> Iterator[Proposal]:
    """The linear head, where the linear baseline is significantly better."""
    baseline = champion.metrics.get("baselines", {}).get("linear", {})
    gain, p = baseline.get("gain", 0), baseline.get("p", 1)
    if gain >= 0 or p >= SURE or getattr(champion.model.fine_tune, "head", "") != "auto":
        return
    why = f"the linear baseline is better by {-gain:.3f} on the same rows (p = {p:.2g})"
    yield Proposal(champion.at("fine_tune"), "frozen", {"method": "frozen", "head": "linear"}, why)


def _suggest_inputs(champion: Champion) -> Iterator[Proposal]:
    """Fewer inputs: without those that carry no information, or those that ablation shows to be of
    no use.
    """
    inputs, empty = list(champion.model.features), _find_empty(champion)
    kept = [name for name in inputs if name not in empty]
    if not empty:
        yield from _suggest_by_ablation(champion, inputs)
    elif kept:
        why = "; ".join(f"'{name}' {reason}" for name, reason in empty.items())
        yield Proposal(champion.at("inputs"), inputs, kept, why)


def _suggest_by_ablation(champion: Champion, inputs: list[str]) -> Iterator[Proposal]:
    """The inputs of the first ablation that is as good as all of them."""
    for ablation, result in champion.metrics.get("beside", {}).items():
        kept = _inputs_of(champion, ablation)
        if kept and len(kept) < len(inputs) and result["gain"] <= 0:
            why = (
                f"ablation, {ablation}: as good; all inputs together add {result['gain']:+.3f} (p ="
                f" {result['p']:.2g}), and fewer inputs are less to keep clean"
            )
            yield Proposal(champion.at("inputs"), inputs, kept, why)
            return


def _inputs_of(champion: Champion, ablation: str) -> list[str]:
    """The inputs that an ablation kept; none where it kept no kind of them."""
    if ablation not in ONE_KIND or not champion.snapshot:
        return []
    kinds, is_text = read_field_types(champion.snapshot), ONE_KIND[ablation]
    return [name for name in champion.model.features if (kinds[name] == "text") == is_text]


def _find_empty(champion: Champion) -> dict[str, str]:
    """The inputs that carry no information, each with the reason."""
    profiles: Mapping[str, FieldStatistics] = {}
    if champion.snapshot:
        profiles = champion.snapshot["report"]["after"]
    found = {}
    for name in champion.model.features:
        reason = _why_empty(profiles.get(name, {}))
        if reason:
            found[name] = reason
    return found


def _why_empty(profile: FieldStatistics) -> str:
    """Why a field carries no information; empty where it may carry some."""
    rows = profile.get("rows")
    if not rows:
        return ""
    if profile["missing"] >= EMPTY * rows:
        return f"is missing in {profile['missing']} of {rows} rows"
    if profile.get("distinct") == 1:
        return "has the same value in every row"
    return ""


def _suggest_groups(champion: Champion) -> Iterator[Proposal]:
    """Groups of people between which fairness is to be measured."""
    current = _list_groups(champion.model)
    known = current or []
    people = [name for name in _list_people(champion) if name not in known]
    if people and champion.metrics.get("classes"):
        names = _say_they_name(people)
        why = f"{names} groups of people, and fairness between them is not measured"
        yield Proposal(champion.at("fairness.groups"), current, [*known, *people], why)


def _say_they_name(fields: list[str]) -> str:
    """Fields with the verb in their number, such as `age and sex name`."""
    verb = "name"
    if len(fields) == 1:
        verb = "names"
    return f"{', '.join(fields)} {verb}"


def _list_groups(model: Model) -> list[str] | None:
    """The fields by which fairness is measured; None where it is not."""
    if not model.fairness:
        return None
    return list(model.fairness.groups)


def _list_people(champion: Champion) -> list[str]:
    """The public fields that tell groups of people, the target apart."""
    target, fields = champion.model.target, champion.fields.items()
    public = [name for name, kind in fields if name != target and not kind.private]
    return list(filter(PEOPLE.search, public))


def _suggest_fairness_gate(champion: Champion) -> Iterator[Proposal]:
    """A gate of the equalized odds gap, where the model has none of fairness."""
    fairness, gap = champion.model.fairness, champion.metrics.get("odds_gap")
    if not fairness or gap is None or GAPS & set(champion.model.require):
        return
    why = (
        f"the equalized odds gap by {', '.join(fairness.groups)} is {gap:.3f}; a regression would"
        " be deployed"
    )
    most = math.ceil(100 * gap) / 100
    yield Proposal(champion.at("require.odds_gap"), None, f"<= {most:.2f}", why)


SUGGESTIONS: tuple[Callable[[Champion], Iterator[Proposal]], ...] = (
    _suggest_gate,
    _suggest_linear_head,
    _suggest_inputs,
    _suggest_groups,
    _suggest_fairness_gate,
)
