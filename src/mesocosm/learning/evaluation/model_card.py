"""A model card in Markdown, rendered from a version's record. Knows the record's
shape and the table of tasks.

Source: Mitchell et al. 2019, arXiv 1810.03993 (the sections).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NotRequired, TypedDict, cast

from mesocosm.catalog.contents import VersionMetrics, VersionRecipe, read_metric
from mesocosm.catalog.rows import VersionRow
from mesocosm.core.messages import Message, render
from mesocosm.core.messages.language import SOURCE, current_language
from mesocosm.core.messages.stored import read_text, render_text, render_texts_of
from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import read_number
from mesocosm.learning.card_of_recipe import Lines, Record, join_pairs, render_model
from mesocosm.learning.metric_names import name_baseline, name_key, name_metric
from mesocosm.learning.tasks.registry import leading_of, shown_metrics

COMPARED = {  # what a version is compared with, by its key in the record
    "text alone": Message("reports.card.text_only"),
    "images alone": Message("reports.card.images_only"),
    "table alone": Message("reports.card.table_only"),
    "last version": Message("reports.card.previous_version"),
}
OTHER_WAYS = {  # of robustness, of Chinese texts, and the message of each
    "other_script": "progress.robustness_other_script",
    "other_width": "progress.robustness_other_width",
}


class CardData(TypedDict):
    """What the card says of a version's dataset."""

    name: str
    account: Mapping[str, int]
    origins: Mapping[str, Mapping[str, str | None]]
    purpose: str | None


class Retention(TypedDict):
    """A metric (`what`) on the previous version's test rows, of that version and of this one."""

    rows: int
    what: str
    then: float
    now: float


class CoveredSlice(TypedDict):
    """The share of a slice's rows that are inside their interval, and the p of so few."""

    where: str
    where_message: NotRequired[Mapping[str, object]]
    rows: int
    covered: float
    p: float


class FairnessGaps(TypedDict):
    """Rates by group of each field, and the greatest gaps between groups."""

    fields: Mapping[str, Mapping[str, Record]]
    parity_gap: float
    odds_gap: float
    accuracy_gap: float


def leading_metric(figures: Record) -> str:
    """The key of the metric that leads for a model.

    >>> leading_metric({"macro_f1": 0.8, "accuracy": 0.9}), leading_metric({"rouge_l": 0.3})
    ('accuracy', 'rouge_l')
    """
    leading = leading_of(figures)
    if leading is None:
        return "accuracy"
    return leading.metric


def leading_label(figures: Record) -> str:
    """The name for people of the metric that leads for a model."""
    leading = leading_of(figures)
    if leading is None:
        return "accuracy"
    return leading.label


def render_card(version: VersionRow, about: str, data: CardData) -> str:
    """The card in Markdown.

    Args:
        about: what the model is for, in the file's words.
    """
    metrics, recipe = version["metrics"], version["recipe"]
    sections = [
        [f"# {version['id']}"],
        _render_warnings(render_texts_of(metrics, "warnings")),
        _render_about(about),
        [Message("reports.card.model").render()],
        render_model(version, metrics, recipe),
        [Message("reports.card.data").render()],
        _render_data(version, data, metrics, recipe),
        _render_automl(recipe.get("auto", [])),
        [Message("reports.card.metrics").render()],
        _render_metrics(metrics),
        _render_comparisons(metrics),
        *map(_render_example, metrics.get("examples", [])[:3]),
        _render_classes(metrics["classes"]),
        *_render_intervals(metrics),
        [Message("reports.card.weak").render()],
        _render_slices(metrics),
        [Message("reports.card.fairness").render()],
        *_render_fairness(metrics.get("fairness")),
    ]
    blocks = ["\n".join(lines) for lines in sections if lines]
    return "\n\n".join(blocks) + "\n"


def _render_about(about: str) -> Lines:
    if not about:
        return []
    return [about]


def _render_warnings(warnings: Sequence[str]) -> Lines:
    """The first warning in bold, the others as a list."""
    if not warnings:
        return []
    first, *others = warnings
    bold = Message("reports.card.warning", first=first[0].upper() + first[1:]).render()
    return [bold, *(f"- {one}" for one in others)]


def _render_data(
    version: VersionRow, data: CardData, metrics: VersionMetrics, recipe: VersionRecipe
) -> Lines:
    purpose = ""
    if data.get("purpose"):
        purpose = Message("reports.card.purpose", purpose=data["purpose"]).render()
    shared = metrics.get("leaks", {}).get("shared", 0)
    return [
        Message(
            "reports.card.dataset", name=data["name"], snapshot=version["snapshot"], purpose=purpose
        ).render(),
        Message("reports.card.rows", counts=join_pairs(data["account"])).render(),
        *_render_sources(data.get("origins", {})),
        Message("reports.card.split", parts=join_pairs(recipe["rows"])).render(),
        Message("reports.card.identical", rows=str(shared)).render(),
    ]


def _render_sources(origins: Mapping[str, Mapping[str, str | None]]) -> Lines:
    return [
        Message(
            "reports.card.source",
            source=name,
            origin=source.get("origin") or Message("reports.card.unknown"),
            licence=source.get("licence") or Message("reports.card.unknown"),
        ).render()
        for name, source in origins.items()
    ]


def _render_automl(tries: Sequence[Json]) -> Lines:
    if not tries:
        return []
    lines = [Message("reports.card.tried").render(), ""]
    for one in cast(Sequence[Record], tries):
        result = render(str(one.get("why_not") or "")) or (
            Message(
                "reports.card.try",
                head=str(one["head"]),
                loss=read_number(one["loss"]),
                seconds=read_number(one["seconds"]),
            ).render()
        )
        tried = Message("reports.card.result", tried=render(str(one["tried"])), result=result)
        lines.append(f"- {tried.render()}")
    return lines


def _render_metrics(metrics: VersionMetrics) -> Lines:
    """A table of metrics beside the baselines."""
    baselines = metrics["baselines"]
    lines = [
        _row(*_titles("metric", "value", "interval"), *_name_baselines(baselines)),
        "|---" * (3 + len(baselines)) + "|",
    ]
    for key in shown_metrics(metrics):
        interval = ""
        if key in metrics["interval"]:
            low, high = metrics["interval"][key]
            interval = Message("reports.card.interval", low=low, high=high).render()
        others = [_number(b.get(key)) for b in baselines.values()]
        lines.append(_row(_name_metric(key), _number(read_metric(metrics, key)), interval, *others))
    return lines


def _name_baselines(keys: Iterable[str]) -> list[str]:
    return [render(name_baseline(key)) for key in keys]


def _name_metric(key: str) -> str:
    """A metric as the file names it; in other languages than English with its name."""
    return key if current_language() == SOURCE else render(name_key(key))


def _render_comparisons(metrics: VersionMetrics) -> Lines:
    """Paired tests against baselines, ablations and the previous version."""
    lines = [*_compare_with_baselines(metrics), *_compare_with_others(metrics)]
    known = cast(Retention | None, metrics.get("known"))
    if known:
        lines.append(
            Message(
                "reports.card.retention",
                rows=known["rows"],
                what=name_metric(known["what"]),
                before=known["then"],
                after=known["now"],
            ).render()
        )
    return lines


def _name_test(metrics: VersionMetrics) -> str:
    """The paired test of the task that leads."""
    leading = leading_of(metrics)
    if leading is None:
        return ""
    return leading.test


def _compare_with_baselines(metrics: VersionMetrics) -> Lines:
    return [
        Message(
            "reports.card.against",
            name=name_baseline(name),
            gain=read_metric(metrics, f"gain_over_{name}"),
            metric=name_metric(leading_label(metrics)),
            p=baseline["p"],
            test=_name_test(metrics),
        ).render()
        for name, baseline in metrics["baselines"].items()
        if "p" in baseline
    ]


def _compare_with_others(metrics: VersionMetrics) -> Lines:
    """Ablations and the previous version."""
    key, test, lines = leading_metric(metrics), _name_test(metrics), list[str]()
    for name, other in metrics.get("beside", {}).items():
        rows = ""
        if "rows" in other:
            rows = Message("reports.card.on_rows", rows=other["rows"]).render()
        lines.append(
            Message(
                "reports.card.compared",
                other=COMPARED.get(name, name),
                rows=rows,
                value=_number(other.get(key)),
                gain=other["gain"],
                p=other["p"],
                test=test,
            ).render()
        )
    return lines


def _render_example(example: Record) -> Lines:
    """A request of the test rows, the generated answer, and the expected one."""

    def shorten(text: object) -> str:
        return " ".join(str(text).split())[:300]

    return [
        f"> {shorten(example['asked'])}",
        "",
        Message("reports.card.generated", generated=shorten(example["wrote"])).render(),
        "",
        Message("reports.card.expected", wanted=shorten(example["wanted"])).render(),
    ]


def _render_classes(classes: Mapping[str, Mapping[str, float]]) -> Lines:
    if not classes:
        return []
    rows = [
        _row(name, c["rows"], _number(c["precision"]), _number(c["recall"]), _number(c["f1"]))
        for name, c in classes.items()
    ]
    return [_row(*_titles("class", "rows", "precision", "recall"), "F1"), "|---" * 5 + "|", *rows]


def _render_intervals(metrics: VersionMetrics) -> list[Lines]:
    if metrics.get("interval_coverage") is None:
        return []
    slices = cast(Sequence[CoveredSlice], metrics["coverage_by_slice"])
    rows = [_row(render_text(s, "where"), s["rows"], f"{s['covered']:.1%}") for s in slices]
    return [
        [
            Message(
                "reports.card.intervals",
                level=metrics["interval_level"],
                coverage=metrics["interval_coverage"],
                width=metrics["interval_width"],
            ).render()
        ],
        [_row(*_titles("slice", "rows", "covered")), "|---" * 3 + "|", *rows],
    ]


def _render_slices(metrics: VersionMetrics) -> Lines:
    lines = [
        Message(
            "reports.card.slice",
            where=read_text(s, "where"),
            accuracy=s["accuracy"],
            rows=s["rows"],
            p=s["p"],
        ).render()
        for s in metrics.get("slices", [])
    ]
    if not lines:
        lines = [Message("reports.card.no_slice").render()]
    robustness = metrics.get("robustness")
    if robustness:
        lines.append(
            Message(
                "reports.card.robustness",
                typos=robustness["typo"],
                paraphrased=robustness["paraphrase"],
                unmodified=robustness["as_they_are"],
                rows=robustness["rows"],
            ).render()
        )
        lines += [
            f"- {Message(ident, accuracy=format(robustness[way], '.3f')).render()}"
            for way, ident in OTHER_WAYS.items()
            if way in robustness
        ]
    return lines


def _render_fairness(measured: Mapping[str, Json] | None) -> list[Lines]:
    fairness = cast(FairnessGaps | None, measured)
    if fairness is None:
        return [[Message("reports.card.no_groups").render()]]
    gaps = Message(
        "reports.card.gaps",
        parity=fairness["parity_gap"],
        odds=fairness["odds_gap"],
        accuracy=fairness["accuracy_gap"],
    ).render()
    tables = []
    for field, groups in fairness["fields"].items():
        rows = [_row(g, v["rows"], _number(v.get("accuracy"))) for g, v in groups.items()]
        tables.append([_row(field, *_titles("rows", "accuracy")), "|---" * 3 + "|", *rows])
    return [[gaps], *tables]


def _titles(*columns: str) -> list[str]:
    """The names of columns for people."""
    return [Message(f"reports.card.column.{column}").render() for column in columns]


def _row(*cells: object) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}"
