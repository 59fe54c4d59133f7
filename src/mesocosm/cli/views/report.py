"""Reports of datasets and models as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesocosm.data.quality.report import account_sentence
from mesocosm.data.quality.row_account import sentences
from mesocosm.learning.evaluation.model_card import MAIN, leading_metric

Data = Mapping[str, Any]
LONGEST = 90  # letters of an example
COLUMNS = (
    ("missing", 16),
    ("unreadable", 12),
    ("imputed", 8),
    ("outliers", 9),
    ("mean", 22),
    ("sd", 22),
)


def format_health(data: Data) -> str:
    """The four scores, and the recommendations."""
    lines = [_format_score(name, part) for name, part in data["parts"].items()]
    head = "Recommendations:" if data["next"] else "No recommendations."
    advice = [f"  {i}. {sentence}" for i, sentence in enumerate(data["next"], 1)]
    return "\n".join([*lines, "", head, *advice])


def _format_score(name: str, part: Data) -> str:
    score = "-" if part["score"] is None else f"{part['score']:.3f}"
    moved = f" ({part['moved']:+.3f})" if part["moved"] else ""
    return f"{name:<14} {score:>6}{moved:<9} {part['says']}"


def format_dataset(name: str, data: Data) -> str:
    """The account of rows, the reasons, and each field before and after."""
    report = data["report"]
    lines = [f"{name}: {account_sentence(data['account'])}; quality {report['quality']:.3f}"]
    lines += [f"  {line}" for line in sentences(report.get("sources", {}))]
    for source, notes in report.get("notes", {}).items():
        lines += [f"  note: {source}: {note}" for note in notes]
    lines += [f"  {rows:>5}  {why}" for why, rows in report["reasons"].items()]
    lines.append(f"  {'field':<16}" + "".join(f"{column:>{width}}" for column, width in COLUMNS))
    lines += [_format_field(field, report) for field in report["before"]]
    lines += _format_changes(report)
    if report["left_out"]:
        lines.append(f"  columns left out: {', '.join(report['left_out'])}")
    return "\n".join(lines)


def _format_changes(report: Data) -> Iterator[str]:
    """What changed since the snapshot before, what was mended, and what is warned of."""
    for change in report.get("changes", ()):
        kind = change["kind"]
        state = "warning" if kind == "distribution" else "accepted"
        yield f"  {state}: {change['field']}: {kind} change: {change['evidence']}"
    if mended := report.get("mended"):
        yield "  repaired: " + ", ".join(f"{n} in {field}" for field, n in mended.items())
    for sentence, count in report.get("warned", {}).items():
        rows = f" ({count} rows)" if count > 1 else ""
        yield f"  warning: {sentence}{rows}"


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
        f"{name}: {data['id']} ({data['state']}: {data['why']})",
        f"  {recipe['method']} {recipe['base'] or 'no base model'}, {recipe['head']} head,"
        f" {recipe['precision']}; trained on {data['snapshot']}",
    ]
    lines += [f"  warning: {warning}" for warning in metrics.get("warnings", [])]
    lines.append(f"  on {metrics['rows']} held-out rows (95 % intervals):")
    lines += [_format_metric(key, metrics) for key in MAIN if key in metrics]
    lines += _format_weaknesses(metrics)
    lines += [
        _format_comparison(other, found) for other, found in metrics.get("beside", {}).items()
    ]
    for version in data.get("others", []):
        lines.append(
            f"  later version, {version['does']}: {version['id']} ({version['state']}:"
            f" {version['why']}), {version['figure'].replace('_', ' ')}"
            f" {_format_number(version['value'])}"
        )
    if "fairness" in metrics:
        lines.append(
            f"    fairness by {', '.join(metrics['fairness']['fields'])}: demographic parity gap"
            f" {metrics['parity_gap']:.3f}, equalized odds gap {metrics['odds_gap']:.3f}, accuracy"
            f" gap {metrics['accuracy_gap']:.3f}"
        )
    return "\n".join(lines)


def _format_metric(key: str, metrics: Data) -> str:
    """A metric with its confidence interval, beside the baselines that have it."""
    low, high = metrics["interval"].get(key, (None, None))
    interval = "" if low is None else f" [{low:.3f}, {high:.3f}]"
    baselines = ", ".join(
        f"{baseline} {found[key]:.3f}"
        for baseline, found in metrics["baselines"].items()
        if found.get(key) is not None
    )
    beside = f"  (baselines: {baselines})" if baselines else ""
    return f"    {key:<18}{_format_number(metrics[key]):>8}{interval:<18}{beside}"


def _format_weaknesses(metrics: Data) -> Iterator[str]:
    """Slices on which a model is weak, examples of its mistakes, and its robustness."""
    figure = "accuracy" if "accuracy" in metrics else "share without a large error"
    for part in metrics.get("slices", []):
        accuracy, rows = f"{part['accuracy']:.3f}", part["rows"]
        yield f"    weak where {part['where']}: {figure} {accuracy} on {rows} rows"
    examples: Sequence[Data] = metrics.get("examples", [])
    for example in examples[:3]:
        yield (
            f"    example: input {_quote(example['asked'])}, output {_quote(example['wrote'])},"
            f" expected {_quote(example['wanted'])}"
        )
    if "robustness" in metrics:
        yield (
            f"    robustness: accuracy {metrics['typo_accuracy']:.3f} with typos,"
            f" {metrics['paraphrase_accuracy']:.3f} paraphrased"
            f" ({metrics['robustness']['as_they_are']:.3f} unmodified)"
        )


def _format_comparison(other: str, found: Data) -> str:
    """What another model reaches on the same rows, and what this version gains over it."""
    figure = leading_metric(found)
    rows = f" on {found['rows']} rows" if "rows" in found else ""
    return (
        f"    {other}{rows}: {figure} {_format_number(found.get(figure))}; this version"
        f" {found['gain']:+.3f} (p = {found['p']:.2g})"
    )


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
