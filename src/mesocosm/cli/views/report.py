"""Reports of datasets and models as text."""

from __future__ import annotations

from typing import Any

from mesocosm.data.quality.report import told
from mesocosm.data.quality.row_account import sentences
from mesocosm.learning.evaluation.model_card import MAIN, leading_metric


def _figure(value: Any) -> str:
    return "-" if value is None else f"{value:,.4g}" if isinstance(value, float) else str(value)


def whole_text(data: dict[str, Any]) -> str:
    """The four scores, and what to do next."""
    lines = []
    for name, part in data["parts"].items():
        score, moved = (
            "-" if part["score"] is None else f"{part['score']:.3f}",
            f" ({part['moved']:+.3f})" if part["moved"] else "",
        )
        lines.append(f"{name:<14} {score:>6}{moved:<9} {part['says']}")
    return "\n".join(
        [
            *lines,
            "",
            "what to do next:" if data["next"] else "nothing calls for anything.",
            *(f"  {i}. {one}" for i, one in enumerate(data["next"], 1)),
        ]
    )


def dataset_text(name: str, data: dict[str, Any]) -> str:
    """The account of rows, the reasons, and each field before and after."""
    a, r = data["account"], data["report"]
    lines = [
        f"{name}: {told(a)}; quality {r['quality']:.3f}",
        *(f"  {line}" for line in sentences(r.get("sources", {}))),
        *(
            f"  note: {source}: {note}"
            for source, notes in r.get("notes", {}).items()
            for note in notes
        ),
        *(f"  {rows:>5}  {why}" for why, rows in r["reasons"].items()),
        (
            f"  "
            f"{'field':<16}{'missing':>16}{'unreadable':>12}{'filled':>8}{'outside':>8}{'mean':>22}{'sd':>22}"
        ),
    ]
    for field, before in r["before"].items():
        after, treated = r["after"][field], r["treated"].get(field, {})
        lines.append(
            f"  {field:<16}{before['missing']:>7} ->"
            f" "
            f"{after['missing']:<5}{r.get('unreadable', {}).get(field, 0):>12}{treated.get('filled', 0):>8}{treated.get('outside', 0):>8}"
            + (
                f"{_figure(before.get('mean')):>10} ->"
                f" {_figure(after.get('mean')):<8}{_figure(before.get('sd')):>10} ->"
                f" {_figure(after.get('sd')):<8}"
                if "mean" in before
                else ""
            )
        )
    for change in r.get("changes", ()):
        lines.append(
            f"  {'accepted' if change['kind'] != 'distribution' else 'warning'}: {change['field']}:"
            f" {change['kind']} change: {change['evidence']}"
        )
    if r.get("mended"):
        lines.append(
            "  mended: " + ", ".join(f"{n} in {field}" for field, n in r["mended"].items())
        )
    for sentence, count in r.get("warned", {}).items():
        lines.append(f"  warning: {sentence}" + (f" ({count} rows)" if count > 1 else ""))
    if r["left_out"]:
        lines.append(f"  columns left out: {', '.join(r['left_out'])}")
    return "\n".join(lines)


def model_text(name: str, data: dict[str, Any]) -> str:
    """A model's version in service beside its baselines, and the versions made after it."""
    m, recipe = data["metrics"], data["recipe"]
    lines = [
        f"{name}: {data['id']} ({data['state']}: {data['why']})",
        (
            f"  {recipe['method']} {recipe['base'] or 'no base'}, {recipe['head']} head,"
            f" {recipe['precision']}; learned from {data['snapshot']}"
        ),
        *(f"  warning: {one}" for one in m.get("warnings", [])),
        f"  on {m['rows']} held-out rows (95 % intervals):",
    ]
    for key in MAIN:
        if key not in m:
            continue
        low, high = m["interval"].get(key, (None, None))
        span = f" [{low:.3f}, {high:.3f}]" if low is not None else ""
        beside = ", ".join(
            f"{b} {found[key]:.3f}"
            for b, found in m["baselines"].items()
            if found.get(key) is not None
        )
        lines.append(
            f"    {key:<18}{_figure(m[key]):>8}{span:<18}{'  beside ' + beside if beside else ''}"
        )
    lines += [
        f"    weak where {s['where']}:"
        f" {'accuracy' if 'accuracy' in m else 'share without a great error'} {s['accuracy']:.3f}"
        f" on {s['rows']} rows"
        for s in m.get("slices", [])
    ]
    for one in m.get("examples", [])[:3]:
        lines.append(
            f"    asked {_short(one['asked'])}: wrote {_short(one['wrote'])}, where the row says"
            f" {_short(one['wanted'])}"
        )
    if "robustness" in m:
        lines.append(
            f"    accuracy with slips of the finger {m['typo_accuracy']:.3f}, in other words"
            f" {m['paraphrase_accuracy']:.3f}, as they are {m['robustness']['as_they_are']:.3f}"
        )
    for other, b in m.get("beside", {}).items():
        figure = leading_metric(b)
        rows = f" on {b['rows']} rows" if "rows" in b else ""
        lines.append(
            f"    {other}{rows}: {figure} {_figure(b.get(figure))}; this version {b['gain']:+.3f}"
            f" (p = {b['p']:.2g})"
        )
    for one in data.get("others", []):
        lines.append(
            f"  later version, {one['does']}: {one['id']} ({one['state']}: {one['why']}),"
            f" {one['figure'].replace('_', ' ')} {_figure(one['value'])}"
        )
    if "fairness" in m:
        lines.append(
            f"    between groups by {', '.join(m['fairness']['fields'])}: chosen"
            f" {m['parity_gap']:.3f} apart, found or mistaken {m['odds_gap']:.3f}, accuracy"
            f" {m['accuracy_gap']:.3f}"
        )
    return "\n".join(lines)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"'{flat if len(flat) <= 90 else flat[:87] + '...'}'"
