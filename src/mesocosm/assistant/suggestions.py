"""A tune-up: changes to the file that what was measured speaks for, each with its evidence. Knows
the catalog, the sources and the file.

Proposes only what the file's check accepts, and changes nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.config.editor import amended
from mesocosm.config.loader import read_text
from mesocosm.core.errors import Failure, Invalid
from mesocosm.core.thresholds import parse_bound
from mesocosm.data.profiling.goal.goal import PEOPLE
from mesocosm.learning.evaluation.model_card import leading_metric
from mesocosm.learning.model import METRICS
from mesocosm.lifecycle.access.data_access import kinds_of
from mesocosm.lifecycle.jobs.challenger_comparison import least
from mesocosm.lifecycle.project_store import where_of

DAYS = 30.0  # looked back at
SLACK = 0.05  # by which a bound may lie under what the interval promises
SURE = 0.05  # the p of a difference that is taken for one
UNSURE, TOLD = (
    0.1,
    100,
)  # the share that would be left to a person; labels that must have come back to tell
WIDER = 0.2  # by how much more often the least sure answers must be wrong
SLOW = 7.0  # days that a monitor's window may take to fill
QUIET = 3  # alerts without harm from which on they are too many
EMPTY = 0.98  # missing share from which on an input tells nothing


@dataclass(frozen=True)
class Proposal:
    """One change: the setting by its path, what it is, what it would be, and the evidence."""

    at: str
    was: Any
    would: Any
    because: str


def proposals(spec: Spec, catalog: Catalog) -> list[dict[str, Any]]:
    """Changes that what was measured speaks for, in the order of the file; each alone, and all
    together, pass the check.
    """
    found, text = [], spec.path.read_text(encoding="utf-8-sig")
    for one in (
        *_data(spec, catalog),
        *_models(spec, catalog),
        *_services(spec, catalog),
        *_monitors(spec, catalog),
    ):
        try:
            changed = applied(text, spec.path.name, [asdict(one)])
            read_text(changed, spec.path, os.environ)
        except Invalid:
            continue
        found.append(asdict(one))
        text = changed
    return found


def applied(text: str, file: str, changes: Sequence[dict[str, Any]]) -> str:
    """The file's text with all changes."""
    for one in changes:
        text = amended(text, file, tuple(one["at"].split(".")), one["would"])
    return text


def _data(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    from mesocosm.data.profiling.auto_fields import look

    for name, data in spec.eco.datasets.items():
        snapshot = catalog.snapshot(dataset=name)
        if data.auto or not snapshot or data.source.lookup:
            continue
        try:
            made = look(
                {n: spec.eco.sources[n] for n in data.source.sources}, data.source, where_of(spec)
            )
        except Failure:
            continue  # its source is not there now; a build says so
        for field, kind in data.fields.items():
            column = getattr(kind, "column", None) or field
            private, formats = (
                (made.fields.get(column) or {}).get("private"),
                (made.fields.get(column) or {}).get("formats"),
            )
            if private and not kind.private:
                yield Proposal(
                    f"datasets.{name}.fields.{field}.private",
                    None,
                    private,
                    f"{made.evidence[f'fields.{column}.private']}, and the file does not say that"
                    " it is private",
                )
            more = [
                f
                for f in formats or []
                if kind.ibis_type in ("date", "timestamp") and f not in getattr(kind, "formats", ())
            ]
            if more:
                known = list(getattr(kind, "formats", ()))
                yield Proposal(
                    f"datasets.{name}.fields.{field}.formats",
                    known,
                    [*known, *more],
                    f"{made.evidence[f'fields.{column}']}, and rows written so are not read now",
                )


def _models(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    for name, model in spec.eco.models.items():
        version = next(
            (v for v in reversed(catalog.versions(name)) if v["state"] == "champion"), None
        )
        if not version:
            continue
        kinds = kinds_of(snapshot) if (snapshot := catalog.snapshot(version["snapshot"])) else {}
        m, at, fields = (
            version["metrics"],
            f"models.{name}",
            spec.eco.datasets[model.learns].fields if model.learns in spec.eco.datasets else {},
        )
        figure = (
            "auc"
            if "auc" in m.get("interval", {}) and "auc" in model.require
            else leading_metric(m)
        )
        low = (m.get("interval", {}).get(figure) or [None])[0]
        if (
            low is not None and figure == "accuracy"
        ):  # a bootstrap of rows that are all right knows of no wrong one
            low = min(low, least(round(m[figure] * m["rows"]), m["rows"]))
        floor = math.floor(low * 100) / 100 if low is not None and low == low else None
        asked = dict(model.require).get(figure)
        _, bound = parse_bound(str(asked)) if asked else ("", -math.inf)
        if (
            floor is not None
            and floor > 0
            and figure in METRICS
            and bound < floor - SLACK
            and (asked or not model.require)
        ):
            was = (
                f"a version may fall to {bound:g} unnoticed"
                if asked
                else "nothing refuses a version that is worse"
            )
            yield Proposal(
                f"{at}.require.{figure}",
                asked,
                f">= {floor:.2f}",
                f"{version['id']} has {m[figure]:.3f} ({low:.3f} at least) on {m['rows']} held-out"
                f" rows, and {was}",
            )
        line = m.get("baselines", {}).get("linear", {})
        if (
            line.get("gain", 0) < 0
            and line.get("p", 1) < SURE
            and getattr(model.tune, "head", "") == "auto"
        ):
            yield Proposal(
                f"{at}.tune",
                "frozen",
                {"method": "frozen", "head": "linear"},
                f"the plain linear model is better by {-line['gain']:.3f} on the same rows (p ="
                f" {line['p']:.2g})",
            )
        empty = _empty(catalog, version["snapshot"], model.inputs)
        if empty and len(empty) < len(model.inputs):
            yield Proposal(
                f"{at}.inputs",
                list(model.inputs),
                [f for f in model.inputs if f not in empty],
                "; ".join(f"'{f}' {why}" for f, why in empty.items()),
            )
        for other, told in () if empty else m.get("beside", {}).items():
            kept = (
                [f for f in model.inputs if (kinds[f] == "text") == (other == "text alone")]
                if other in ("text alone", "table alone") and kinds
                else []
            )
            if kept and len(kept) < len(model.inputs) and told["gain"] <= 0:
                yield Proposal(
                    f"{at}.inputs",
                    list(model.inputs),
                    kept,
                    f"{other} is right as often: all inputs together give {told['gain']:+.3f} (p ="
                    f" {told['p']:.2g}), and fewer inputs are less to keep clean",
                )
                break
        people = [
            f
            for f, kind in fields.items()
            if PEOPLE.search(f)
            and not kind.private
            and f != model.predict
            and f not in (model.fair.by if model.fair else ())
        ]
        if people and m.get("classes"):
            yield Proposal(
                f"{at}.fair.by",
                list(model.fair.by) if model.fair else None,
                [*(model.fair.by if model.fair else ()), *people],
                f"{', '.join(people)} {'tells' if len(people) == 1 else 'tell'} groups of people,"
                " and nobody looks whether they are treated alike",
            )
        if (
            model.fair
            and "odds_gap" in m
            and not {"parity_gap", "odds_gap", "accuracy_gap"} & set(model.require)
        ):
            most = math.ceil(100 * m["odds_gap"]) / 100
            yield Proposal(
                f"{at}.require.odds_gap",
                None,
                f"<= {most:.2f}",
                f"between groups by {', '.join(model.fair.by)} the gap of found or mistaken is"
                f" {m['odds_gap']:.3f}; a version with a wider one would go into service",
            )


def _empty(catalog: Catalog, snapshot: str, inputs: Sequence[str]) -> dict[str, str]:
    kept = catalog.snapshot(snapshot)
    told = kept["report"]["after"] if kept else {}
    found = {}
    for name in inputs:
        one = told.get(name, {})
        if one.get("rows") and one["missing"] >= EMPTY * one["rows"]:
            found[name] = f"is missing in {one['missing']} of {one['rows']} rows"
        elif one.get("rows") and one.get("distinct") == 1:
            found[name] = "says the same in every row"
    return found


def _services(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    since = catalog.clock() - DAYS * 86400
    watched = {m.watches for m in spec.eco.monitors.values()}
    for name, service in spec.eco.services.items():
        if not service.serves:
            continue
        told = [
            r
            for r in catalog.labelled(name, since)
            if "label" in r["output"] and "probability" in r["output"]
        ]
        if not service.abstain and len(told) >= TOLD:
            told.sort(key=lambda r: float(r["output"]["probability"]))
            few = int(len(told) * UNSURE)
            right = [str(r["output"]["label"]) == r["label"] for r in told]
            unsure, rest = sum(right[:few]) / few, sum(right[few:]) / (len(told) - few)
            if rest - unsure >= WIDER:
                yield Proposal(
                    f"services.{name}.abstain",
                    None,
                    UNSURE,
                    f"of {len(told)} answers whose label came back, the least sure tenth is right"
                    f" in {unsure:.0%} and the others in {rest:.0%}; they would say 'unsure' and go"
                    " to a person",
                )
        if name not in watched:
            window = max(30, min(200, len(catalog.predictions(name, 200, since)) or 100))
            rule = {
                "watches": name,
                "every": "1m",
                "drift": {"false_alarms": "1/month", "window": window},
                "on_drift": ["alert", "retrain"],
            }
            yield Proposal(
                f"monitors.{name}-watch",
                None,
                rule,
                f"nothing watches '{name}', so a drift of what it is asked would not be told",
            )
        updates = [d for d in catalog.deployments(name) if d["at"] >= since]
        retrains = (
            any("retrain" in m.on_drift for m in spec.eco.monitors.values() if m.watches == name)
            or service.update.every
        )
        if service.rollout.strategy == "direct" and retrains and len(updates) > 1:
            yield Proposal(
                f"services.{name}.rollout",
                "direct",
                {"strategy": "canary"},
                f"{len(updates)} versions went into service in {DAYS:.0f} days, each at once for"
                " everybody; a canary shows a bad one to few",
            )


def _monitors(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    now = catalog.clock()
    alerts = [a for a in catalog.alerts(most=2000) if a["at"] >= now - DAYS * 86400]
    for name, monitor in spec.eco.monitors.items():
        service = spec.eco.services.get(monitor.watches)
        verdicts = [v for a in alerts if a["monitor"] == name and (v := a["detail"].get("verdict"))]
        if monitor.drift:
            asked = catalog.predictions(monitor.watches, 1, 0.0)
            rows = catalog.predictions(monitor.watches, 5000, now - SLOW * 86400)
            days = (now - rows[-1]["at"]) / 86400 if rows else 0.0
            if (
                asked
                and days >= 1
                and len(rows) < monitor.drift.window
                and monitor.drift.window > 30
            ):
                yield Proposal(
                    f"monitors.{name}.drift.window",
                    monitor.drift.window,
                    max(30, len(rows)),
                    f"{len(rows)} rows came in {days:.0f} days, so a window of"
                    f" {monitor.drift.window} is not full for weeks, and until then nothing is"
                    " compared",
                )
            harmless = [v for v in verdicts if v.get("remedy") == "nothing"]
            if len(harmless) >= QUIET and monitor.drift.false_alarms != "1/year":
                yield Proposal(
                    f"monitors.{name}.drift.false_alarms",
                    monitor.drift.false_alarms,
                    "1/year",
                    f"{len(harmless)} alerts in {DAYS:.0f} days were judged to do no harm",
                )
        for remedy in ("retrain", "recalibrate"):
            wanted = [v for v in verdicts if v.get("remedy") == remedy]
            if wanted and remedy not in monitor.on_drift:
                yield Proposal(
                    f"monitors.{name}.on_drift",
                    list(monitor.on_drift),
                    [*monitor.on_drift, remedy],
                    f"{len(wanted)} verdicts in {DAYS:.0f} days were '{remedy}', and nobody did it",
                )
                break
        if service and service.abstain and not monitor.surge:
            said = [
                p["output"] for p in catalog.predictions(monitor.watches, 1000, now - DAYS * 86400)
            ]
            unsure = (
                sum(bool(o.get("unsure")) for o in said) / len(said) if len(said) >= TOLD else 0.0
            )
            if unsure > 2 * service.abstain:
                yield Proposal(
                    f"monitors.{name}.surge",
                    None,
                    {"unsure": True, "times": 2},
                    f"{unsure:.0%} of the last {len(said)} answers are not sure, where"
                    f" {service.abstain:.0%} is usual; a surge of them would be told",
                )
