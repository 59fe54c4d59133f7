"""The ecosystem judged as a whole: data quality, model quality, stability and experience, each with
its figures, its trend and what to do next.

Knows the catalog and the gateway's log. Every score is a share that its sentence explains; what was
not measured has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import mean, median
from typing import Any, cast

from mesocosm.catalog import Catalog, unsure_of
from mesocosm.config import Spec
from mesocosm.core.confidential.row_values import plain_all
from mesocosm.core.durations import seconds
from mesocosm.lifecycle.access.integrity import find_damage
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.stopped_build import read_stop
from mesocosm.serving.http.access_log import Request, Requests

DAYS = 30.0  # that stability and experience look back
ASKED = 5000  # newest predictions of a service that are looked at
GOAL_MS = 100.0  # within which an answer is wanted, where the service has no 'target'
ASIDE = 0.05  # share of rows set aside from which something is to be done
FEW = 20  # labels that came back under which they tell nothing
Row = dict[str, Any]
TO_SERVICES = ("/v1/services/", "/v2/models/", "/v1/chat")  # routes of requests to services
UNKNOWN = {
    "data quality": "no dataset is built",
    "model quality": "no model with figures is built",
    "stability": "nobody has asked",
    "experience": "nobody has asked",
}


def requests_of(spec: Spec) -> Requests:
    """A reader of the requests to an ecosystem's services, for who asks `whole` again and again."""
    return Requests(where_of(spec).store / "logs" / "gateway.jsonl", TO_SERVICES)


def whole(
    spec: Spec, catalog: Catalog, requests: Requests | None = None, *, marked: bool = False
) -> dict[str, Any]:
    """The four scores, 0 to 1 or none, each with `says`, `figures`, `before` (the score of what was
    there before) and `moved` (how far from there), `next`: what to do, the most pressing first, and
    `recommendations`: the same, each with the page where it is acted on.

    `marked` keeps the marks of row values, as in `Catalog.alerts`.
    """
    since = catalog.clock() - DAYS * 86400
    reader = requests or requests_of(spec)
    lines = reader.since(since - DAYS * 86400)
    now = [r for r in lines if r.at >= since]
    cut = reader.full  # older requests were left out
    then = [] if cut else lines[: len(lines) - len(now)]
    stability, experience = (
        _stability(spec, catalog, now, since, cut),
        _experience(spec, catalog, now, since, cut),
    )
    data, models = _data(spec, catalog), _models(spec, catalog)
    parts = {
        "data quality": data,
        "model quality": models,
        "stability": stability | {"before": unbroken(then)},
        "experience": experience | {"before": _apdex(spec, then)},
    }
    pages = (("services", stability), ("data", data), ("models", models), ("services", experience))
    listed = [{"page": page, "text": text} for page, part in pages for text in part["next"]]
    found = {
        "parts": {name: _rounded(part, UNKNOWN[name]) for name, part in parts.items()},
        "next": [one["text"] for one in listed],
        "recommendations": listed,
    }
    return found if marked else cast(dict[str, Any], plain_all(found))


def _rounded(part: Row, unknown: str) -> Row:
    score, before = part["score"], part["before"]
    moved = round(score - before, 4) if score is not None and before is not None else None
    kept = {k: round(v, 4) if isinstance(v, float) else v for k, v in part.items() if k != "next"}
    return kept | {
        "moved": moved,
        "says": part["says"] if score is not None else f"not known: {unknown}",
    }


def _period(lines: Sequence[Request], cut: bool) -> str:
    """Which requests were counted; where older ones were left out, how many there are and since
    when.
    """
    if not cut or not lines:
        return f"requests of {DAYS:.0f} days"
    return (
        f"the newest {len(lines):,} requests, since"
        f" {datetime.fromtimestamp(lines[0].at, UTC):%Y-%m-%d %H:%M} UTC,"
    )


def unbroken(lines: Sequence[Request]) -> float | None:
    """The share of requests that did not fail on our side; none where nobody asked.

    >>> unbroken([Request(0.0, "desk", status, 1.0) for status in (200, 422, 503, 200)])
    0.75
    >>> print(unbroken([]))
    None
    """
    return 1 - sum(r.status >= 500 for r in lines) / len(lines) if lines else None


def pleased(waits: Sequence[float], goal: float) -> float | None:
    """Apdex: of waits (ms), those within the goal, and half of those within four times as long;
    none where nobody asked.

    >>> pleased([50, 90, 300, 900], 100)
    0.625
    """
    return (
        mean(1.0 if ms <= goal else 0.5 if ms <= 4 * goal else 0.0 for ms in waits)
        if waits
        else None
    )


def _goal(service: Any) -> float:
    return seconds(service.batch.target) * 1000 if service.batch.target else GOAL_MS


def _waits(lines: Sequence[Request], service: str) -> list[float]:
    return sorted(r.ms for r in lines if r.service == service and r.status < 400)


def _apdex(spec: Spec, lines: Sequence[Request]) -> float | None:
    """That of all services, each request counted once."""
    told = [
        (p, len(w))
        for n, s in spec.eco.services.items()
        if (p := pleased(w := _waits(lines, n), _goal(s))) is not None
    ]
    return sum(p * n for p, n in told) / sum(n for _, n in told) if told else None


def skill(figure: float, simplest: float) -> float:
    """The error reduction over a baseline, of a metric whose best is 1.

    Source: Murphy 1988, Monthly Weather Review 116 (skill scores).

    >>> round(skill(0.9, 0.6), 2), skill(0.5, 0.6)
    (0.75, 0.0)
    """
    return max(0.0, (figure - simplest) / (1 - simplest)) if simplest < 1 else 0.0


def _data(spec: Spec, catalog: Catalog) -> Row:
    figures, before, todo = {}, [], []
    damage = find_damage(spec, catalog)
    todo += [
        f"{address}: {fault}; 'mesocosm build' rebuilds it" for address, fault in damage.items()
    ]
    for name in datasets_of(spec):
        stops = read_stop(spec.root / ".mesocosm", name)
        todo += [
            f"the last build of '{name}' stopped, nothing was trained on it: {c.sentence}; fix the"
            f" "
            f"source{'' if c.kind == 'build' else f', or accept it with: mesocosm build --accept {name}' + (f'.{c.field}' if c.field else '')}"
            for c in stops
        ]
        kept = catalog.snapshots(name)
        if not kept:
            todo.append(f"'{name}' was not built: mesocosm build")
            continue
        account, report = kept[-1]["account"], kept[-1]["report"]
        figures[name] = {
            "quality": round(float(report["quality"]), 4),
            "rows": account["kept"],
            "set_aside": account["quarantined"],
        }
        before.append(
            float(kept[-2]["report"]["quality"]) if len(kept) > 1 else float(report["quality"])
        )
        for field, count in report.get("unreadable", {}).items():
            if count >= ASIDE * max(1, report["before"][field]["rows"]):
                todo.append(
                    f"{count} values of '{name}.{field}' could not be read"
                    f" ({count / max(1, report['before'][field]['rows']):.0%}); correct the source,"
                    " or the type of the field"
                )
        share = account["quarantined"] / max(1, account["in"])
        if share >= ASIDE and report["reasons"]:
            why, count = max(report["reasons"].items(), key=lambda e: e[1])
            todo.append(
                f"{share:.0%} of the rows of '{name}' are set aside, {count} of them because:"
                f" {why}; mend the source, or the file where it asks too much"
            )
    score = mean(f["quality"] for f in figures.values()) if figures else None
    return {
        "score": score,
        "before": mean(before) if before else None,
        "says": (
            "the mean quality of the datasets: rows that are complete, valid and none of them a"
            " copy"
        ),
        "figures": figures,
        "next": todo,
    }


def _models(spec: Spec, catalog: Catalog) -> Row:
    from mesocosm.learning.evaluation.model_card import leading_metric

    figures, before, todo = {}, [], []
    for name, model in spec.eco.models.items():
        versions = catalog.versions(name)
        if not versions:
            todo.append(f"'{name}' has no version: mesocosm build")
            continue
        now = next((v for v in reversed(versions) if v["state"] == "champion"), versions[-1])
        told = _skill(now["metrics"], leading_metric(now["metrics"]))
        if told is None:
            continue
        figures[name] = {"version": now["id"], **told}
        last = next(
            (v["metrics"] for v in reversed(versions) if v["number"] < now["number"]),
            now["metrics"],
        )
        before.append((_skill(last, leading_metric(last)) or told)["skill"])
        if versions[-1]["state"] == "refused":
            todo.append(f"the newest version of '{name}' is refused: {versions[-1]['why']}")
        if told["interval"] and told["interval"][0] <= told["simplest"]:
            todo.append(
                f"'{name}' is not significantly better than its baseline ({told['figure']}"
                f" {told['value']:.3f}, {told['interval'][0]:.3f} to {told['interval'][1]:.3f};"
                f" baseline {told['simplest']:.3f}): more rows, other inputs, or another base"
            )
        if not model.require:
            todo.append(f"'{name}' has no bounds to keep: 'require' in the file")
        if now["metrics"].get("slices"):
            weak = now["metrics"]["slices"][0]
            todo.append(
                f"'{name}' is weak where {weak['where']} ({weak['accuracy']:.3f} on {weak['rows']}"
                " rows): look at them, or bring more of them"
            )
    score = mean(f["skill"] for f in figures.values()) if figures else None
    return {
        "score": score,
        "before": mean(before) if before else None,
        "says": "error reduction over the baseline, on held-out rows",
        "figures": figures,
        "next": todo,
    }


def _skill(metrics: Mapping[str, Any], figure: str) -> Row | None:
    """A model's first metric and its baseline's: the majority's where it was evaluated, else the
    lowest.
    """
    told = {
        n: float(b[figure])
        for n, b in metrics.get("baselines", {}).items()
        if b.get(figure) is not None
    }
    if metrics.get(figure) is None or not told:
        return None
    simplest = told.get("majority", min(told.values()))
    return {
        "figure": figure,
        "value": metrics[figure],
        "interval": metrics["interval"].get(figure),
        "simplest": simplest,
        "skill": round(skill(float(metrics[figure]), simplest), 4),
    }


def _stability(
    spec: Spec, catalog: Catalog, lines: Sequence[Request], since: float, cut: bool
) -> Row:
    alerts = [a for a in catalog.alerts(most=2000) if a["at"] >= since]
    open_now = catalog.alerts(open_only=True, marked=True)
    healed = [a["cleared_at"] - a["at"] for a in alerts if a["cleared_at"]]
    acts = Counter(a["act"] for a in catalog.audit(5000) if a["at"] >= since)
    figures = {
        "requests": len(lines),
        "failed": sum(r.status >= 500 for r in lines),
        "alerts": len(alerts),
        "open": len(open_now),
        "minutes_to_clear": round(median(healed) / 60, 1) if healed else None,
        "worker_restarts": acts["restart"],
        "taken_back": acts["returned"],
    }
    todo = [f"{a['monitor']} has an open alert: {a['message']}" for a in open_now[:5]]
    watched = {m.watches for m in spec.eco.monitors.values()}
    todo += [
        f"nothing watches '{name}': a monitor in the file"
        for name, s in spec.eco.services.items()
        if s.serves and name not in watched
    ]
    return {
        "score": unbroken(lines),
        "says": f"{_period(lines, cut)} that did not fail on our side",
        "figures": figures,
        "next": todo,
    }


def _experience(
    spec: Spec, catalog: Catalog, lines: Sequence[Request], since: float, cut: bool
) -> Row:
    figures, todo = {}, list[str]()
    for name, service in spec.eco.services.items():
        goal, waited = _goal(service), _waits(lines, name)
        asked, doubts = unsure_of(catalog, name, ASKED, since)
        told = [r for r in catalog.labelled(name, since) if "label" in r["output"]]
        right = sum(str(r["output"]["label"]) == r["label"] for r in told)
        apdex = pleased(waited, goal)
        unsure = doubts / asked if asked else 0.0
        figures[name] = {
            "goal_ms": goal,
            "requests": len(waited),
            "apdex": round(apdex, 4) if apdex is not None else None,
            "p95_ms": round(waited[int(0.95 * (len(waited) - 1))], 1) if waited else None,
            "unsure": round(unsure, 4) if service.abstain else None,
            "labels": len(told),
            "right": round(right / len(told), 4) if told else None,
        }
        if service.abstain and asked >= FEW and unsure > 2 * service.abstain:
            todo.append(
                f"{unsure:.0%} of the answers of '{name}' are not sure, where {service.abstain:.0%}"
                f" is usual: mesocosm labels {service.serves} --new"
            )
        if service.serves and asked >= 10 * FEW and len(told) < FEW:
            todo.append(
                f"{len(told)} labels came back for the last {asked} answers of '{name}', so nothing"
                " tells whether they are right: mesocosm feedback, or mesocosm labels"
                f" {service.serves} --next"
            )
        if apdex is not None and apdex < 0.85:
            todo.append(
                f"'{name}' answers later than wanted ({figures[name]['p95_ms']} ms at the 95th"
                f" percentile, {goal:.0f} wanted): workers or precision in its 'runtime', or"
                " 'batch'"
            )
    return {
        "score": _apdex(spec, lines),
        "says": (
            f"{_period(lines, cut)} answered within their goal ({GOAL_MS:.0f} ms where none is"
            " set), half for those within four times as long (Apdex)"
        ),
        "figures": figures,
        "next": todo,
    }
