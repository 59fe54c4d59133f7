"""Reports of datasets and models as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesocosm.cli.views.columns import pad
from mesocosm.core.messages import Message, Text, render_stored
from mesocosm.data.quality.report import account_sentence
from mesocosm.data.quality.row_account import sentences
from mesocosm.learning.evaluation.model_card import leading_metric
from mesocosm.learning.tasks.registry import shown_metrics

Data = Mapping[str, Any]
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


def format_health(data: Data) -> str:
    """The four scores, and the recommendations."""
    lines = [_format_score(name, part) for name, part in data["parts"].items()]
    head = Message("cli.report.recommendations" if data["next"] else "cli.report.none").render()
    advice = [
        f"  {number}. {render_stored(advised, advised['text'])}"
        for number, advised in enumerate(data["recommendations"], 1)
    ]
    return "\n".join([*lines, "", head, *advice])


def _format_score(name: str, part: Data) -> str:
    score = "-" if part["score"] is None else f"{part['score']:.3f}"
    moved = f" ({part['moved']:+.3f})" if part["moved"] else ""
    says = render_stored(part.get("message") or {}, part["says"])
    title = pad(Message(SCORES[name]).render(), -14)
    return f"{title} {score:>6}{moved:<9} {says}"


def format_dataset(name: str, data: Data) -> str:
    """The account of rows, the reasons, and each field before and after."""
    report = data["report"]
    account = account_sentence(data["account"])
    head = Message("cli.report.dataset", name=name, account=account, quality=report["quality"])
    lines = [head.render()]
    lines += [f"  {line}" for line in sentences(report.get("sources", {}))]
    for source, notes in report.get("notes", {}).items():
        for note in notes:
            lines.append("  " + Message("cli.report.note", source=source, note=note).render())
    lines += [f"  {rows:>5}  {why}" for why, rows in report["reasons"].items()]
    titles = [pad(Message(id).render(), width) for id, width in COLUMNS]
    lines.append("  " + pad(Message("cli.report.column.field").render(), -16) + "".join(titles))
    lines += [_format_field(field, report) for field in report["before"]]
    lines += _format_changes(report)
    if report["left_out"]:
        columns = Message("cli.report.left_out", columns=tuple(report["left_out"]))
        lines.append(f"  {columns.render()}")
    return "\n".join(lines)


def _format_changes(report: Data) -> Iterator[str]:
    """What changed since the snapshot before, what was mended, and what is warned of."""
    for change in report.get("changes", ()):
        state = "warning" if change["kind"] == "distribution" else "accepted"
        yield (
            "  "
            + Message(
                f"cli.report.change.{state}",
                field=change["field"],
                kind=change["kind"],
                evidence=change["evidence"],
            ).render()
        )
    if mended := report.get("mended"):
        fields = [
            Message("cli.report.repaired_in", number=n, field=field) for field, n in mended.items()
        ]
        yield "  " + Message("cli.report.repaired", fields=tuple(fields)).render()
    for sentence, rows in report.get("warned", {}).items():
        warning: Text = sentence
        if rows > 1:
            warning = Message("cli.report.warned_rows", warning=sentence, rows=rows)
        yield "  " + Message("cli.warning", text=warning).render()


def _format_field(field: str, report: Data) -> str:
    """A field in one line: its missing cells before and after, those not read, treated or far
    outside, and the mean and the standard deviation of a number.
    """
    before, after = report["before"][field], report["after"][field]
    treated = report["treated"].get(field, {})
    text = (
        f"  {field:<16}{before['missing']:>7} -> {after['missing']:<5}"
        f"{report.get('unreadable', {}).get(field, 0):>12}"
        f"{treated.get('filled', 0):>8}{treated.get('outside', 0):>9}"
    )
    if "mean" in before:
        for key in ("mean", "sd"):
            text += f"{_format_number(before.get(key)):>10} -> {_format_number(after.get(key)):<8}"
    return text


def format_model(name: str, data: Data) -> str:
    """A model's version in service beside its baselines, and the versions made after it."""
    metrics, recipe = data["metrics"], data["recipe"]
    lines = [
        Message(
            "cli.report.model",
            name=name,
            version=data["id"],
            state=data["state"],
            why=data["why"],
        ).render(),
        "  "
        + Message(
            "cli.report.recipe",
            method=recipe["method"],
            base=recipe["base"] or Message("cli.report.no_base"),
            head=recipe["head"],
            precision=recipe["precision"],
            snapshot=data["snapshot"],
        ).render(),
    ]
    for warning in metrics.get("warnings", []):
        lines.append("  " + Message("cli.warning", text=warning).render())
    lines.append("  " + Message("cli.report.held_out", rows=metrics["rows"]).render())
    lines += [_format_metric(key, metrics) for key in shown_metrics(metrics)]
    lines += _format_weaknesses(metrics)
    lines += [
        _format_comparison(other, found) for other, found in metrics.get("beside", {}).items()
    ]
    for version in data.get("others", []):
        later = Message(
            "cli.report.later_version",
            does=version["does"],
            version=version["id"],
            state=version["state"],
            why=version["why"],
            metric=version["figure"].replace("_", " "),
            value=_format_number(version["value"]),
        )
        lines.append(f"  {later.render()}")
    if "fairness" in metrics:
        fairness = Message(
            "cli.report.fairness",
            fields=tuple(metrics["fairness"]["fields"]),
            parity=metrics["parity_gap"],
            odds=metrics["odds_gap"],
            accuracy=metrics["accuracy_gap"],
        )
        lines.append(f"    {fairness.render()}")
    return "\n".join(lines)


def _format_metric(key: str, metrics: Data) -> str:
    """A metric with its confidence interval, next to the baselines that have it."""
    low, high = metrics["interval"].get(key, (None, None))
    interval = "" if low is None else f" [{low:.3f}, {high:.3f}]"
    baselines = tuple(
        f"{baseline} {found[key]:.3f}"
        for baseline, found in metrics["baselines"].items()
        if found.get(key) is not None
    )
    compared = ""
    if baselines:
        compared = "  " + Message("cli.report.baselines", baselines=baselines).render()
    return f"    {key:<18}{_format_number(metrics[key]):>8}{interval:<18}{compared}"


def _format_weaknesses(metrics: Data) -> Iterator[str]:
    """Slices on which a model is weak, examples of its mistakes, and its robustness."""
    weak = "cli.report.weak_accuracy" if "accuracy" in metrics else "cli.report.weak_share"
    for part in metrics.get("slices", []):
        yield (
            "    "
            + Message(
                weak, where=part["where"], accuracy=part["accuracy"], rows=part["rows"]
            ).render()
        )
    examples: Sequence[Data] = metrics.get("examples", [])
    for example in examples[:3]:
        yield (
            "    "
            + Message(
                "cli.report.example",
                input=_quote(example["asked"]),
                output=_quote(example["wrote"]),
                expected=_quote(example["wanted"]),
            ).render()
        )
    if "robustness" in metrics:
        yield (
            "    "
            + Message(
                "cli.report.robustness",
                typos=metrics["typo_accuracy"],
                paraphrased=metrics["paraphrase_accuracy"],
                unmodified=metrics["robustness"]["as_they_are"],
            ).render()
        )


def _format_comparison(other: str, found: Data) -> str:
    """What another model reaches on the same rows, and what this version gains over it."""
    figure = leading_metric(found)
    rows: Text = ""
    if "rows" in found:
        rows = Message("cli.report.on_rows", rows=found["rows"])
    comparison = Message(
        "cli.report.comparison",
        other=other,
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
