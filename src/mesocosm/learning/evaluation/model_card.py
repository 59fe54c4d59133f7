"""A model card in Markdown, rendered from a version's record. Knows the record's
shape and the table of tasks.

Source: Mitchell et al. 2019, arXiv 1810.03993 (the sections).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypedDict, cast

from mesocosm.catalog.contents import VersionMetrics, VersionRecipe, read_metric
from mesocosm.catalog.rows import VersionRow
from mesocosm.core.records import Json
from mesocosm.learning.tasks.registry import find_recorded_task, leading_of, shown_metrics

COMPARED = {  # what a version is compared with, by its key in the record
    "text alone": "ablation, text only",
    "images alone": "ablation, images only",
    "table alone": "ablation, table only",
    "last version": "previous version",
}
Lines = list[str]
Record = Mapping[str, object]


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
        _render_warnings(metrics.get("warnings", [])),
        _render_about(about),
        ["## Model"],
        _render_model(version, metrics, recipe),
        ["## Data"],
        _render_data(version, data, metrics, recipe),
        _render_automl(recipe.get("auto", [])),
        ["## Metrics on the test rows"],
        _render_metrics(metrics),
        _render_comparisons(metrics),
        *map(_render_example, metrics.get("examples", [])[:3]),
        _render_classes(metrics["classes"]),
        *_render_intervals(metrics),
        ["## Weak slices"],
        _render_slices(metrics),
        ["## Fairness"],
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
    return [f"**{first[0].upper()}{first[1:]}.**", *(f"- {one}" for one in others)]


def _render_model(version: VersionRow, metrics: VersionMetrics, recipe: VersionRecipe) -> Lines:
    trained = datetime.fromtimestamp(float(version["at"]), UTC).strftime("%Y-%m-%d %H:%M UTC")
    reason = ""
    if version["why"]:
        reason = f" ({version['why']})"
    licence = recipe["licence"] or "no licence needed"
    return [
        f"- Trained: {trained}; state: {version['state']}{reason}",
        f"- Base: {recipe['base'] or 'none'} ({licence}); method: {recipe['method']}; head:"
        f" {recipe['head']}; served in {recipe['precision']}",
        *_render_batches(recipe),
        *_render_image_base(recipe),
        f"- {_describe_task(recipe)} from: {', '.join(recipe['inputs'])}",
        f"- Seed: {recipe['seed']}; training took {metrics.get('seconds', float('nan')):.1f} s"
        f"{_describe_cost(metrics)}",
        *_render_environment(recipe.get("environment", {})),
    ]


def _describe_task(recipe: VersionRecipe) -> str:
    task = find_recorded_task(recipe)
    if task is None:
        return f"Task '{recipe.get('task')}' (not installed)"
    return task.describe(recipe)


def _describe_cost(metrics: VersionMetrics) -> str:
    cost = metrics.get("price")
    if not cost:
        return ""
    estimated, actual = cost["said"], cost["took"]
    return (
        f" (estimated {estimated['seconds']:.1f} s / {estimated['gigabytes']:.1f} GB; actual"
        f" {actual['seconds']:.1f} s / {actual['gigabytes']:.1f} GB)"
    )


def _render_batches(recipe: VersionRecipe) -> Lines:
    """How far predictions depend on the batch."""
    measured = recipe.get("invariance", {}).get(recipe["precision"])
    if not measured or not measured["rows"]:
        return []
    remedy = ""
    if not measured["invariant"]:
        remedy = "; it is served row by row, so that no prediction depends on other rows"
    return [
        f"- Batch invariance: predictions of {measured['rows']} rows alone and in"
        f" {measured['arrangements']} arrangements differ by at most {measured['difference']:.2g};"
        f" {measured['moved']:.1%} of the decisions change{remedy}"
    ]


def _render_image_base(recipe: VersionRecipe) -> Lines:
    """What the features of images come from, where an input is an image."""
    if not recipe.get("images"):
        return []
    sees = recipe["sees"]
    if not isinstance(sees, Mapping) or "base" not in sees:
        return ["- Images: features by filters that were learnt from the training images"]
    method = "frozen"
    if "sight_mb" in recipe:
        method = f"fine-tuned by {recipe['method']}, {recipe['sight_mb']:.1f} MB of its own"
    return [f"- Images: base {sees['base']} ({sees['licence']}), {method}"]


def _render_environment(environment: Mapping[str, Json]) -> Lines:
    if not environment:
        return []
    commit = ""
    if environment.get("commit"):
        commit = f"; Git commit {str(environment['commit'])[:12]}"
        if environment["changed"]:
            commit += ", with changes"
    libraries = _join_pairs(cast(Record, environment["libraries"]))
    return [
        f"- Environment: Python {environment['python']} on {environment['machine']},"
        f" {libraries}{commit}"
    ]


def _render_data(
    version: VersionRow, data: CardData, metrics: VersionMetrics, recipe: VersionRecipe
) -> Lines:
    purpose = ""
    if data.get("purpose"):
        purpose = f"; purpose: {data['purpose']}"
    shared = metrics.get("leaks", {}).get("shared", 0)
    return [
        f"- Dataset: {data['name']}, version {version['snapshot']}{purpose}",
        f"- Row counts: {_join_pairs(data['account'])}",
        *_render_sources(data.get("origins", {})),
        f"- Split: {_join_pairs(recipe['rows'])}",
        f"- {shared} test rows are identical to a training row in every input",
    ]


def _join_pairs(values: Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _render_sources(origins: Mapping[str, Mapping[str, str | None]]) -> Lines:
    return [
        f"- Source {name}: origin {source.get('origin') or 'unknown'}, licence"
        f" {source.get('licence') or 'unknown'}"
        for name, source in origins.items()
    ]


def _render_automl(tries: Sequence[Json]) -> Lines:
    if not tries:
        return []
    lines = ["What was tried for it (`base: auto`):", ""]
    for one in cast(Sequence[Record], tries):
        result = one.get("why_not") or (
            f"{one['head']} head, loss {one['loss']:.4f} in {one['seconds']:.1f} s"
        )
        lines.append(f"- {one['tried']}: {result}")
    return lines


def _render_metrics(metrics: VersionMetrics) -> Lines:
    """A table of metrics beside the baselines."""
    baselines = metrics["baselines"]
    lines = [
        _row("metric", "value", "95 % interval", *baselines),
        "|---" * (3 + len(baselines)) + "|",
    ]
    for key in shown_metrics(metrics):
        interval = ""
        if key in metrics["interval"]:
            low, high = metrics["interval"][key]
            interval = f"{low:.3f} to {high:.3f}"
        others = [_number(b.get(key)) for b in baselines.values()]
        lines.append(_row(key, _number(read_metric(metrics, key)), interval, *others))
    return lines


def _render_comparisons(metrics: VersionMetrics) -> Lines:
    """Paired tests against baselines, ablations and the previous version."""
    lines = [*_compare_with_baselines(metrics), *_compare_with_others(metrics)]
    known = cast(Retention | None, metrics.get("known"))
    if known:
        lines.append(
            f"- Retention on the previous test set ({known['rows']} rows): {known['what']}"
            f" {known['then']:.3f} before, {known['now']:.3f} after"
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
        f"- Against the {name} baseline: {read_metric(metrics, f'gain_over_{name}'):+.3f}"
        f" {leading_label(metrics)}, p = {baseline['p']:.3g} ({_name_test(metrics)}, same rows)"
        for name, baseline in metrics["baselines"].items()
        if "p" in baseline
    ]


def _compare_with_others(metrics: VersionMetrics) -> Lines:
    """Ablations and the previous version."""
    key, test, lines = leading_metric(metrics), _name_test(metrics), list[str]()
    for name, other in metrics.get("beside", {}).items():
        rows = ""
        if "rows" in other:
            rows = f" ({other['rows']} rows)"
        lines.append(
            f"- Compared with {COMPARED.get(name, name)}{rows}: {_number(other.get(key))}; this"
            f" version {other['gain']:+.3f}, p = {other['p']:.3g} ({test})"
        )
    return lines


def _render_example(example: Record) -> Lines:
    """A request of the test rows, the generated answer, and the expected one."""

    def shorten(text: object) -> str:
        return " ".join(str(text).split())[:300]

    return [
        f"> {shorten(example['asked'])}",
        "",
        f"generated: {shorten(example['wrote'])}",
        "",
        f"expected: {shorten(example['wanted'])}",
    ]


def _render_classes(classes: Mapping[str, Mapping[str, float]]) -> Lines:
    if not classes:
        return []
    rows = [
        _row(name, c["rows"], _number(c["precision"]), _number(c["recall"]), _number(c["f1"]))
        for name, c in classes.items()
    ]
    return [_row("class", "rows", "precision", "recall", "F1"), "|---" * 5 + "|", *rows]


def _render_intervals(metrics: VersionMetrics) -> list[Lines]:
    if metrics.get("interval_coverage") is None:
        return []
    slices = cast(Sequence[CoveredSlice], metrics["coverage_by_slice"])
    rows = [_row(s["where"], s["rows"], f"{s['covered']:.1%}") for s in slices]
    return [
        [
            f"Intervals of level {metrics['interval_level']:.0%} cover"
            f" {metrics['interval_coverage']:.1%} of the test rows; their mean width is"
            f" {metrics['interval_width']:.4g}."
        ],
        [_row("test rows where", "rows", "covered"), "|---" * 3 + "|", *rows],
    ]


def _render_slices(metrics: VersionMetrics) -> Lines:
    lines = [
        f"- {s['where']}: accuracy {s['accuracy']:.3f} on {s['rows']} rows (p = {s['p']:.2g})"
        for s in metrics.get("slices", [])
    ]
    if not lines:
        lines = ["- No slice by one input has significantly more errors than the other test rows."]
    robustness = metrics.get("robustness")
    if robustness:
        lines.append(
            f"- Robustness: accuracy {robustness['typo']:.3f} with typos,"
            f" {robustness['paraphrase']:.3f} paraphrased ({robustness['as_they_are']:.3f}"
            f" unmodified, {robustness['rows']} rows)"
        )
    return lines


def _render_fairness(measured: Mapping[str, Json] | None) -> list[Lines]:
    fairness = cast(FairnessGaps | None, measured)
    if fairness is None:
        return [
            [
                "No field of demographic groups is declared (`fairness` in the model), so no groups"
                " were compared."
            ]
        ]
    gaps = (
        f"Greatest gaps between groups of ten rows or more: demographic parity"
        f" {fairness['parity_gap']:.3f}, equalized odds {fairness['odds_gap']:.3f}, accuracy"
        f" {fairness['accuracy_gap']:.3f}."
    )
    tables = []
    for field, groups in fairness["fields"].items():
        rows = [_row(g, v["rows"], _number(v.get("accuracy"))) for g, v in groups.items()]
        tables.append([_row(field, "rows", "accuracy"), "|---" * 3 + "|", *rows])
    return [[gaps], *tables]


def _row(*cells: object) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}"
