"""Suggested changes of models: gates, heads, inputs and fairness that the champion's metrics
support.

Knows the champion's record and the snapshot that it was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mesocosm.assistant.proposal import Proposal
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
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
    version: Mapping[str, Any]
    snapshot: Mapping[str, Any] | None
    fields: Mapping[str, FieldKind]

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What was measured of the version."""
        metrics: Mapping[str, Any] = self.version["metrics"]
        return metrics

    def at(self, key: str) -> str:
        """The path of a setting of the model."""
        return f"models.{self.name}.{key}"


def suggest_for_models(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """Changes of each model that has a champion."""
    for name, model in spec.eco.models.items():
        champions = [v for v in catalog.versions(name) if v["state"] == "champion"]
        if not champions:
            continue
        fields: Mapping[str, FieldKind] = {}
        if model.dataset in spec.eco.datasets:
            fields = spec.eco.datasets[model.dataset].fields
        version = champions[-1]
        snapshot = catalog.snapshot(version["snapshot"])
        champion = Champion(name, model, version, snapshot, fields)
        for suggest in SUGGESTIONS:
            yield from suggest(champion)


def _suggest_gate(champion: Champion) -> Iterator[Proposal]:
    """A gate just under the confidence interval of the leading metric."""
    metrics, require = champion.metrics, champion.model.require
    metric = leading_metric(metrics)
    if "auc" in metrics.get("interval", {}) and "auc" in require:
        metric = "auc"
    low = _lower_end(metrics, metric)
    if low is None or metric not in METRICS:
        return
    gate = dict(require).get(metric)
    if require and not gate:
        return
    bound, risk = -math.inf, "no gate rejects a version that is worse"
    if gate:
        _, bound = parse_bound(str(gate))
        risk = f"a regression down to {bound:g} would be deployed"
    floor = math.floor(low * 100) / 100
    if floor <= 0 or bound >= floor - SLACK:
        return
    why = (
        f"{champion.version['id']} has {metrics[metric]:.3f} (lower confidence limit {low:.3f}) on"
        f" {metrics['rows']} held-out rows, and {risk}"
    )
    yield Proposal(champion.at(f"require.{metric}"), gate, f">= {floor:.2f}", why)


def _lower_end(metrics: Mapping[str, Any], metric: str) -> float | None:
    """The lower end of a metric's confidence interval; None where there is none."""
    interval = metrics.get("interval", {}).get(metric)
    if not interval or interval[0] is None or math.isnan(interval[0]):
        return None
    low = float(interval[0])
    if metric == "accuracy":  # a bootstrap of rows that are all right knows of no wrong one
        rows = metrics["rows"]
        low = min(low, lower_bound(round(metrics[metric] * rows), rows))
    return low


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
    inputs, at = list(champion.model.features), champion.at("inputs")
    empty = _find_empty(champion)
    if empty:
        if len(empty) < len(inputs):
            why = "; ".join(f"'{name}' {reason}" for name, reason in empty.items())
            yield Proposal(at, inputs, [name for name in inputs if name not in empty], why)
        return
    for ablation, result in champion.metrics.get("beside", {}).items():
        kept = _inputs_of(champion, ablation)
        if kept and len(kept) < len(inputs) and result["gain"] <= 0:
            why = (
                f"ablation, {ablation}: as good; all inputs together add {result['gain']:+.3f} (p ="
                f" {result['p']:.2g}), and fewer inputs are less to keep clean"
            )
            yield Proposal(at, inputs, kept, why)
            return


def _inputs_of(champion: Champion, ablation: str) -> list[str]:
    """The inputs that an ablation kept; none where it kept no kind of them."""
    if ablation not in ONE_KIND or not champion.snapshot:
        return []
    kinds, is_text = read_field_types(champion.snapshot), ONE_KIND[ablation]
    return [name for name in champion.model.features if (kinds[name] == "text") == is_text]


def _find_empty(champion: Champion) -> dict[str, str]:
    """The inputs that carry no information, each with the reason."""
    profiles: Mapping[str, Any] = {}
    if champion.snapshot:
        profiles = champion.snapshot["report"]["after"]
    found = {}
    for name in champion.model.features:
        profile = profiles.get(name, {})
        rows = profile.get("rows")
        if not rows:
            continue
        if profile["missing"] >= EMPTY * rows:
            found[name] = f"is missing in {profile['missing']} of {rows} rows"
        elif profile.get("distinct") == 1:
            found[name] = "has the same value in every row"
    return found


def _suggest_groups(champion: Champion) -> Iterator[Proposal]:
    """Groups of people between which fairness is to be measured."""
    if not champion.metrics.get("classes"):
        return
    current, model = None, champion.model
    if model.fairness:
        current = list(model.fairness.groups)
    people = [
        name
        for name, kind in champion.fields.items()
        if PEOPLE.search(name)
        and not kind.private
        and name != model.target
        and name not in (current or ())
    ]
    if not people:
        return
    verb = "name"
    if len(people) == 1:
        verb = "names"
    why = f"{', '.join(people)} {verb} groups of people, and fairness between them is not measured"
    yield Proposal(champion.at("fairness.groups"), current, [*(current or ()), *people], why)


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
