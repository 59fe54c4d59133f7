"""A model's section of the report: metrics with baselines, curves of training and of rows, weak
slices.

Every number comes from the JSON answer; plots are SVG without script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message, Text, render
from mesocosm.core.messages.stored import render_text, render_texts_of
from mesocosm.core.values.json_shapes import (
    read_number,
    read_object,
)
from mesocosm.learning.evaluation.model_card import leading_label, leading_metric
from mesocosm.learning.metric_names import name_baseline, name_key, name_metric, name_state
from mesocosm.learning.tasks.registry import find_recorded_task, shown_metrics
from mesocosm.reports.page.markup import (
    card,
    cell,
    facts,
    format_metric,
    row,
    section,
    table,
    title,
)
from mesocosm.reports.page.plots import Point, figure, plot
from mesocosm.reports.page.trial_section import LOSS, render_candidates, render_trials

if TYPE_CHECKING:
    from mesocosm.catalog.contents import VersionMetrics, VersionRecipe
    from mesocosm.core.records import JsonObject
    from mesocosm.learning.evaluation.metrics import GateResult
    from mesocosm.learning.tasks.task import ReportTable
    from mesocosm.reports.report_data import LaterVersionData, ModelData

EPOCH = Message("reports.html.epoch")
MOST_CLASSES = 20  # that are shown, the weakest first


def render_model(name: str, data: ModelData) -> str:
    """The section of one model: of its deployed version, with the versions made after it."""
    metrics, recipe = data["metrics"], data["recipe"]
    key = leading_metric(metrics)
    numbers: list[tuple[Text, str]] = [
        _chief_figure(metrics, data.get("gates", [])),
        (Message("reports.html.held_out_rows"), f"{metrics['rows']:,}"),
        (Message("reports.html.training_rows"), f"{recipe['rows']['train']:,}"),
        (Message("reports.html.seconds"), escape(format_metric(metrics.get("seconds")))),
    ]
    html = f"<h2>{escape(name)}</h2><p>{_describe_version(data)}</p>"
    for warning in render_texts_of(metrics, "warnings"):
        text = Message("reports.html.sentence", text=warning[0].upper() + warning[1:])
        html += f'<p class="warn">{title(text)}</p>'
    return (
        html
        + card(facts(numbers))
        + _render_others(data.get("others", []))
        + _render_metrics(metrics, [gate["metric"] for gate in data.get("gates", [])])
        + _render_comparisons(metrics)
        + _render_plots(metrics, recipe, key)
        + render_candidates(recipe)
        + render_trials(recipe)
        + _render_classes(metrics)
        + _render_own_tables(metrics, recipe)
        + _render_slices(metrics)
        + _render_intervals(metrics)
        + _render_robustness(metrics)
        + _render_fairness(metrics)
    )


def _chief_figure(metrics: VersionMetrics, gates: Sequence[GateResult]) -> tuple[Text, str]:
    """The figure that the first gate bounds, with the bound; else the task's leading one."""
    leading = leading_metric(metrics)
    named = {leading: name_metric(leading_label(metrics).replace("_", " "))}
    for gate in gates:
        if gate["value"] is None:
            continue
        which = "reports.html.gate_passed" if gate["passed"] else "reports.html.gate_missed"
        name = named.get(gate["metric"], name_metric(gate["metric"].replace("_", " ")))
        shown = Message(which, metric=name, bound=gate["bound"])
        return shown, escape(format_metric(gate["value"]))
    return named[leading], escape(format_metric(read_number(metrics.get(leading))))


def _describe_version(data: ModelData) -> str:
    """The id, the state and the makeup of a version."""
    recipe, colour, base = data["recipe"], "warn", ""
    if data["state"] == "champion":
        colour = "good"
    if recipe["base"]:
        base = Message("reports.html.base", base=recipe["base"], method=recipe["method"]).render()
    return Message(
        "reports.html.version_line",
        id=escape(data["id"]),
        colour=colour,
        state=title(name_state(data["state"])),
        why=escape(render(data["why"])),
        base=escape(base),
        head=escape(recipe["head"]),
        snapshot=escape(data["snapshot"]),
    ).render()


def _render_others(others: Sequence[LaterVersionData]) -> str:
    """The versions made after the deployed one."""
    rows = [
        row(
            cell(escape(other["id"])),
            cell(_describe_other(other)),
            cell(escape(render(other["why"])), "said"),
            cell(f"{escape(other['figure'].replace('_', ' '))} {format_metric(other['value'])}"),
        )
        for other in others
    ]
    heads = (
        Message("reports.html.version"),
        Message("reports.html.state"),
        Message("reports.html.why"),
        Message("reports.html.on_its_own_held_out_rows"),
    )
    return section(Message("reports.html.later_versions"), heads, rows)


def _describe_other(other: LaterVersionData) -> str:
    """The state of a version, and what it does."""
    state = f'<span class="warn">{title(name_state(other["state"]))}</span>'
    return Message(
        "reports.html.state_and_use", state=state, does=title(render(other["does"]))
    ).render()


def _render_metrics(metrics: VersionMetrics, first: Sequence[str]) -> str:
    """Each metric with its confidence interval and the baselines' values; some come first."""
    baselines = metrics["baselines"]
    rows = []
    for key in shown_metrics(metrics, first):
        interval = ""
        if key in metrics["interval"]:
            low, high = metrics["interval"][key]
            interval = Message(
                "reports.html.interval", low=format_metric(low), high=format_metric(high)
            ).render()
        others = [cell(format_metric(baseline.get(key))) for baseline in baselines.values()]
        value = cell(f"<b>{format_metric(read_number(metrics.get(key)))}</b>")
        rows.append(row(cell(title(name_key(key))), value, cell(interval), *others))
    heads: tuple[Text, ...] = (
        Message("reports.html.metric"),
        Message("reports.html.this_version"),
        Message("reports.html.95_interval"),
        *map(name_baseline, baselines),
    )
    return Message("reports.html.held_out_metrics", table=card(table(heads, rows))).render()


def _render_comparisons(metrics: VersionMetrics) -> str:
    """The version compared with its ablations and the previous version, on the same rows."""
    compared = metrics.get("beside")
    if not compared:
        return ""
    key = leading_metric(metrics)
    rows = [
        row(
            cell(escape(render(name))),
            cell(format_metric(other.get(key))),
            cell(f"{other['gain']:+.3f}"),
            cell(f"{other['p']:.2g}"),
            cell(f"{other.get('rows', metrics['rows']):,}"),
        )
        for name, other in compared.items()
    ]
    heads = (
        "",
        key,
        Message("reports.html.gain_of_this_version"),
        "p",
        Message("reports.html.rows"),
    )
    return section(Message("reports.html.ablations"), heads, rows)


def _render_plots(metrics: VersionMetrics, recipe: VersionRecipe, key: str) -> str:
    """The loss by epoch and the learning curve, where there are some."""
    html, history = "", recipe.get("history") or []
    if history:
        losses: dict[str, list[Point]] = {
            Message("reports.html.training").render(): [
                (epoch["epoch"], epoch["train_loss"]) for epoch in history
            ],
            Message("reports.html.held_out").render(): [
                (epoch["epoch"], epoch["held_loss"]) for epoch in history
            ],
        }
        html += figure(
            Message("reports.html.loss_by_epoch").render(),
            plot(losses, EPOCH.render(), LOSS.render()),
        )
    return html + _render_learning_curve(metrics, key)


def _render_learning_curve(metrics: VersionMetrics, key: str) -> str:
    """The leading metric by how many rows are trained on."""
    points = [(c["rows"], c[key]) for c in metrics.get("curve", []) if c.get(key) is not None]
    if len(points) < 2:
        return ""
    title = Message("reports.html.r2_by_rows").render()
    if key == "accuracy":
        title = Message("reports.html.accuracy_by_rows").render()
    return figure(title, plot({key: points}, Message("reports.html.rows").render(), key))


def _render_classes(metrics: VersionMetrics) -> str:
    """Precision, recall and F1 of each class, the weakest first."""
    classes = sorted(metrics["classes"].items(), key=lambda item: _weakness(item[1]))
    shown = classes[:MOST_CLASSES]
    name = Message("reports.html.classes")
    if len(shown) < len(classes):
        name = Message("reports.html.weakest_classes", shown=len(shown), classes=len(classes))
    rows = [
        row(
            cell(escape(label)),
            cell(f"{found['rows']:,}"),
            cell(format_metric(found["precision"])),
            cell(format_metric(found["recall"])),
            cell(format_metric(found["f1"])),
        )
        for label, found in shown
    ]
    return section(
        name,
        (
            Message("reports.html.class"),
            Message("reports.html.rows"),
            Message("reports.html.precision"),
            Message("reports.html.recall"),
            "F1",
        ),
        rows,
    )


def _weakness(found: Mapping[str, float | None]) -> float:
    """F1; classes without one come last."""
    f1 = found["f1"]
    if f1 is None:
        return 2.0
    return f1


def _render_own_tables(metrics: VersionMetrics, recipe: VersionRecipe) -> str:
    """The tables that the version's task brings."""
    task = find_recorded_task(recipe)
    if task is None:
        return ""
    return "".join(_render_own_table(own) for own in task.tables(metrics))


def _render_own_table(own: ReportTable) -> str:
    rows = []
    for texts in own.rows:
        rows.append(row(*(cell(escape(text), "said") for text in texts)))
    return section(own.title, own.heads, rows)


def _render_slices(metrics: VersionMetrics) -> str:
    rows = [
        row(
            cell(escape(render_text(found, "where")), "said"),
            cell(f"{found['rows']:,}"),
            cell(format_metric(found["accuracy"]), "warn"),
            cell(f"{found['p']:.2g}"),
        )
        for found in metrics.get("slices") or ()
    ]
    return section(
        Message("reports.html.weak_slices"),
        (
            Message("reports.html.rows_where"),
            Message("reports.html.rows"),
            Message("reports.html.accuracy"),
            "p",
        ),
        rows,
    )


def _render_intervals(metrics: VersionMetrics) -> str:
    """How many test rows lie in their prediction intervals, on slices too."""
    if metrics.get("interval_coverage") is None:
        return ""
    rows = [
        row(
            cell(escape(render_text(found, "where")), "said"),
            cell(f"{found['rows']:,}"),
            cell(f"{found['covered']:.1%}"),
        )
        for found in metrics["coverage_by_slice"]
    ]
    return Message(
        "reports.html.intervals",
        level=metrics["interval_level"],
        coverage=metrics["interval_coverage"],
    ).render() + card(
        table(
            (
                Message("reports.html.rows_where"),
                Message("reports.html.rows"),
                Message("reports.html.covered"),
            ),
            rows,
        )
    )


def _render_robustness(metrics: VersionMetrics) -> str:
    found = metrics.get("robustness")
    if found is None:
        return ""
    return Message(
        "reports.html.robustness",
        typos=format_metric(found["typo"]),
        paraphrased=format_metric(found["paraphrase"]),
        unmodified=format_metric(found["as_they_are"]),
        rows=found["rows"],
    ).render()


def _render_fairness(metrics: VersionMetrics) -> str:
    found = metrics.get("fairness")
    if found is None:
        return ""
    fields = escape(", ".join(read_object(found["fields"])))
    return Message(
        "reports.html.fairness",
        fields=fields,
        parity=_format_gap(found, "parity"),
        odds=_format_gap(found, "odds"),
        accuracy=_format_gap(found, "accuracy"),
    ).render()


def _format_gap(fairness: JsonObject, kind: str) -> str:
    return format_metric(read_number(fairness[f"{kind}_gap"]))
