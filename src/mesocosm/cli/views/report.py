"""Reports of datasets and models as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.cli.views.columns import pad
from mesocosm.core.messages import Message, Text, render, render_stored
from mesocosm.core.messages.stored import read_text, read_texts
from mesocosm.core.values.json_shapes import list_objects, read_number, read_object
from mesocosm.data.quality.report import account_sentence
from mesocosm.data.quality.row_account import sentences
from mesocosm.learning.evaluation.model_card import leading_metric
from mesocosm.learning.metric_names import name_baseline, name_state
from mesocosm.learning.tasks.registry import shown_metrics

if TYPE_CHECKING:
    from mesocosm.catalog.contents import SnapshotReport, VersionMetrics
    from mesocosm.learning.evaluation.metrics import GateResult
    from mesocosm.reports.report_data import (
        HealthData,
        LaterVersionData,
        ModelData,
        ReportedDataset,
        ScoreData,
    )

LONGEST = 90  # letters of an example
SCORES = {
    "data quality": "cli.report.score.data",
    "model quality": "cli.report.score.models",
    "stability": "cli.report.score.stability",
    "experience": "cli.report.score.experience",
}
COLUMNS = (
    ("cli.report.column.missing", 16),
    ("cli.report.column.unreadable", 12),
    ("cli.report.column.imputed", 8),
    ("cli.report.column.outliers", 9),
    ("cli.report.column.mean", 22),
    ("cli.report.column.sd", 22),
)


def format_health(data: HealthData) -> str:
    """The four scores, and the recommendations."""
    lines = [_format_score(name, part) for name, part in data["parts"].items()]
    head = "cli.report.none"
    if data["next"]:
        head = "cli.report.recommendations"
    advice = [
        f"  {number}. {render_stored(advised, advised['text'])}"
        for number, advised in enumerate(data["recommendations"], 1)
    ]
    return "\n".join([*lines, "", Message(head).render(), *advice])


def _format_score(name: str, part: ScoreData) -> str:
    score, moved = "-", ""
    if part["score"] is not None:
        score = f"{part['score']:.3f}"
    if part["moved"]:
        moved = f" ({part['moved']:+.3f})"
    says = render_stored(part.get("message") or {}, part["says"])
    title = pad(Message(SCORES[name]).render(), -14)
    return f"{title} {score:>6}{moved:<9} {says}"


def format_dataset(name: str, data: ReportedDataset) -> str:
    """The account of rows, the reasons, and each field before and after."""
    report = data["report"]
    account = account_sentence(data["account"])
    head = Message("cli.report.dataset", name=name, account=account, quality=report["quality"])
    titles = [pad(Message(id).render(), width) for id, width in COLUMNS]
    return "\n".join(
        [
            head.render(),
            *(f"  {render(line)}" for line in sentences(report.get("sources", {}))),
            *_format_notes(report),
            *(f"  {rows:>5}  {render(why)}" for why, rows in report["reasons"].items()),
            "  " + pad(Message("cli.report.column.field").render(), -16) + "".join(titles),
            *(_format_field(field, report) for field in report["before"]),
            *_format_changes(report),
            *_format_mended(report),
            *_format_warned(report),
            *_format_left_out(report),
        ]
    )


def _format_notes(report: SnapshotReport) -> Iterator[str]:
    """How the files of each source were read."""
    for source, notes in report.get("notes", {}).items():
        for note in notes:
            yield "  " + Message("cli.report.note", source=source, note=note).render()


def _format_left_out(report: SnapshotReport) -> Iterator[str]:
    """The columns that no field reads."""
    if report["left_out"]:
        columns = Message("cli.report.left_out", columns=tuple(report["left_out"]))
        yield f"  {columns.render()}"


def _format_changes(report: SnapshotReport) -> Iterator[str]:
    """What changed since the snapshot before."""
    for change in list_objects(report.get("changes", ())):
        state = "accepted"
        if change["kind"] == "distribution":
            state = "warning"
        values = {key: str(change[key]) for key in ("field", "kind", "evidence")}
        yield "  " + Message(f"cli.report.change.{state}", **values).render()


def _format_mended(report: SnapshotReport) -> Iterator[str]:
    """In how many rows fields were repaired."""
    fields = [
        Message("cli.report.repaired_in", number=rows, field=field)
        for field, rows in report.get("mended", {}).items()
    ]
    if fields:
        yield "  " + Message("cli.report.repaired", fields=tuple(fields)).render()


def _format_warned(report: SnapshotReport) -> Iterator[str]:
    """What is warned of."""
    for sentence, rows in report.get("warned", {}).items():
        warning: Text = sentence
        if rows > 1:
            warning = Message("cli.report.warned_rows", warning=sentence, rows=rows)
        yield "  " + Message("cli.warning", text=warning).render()


def _format_field(field: str, report: SnapshotReport) -> str:
    """A field in one line: its missing cells before and after, those not read, treated or far
    outside, and the mean and the standard deviation of a number.
    """
    before, after = report["before"][field], report["after"][field]
    treated = report["treated"].get(field, {})
    text = (
        f"  {pad(field, -16)}{before['missing']:>7} -> {after['missing']:<5}"
        f"{report.get('unreadable', {}).get(field, 0):>12}"
        f"{treated.get('filled', 0):>8}{treated.get('outside', 0):>9}"
    )
    if "mean" in before:
        for key in ("mean", "sd"):
            text += f"{_format_number(before.get(key)):>10} -> {_format_number(after.get(key)):<8}"
    return text


def format_model(name: str, data: ModelData) -> str:
    """A model's version in service beside its baselines, and the versions made after it."""
    metrics = data["metrics"]
    return "\n".join(
        [
            *_format_version(name, data),
            *_format_warnings(metrics),
            "  " + Message("cli.report.held_out", rows=metrics["rows"]).render(),
            *_format_metrics(metrics, data.get("gates", [])),
            *_format_weak_slices(metrics),
            *_format_examples(metrics),
            *_format_robustness(metrics),
            *(_format_comparison(key, other) for key, other in metrics.get("beside", {}).items()),
            *(_format_later(version) for version in data.get("others", [])),
            *_format_fairness(metrics),
        ]
    )


def _format_version(name: str, data: ModelData) -> list[str]:
    """The state of a version, and how it was trained."""
    recipe = data["recipe"]
    state = Message(
        "cli.report.model",
        name=name,
        version=data["id"],
        state=name_state(data["state"]),
        why=data["why"],
    )
    trained = Message(
        "cli.report.recipe",
        method=recipe["method"],
        base=recipe["base"] or Message("cli.report.no_base"),
        head=recipe["head"],
        precision=recipe["precision"],
        snapshot=data["snapshot"],
    )
    return [state.render(), f"  {trained.render()}"]


def _format_later(version: LaterVersionData) -> str:
    """A version that was made after the one in service."""
    later = Message(
        "cli.report.later_version",
        does=version["does"],
        version=version["id"],
        state=name_state(version["state"]),
        why=version["why"],
        metric=version["figure"].replace("_", " "),
        value=_format_number(version["value"]),
    )
    return f"  {later.render()}"


def _format_fairness(metrics: VersionMetrics) -> Iterator[str]:
    """The gaps between groups."""
    if "fairness" in metrics:
        fairness = Message(
            "cli.report.fairness",
            fields=tuple(read_object(metrics["fairness"]["fields"])),
            parity=metrics["parity_gap"],
            odds=metrics["odds_gap"],
            accuracy=metrics["accuracy_gap"],
        )
        yield f"    {fairness.render()}"


def _format_metrics(metrics: VersionMetrics, gates: Sequence[GateResult]) -> Iterator[str]:
    """The metrics, those of gates first with their bounds."""
    bounds = {gate["metric"]: gate for gate in gates}
    for key in shown_metrics(metrics, bounds):
        line = _format_metric(key, metrics)
        if key in bounds:
            gate = bounds[key]
            which = "cli.report.gate_passed" if gate["passed"] else "cli.report.gate_missed"
            line = f"{line.rstrip()}  {Message(which, bound=gate['bound']).render()}"
        yield line


def _format_metric(key: str, metrics: VersionMetrics) -> str:
    """A metric with its confidence interval, next to the baselines that have it."""
    interval, compared = "", ""
    if key in metrics["interval"]:
        low, high = metrics["interval"][key]
        interval = f" [{low:.3f}, {high:.3f}]"
    baselines = tuple(
        f"{render(name_baseline(baseline))} {found[key]:.3f}"
        for baseline, found in metrics["baselines"].items()
        if found.get(key) is not None
    )
    if baselines:
        compared = "  " + Message("cli.report.baselines", baselines=baselines).render()
    value = _format_number(read_number(metrics.get(key)))
    return f"    {key:<18}{value:>8}{interval:<18}{compared}"


def _format_warnings(metrics: VersionMetrics) -> Iterator[str]:
    for warning in read_texts(metrics, "warnings"):
        yield "  " + Message("cli.warning", text=warning).render()


def _format_weak_slices(metrics: VersionMetrics) -> Iterator[str]:
    """Slices on which a model is weak."""
    weak = "cli.report.weak_share"
    if "accuracy" in metrics:
        weak = "cli.report.weak_accuracy"
    for part in metrics.get("slices", []):
        slice_ = Message(
            weak, where=read_text(part, "where"), accuracy=part["accuracy"], rows=part["rows"]
        )
        yield f"    {slice_.render()}"


def _format_examples(metrics: VersionMetrics) -> Iterator[str]:
    """Examples of its mistakes."""
    for example in metrics.get("examples", [])[:3]:
        mistake = Message(
            "cli.report.example",
            input=_quote(str(example["asked"])),
            output=_quote(str(example["wrote"])),
            wanted=_quote(str(example["wanted"])),
        )
        yield f"    {mistake.render()}"


def _format_robustness(metrics: VersionMetrics) -> Iterator[str]:
    """The accuracy on texts with typos, and on paraphrased ones."""
    if "robustness" in metrics:
        robustness = Message(
            "cli.report.robustness",
            typos=metrics["typo_accuracy"],
            paraphrased=metrics["paraphrase_accuracy"],
            unmodified=metrics["robustness"]["as_they_are"],
        )
        yield f"    {robustness.render()}"


def _format_comparison(other: str, found: Mapping[str, float]) -> str:
    """What another model reaches on the same rows, and what this version gains over it."""
    figure = leading_metric(found)
    rows: Text = ""
    if "rows" in found:
        rows = Message("cli.report.on_rows", rows=found["rows"])
    comparison = Message(
        "cli.report.comparison",
        other=render(other),
        rows=rows,
        metric=figure,
        value=_format_number(found.get(figure)),
        gain=found["gain"],
        p=found["p"],
    )
    return f"    {comparison.render()}"


def _format_number(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return str(value)


def _quote(text: str) -> str:
    """A text on one line in quotes, cut where it is long."""
    flat = " ".join(text.split())
    if len(flat) > LONGEST:
        flat = flat[: LONGEST - 3] + "..."
    return f"'{flat}'"
