"""The report as one HTML file: no script, no request, every number from the JSON answer.

Values of private fields are not in the answer, so they are not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message, render, render_stored
from mesocosm.core.messages.language import current_language
from mesocosm.core.values.json_shapes import list_texts, read_number
from mesocosm.reports.markup import (
    card,
    cell,
    facts,
    format_count,
    format_value,
    name_title,
    row,
    section,
    table,
)
from mesocosm.reports.plots import draw_histogram

if TYPE_CHECKING:
    from mesocosm.catalog.contents import (
        FieldStatistics,
        MissingPattern,
        SnapshotReport,
        SourceAccount,
        TrainingColumn,
    )
    from mesocosm.core.records import JsonObject
    from mesocosm.reports.report_data import DatasetData, HealthData, ReportData, ScoreData

STYLE = """
:root{color-scheme:light dark;--ink:#1d2b2f;--soft:#5d6f73;--paper:#fbfaf6;--card:#fff;
--line:#dfe4df;--good:#2f7d5b;--warn:#b4642b;--water:#3d7ea6}
@media(prefers-color-scheme:dark){
:root{--ink:#e8ece6;--soft:#9fb0ae;--paper:#10181a;--card:#172225;--line:#2a3a3d;--good:#6fc49c;
--warn:#e09a62;--water:#79b6dc}.account span{color:#10181a!important}}
*{box-sizing:border-box}
body{margin:0;padding:2rem clamp(1rem,4vw,4rem);font:15px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
h1{font-size:1.7rem;margin:0 0 .2rem}h2{font-size:1.25rem;margin:2.4rem 0 .3rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem;color:var(--soft)}p{margin:.2rem 0;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;
margin:.8rem 0;overflow-x:auto}
.account{display:flex;height:1.5rem;border-radius:6px;overflow:hidden;margin:.6rem 0;
font-size:.75rem}
.account span{display:flex;align-items:center;justify-content:center;color:#fff;min-width:3px;
white-space:nowrap;overflow:hidden}
.whole{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:1rem 2rem}
.whole b{font-size:1.6rem;font-variant-numeric:tabular-nums}
.whole svg{border-radius:3px;margin:.3rem 0}.whole p{font-size:.85rem}
ol{margin:.2rem 0;padding-left:1.4rem}
.facts{display:flex;flex-wrap:wrap;gap:.4rem 2rem}
.facts b{font-size:1.3rem;display:block;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);
white-space:nowrap;vertical-align:middle}
th{color:var(--soft);font-weight:500;font-size:.8rem}td.n{text-align:right;width:1%}
td.said{white-space:normal}
figure{margin:.8rem .8rem .8rem 0}.plot{display:inline-block;vertical-align:top;max-width:100%}
figcaption{color:var(--soft);font-size:.85rem;margin-bottom:.4rem}svg{display:block;max-width:100%}
.bar{fill:var(--water)}.gap{fill:var(--warn)}.full{fill:var(--line)}.warn{color:var(--warn)}
.good{color:var(--good)}
""".strip()
COLOURS = {
    "kept": "var(--good)",
    "quarantined": "var(--warn)",
    "duplicates": "var(--water)",
    "forgotten": "var(--soft)",
    "expired": "var(--soft)",
}
WIDE_PART = 0.15  # share of the rows from which a part of the bar is labelled
INTRODUCTION = Message("reports.html.introduction")
USES = ("read", "used", "unmatched", "repeated", "rejected")  # of the rows of a source
CELL = (
    '<svg width="34" height="12" role="img" aria-label="{1}"><rect class="{0}" width="34"'
    ' height="12" rx="2"/></svg>'
)
FIELD_HEADS = (
    "field",
    "missing before",
    "after",
    "distinct",
    "what the steps changed",
    "mean ± sd",
    "training rows",
)


def render_report(name: str, data: ReportData) -> str:
    """The whole page.

    Args:
        name: the ecosystem's name.
        data: the JSON answer: `datasets` and `models` by name, and the health under `whole`.
    """
    from mesocosm.reports.model_section import render_model

    body, models = "", data.get("models") or {}
    if "whole" in data:
        body = _render_health(data["whole"])
    for dataset, record in data["datasets"].items():
        body += _render_dataset(dataset, record)
    for model, version in models.items():
        body += render_model(model, version)
    parts = _count_parts(len(data["datasets"]), len(models))
    return (
        f'<!doctype html><html lang="{current_language()}"><meta charset="utf-8">'
        '<meta name="viewport"'
        f' content="width=device-width,initial-scale=1"><title>{escape(name)}:'
        f" report</title><style>{STYLE}</style><h1>{escape(name)}</h1><p>{parts}."
        f" {INTRODUCTION.render()}</p>{body}</html>\n"
    )


def _count_parts(datasets: int, models: int) -> str:
    """How many datasets and models a report is of."""
    parts = format_count(datasets, "dataset")
    if models:
        parts += f" and {format_count(models, 'model')}"
    return parts


def _render_health(data: HealthData) -> str:
    """The four scores with their sentences, and the recommendations."""
    scores = "".join(_render_score(name, part) for name, part in data["parts"].items())
    advice = Message("reports.html.no_recommendations").render()
    if data["next"]:
        items = "".join(
            f"<li>{escape(render_stored(advised, advised['text']))}</li>"
            for advised in data["recommendations"]
        )
        advice = Message("reports.html.recommendations", items=card(f"<ol>{items}</ol>")).render()
    return Message("reports.html.health", scores=scores, advice=advice).render()


def _render_score(name: str, part: ScoreData) -> str:
    """One score with its bar; a dash where it was not measured."""
    score, shown, bar, moved = part["score"], "–", "", ""
    if score is not None:
        shown = f"{score:.3f}"
        bar = (
            '<svg width="100%" height="10" viewBox="0 0 100 10" preserveAspectRatio="none"'
            f' role="img" aria-label="{score:.3f} of 1"><rect class="full" width="100"'
            f' height="10"/><rect class="bar" width="{100 * score:.1f}" height="10"/></svg>'
        )
    says = render_stored(part.get("message") or {}, part["says"])
    if part["moved"]:
        moved = f" <small>({part['moved']:+.3f})</small>"
    return f"<div><b>{shown}</b>{moved} {escape(name_title(name))}{bar}<p>{escape(says)}</p></div>"


def _render_dataset(name: str, data: DatasetData) -> str:
    """The section of one dataset."""
    report = data["report"]
    identity = " · ".join(filter(None, [escape(data["id"]), _render_origins(report)]))
    account = card(facts(_dataset_facts(data)) + _render_account(data["account"]))
    reasons = sorted(report["reasons"].items(), key=lambda reason: -reason[1])
    rows = [row(cell(f"{n:,}", "n"), cell(escape(render(why)), "said")) for why, n in reasons]
    return (
        f"<h2>{escape(name)}</h2><p>{identity}</p>{account}"
        + _render_sources(report.get("sources", {}))
        + section("Why rows were quarantined", ("rows", "reason"), rows)
        + _render_warnings(report.get("warned", {}))
        + Message("reports.html.fields_changed").render()
        + _render_fields(report, data.get("training", {}))
        + _render_missing_together(report)
        + _render_examples(report)
        + _render_anonymity(report.get("anonymity"))
    )


def _render_origins(report: SnapshotReport) -> str:
    """The origin and the licence of each source."""
    texts = []
    for source, origin in report.get("origins", {}).items():
        text = f"{escape(source)}: {escape(origin.get('origin') or 'origin not stated')}"
        if origin.get("licence"):
            text += f", {escape(str(origin['licence']))}"
        texts.append(text)
    return "; ".join(texts)


def _dataset_facts(data: DatasetData) -> Iterator[tuple[str, str]]:
    """The counts of rows and the dimensions of quality."""
    account, report = data["account"], data["report"]
    unique = account["in"] - account["duplicates"]
    yield "rows in", f"{account['in']:,}"
    yield "kept", f"{account['kept']:,}"
    yield "quarantined", f"{account['quarantined']:,}"
    yield "duplicates removed", f"{account['duplicates']:,}"
    yield "quality", f"{report['quality']:.3f}"
    before, after = _completeness(report["before"]), _completeness(report["after"])
    yield "completeness", f"{before:.2%} → {after:.2%}"
    yield "validity", f"{account['kept'] / max(1, unique):.2%}"
    yield "uniqueness", f"{1 - account['duplicates'] / max(1, account['in']):.2%}"
    if "consistency" in report:
        yield "consistency", f"{report['consistency']:.2%}"
    if "accuracy" in report:
        yield "accuracy", f"{report['accuracy']['_all']:.2%}"
    for name, day in list(report.get("newest", {}).items())[:2]:
        yield f"newest {name}", escape(str(day))


def _completeness(profile: Mapping[str, FieldStatistics]) -> float:
    """The share of cells that have a value."""
    cells = sum(field["rows"] for field in profile.values()) or 1
    return float(1 - sum(field["missing"] for field in profile.values()) / cells)


def _render_account(account: Mapping[str, int]) -> str:
    """A bar of what became of the rows; wide parts are labelled."""
    parts = ""
    for kind, colour in COLOURS.items():
        count = account.get(kind)
        if not count:
            continue
        label, share = "", count / max(1, account["in"])
        if share > WIDE_PART:
            label = f"{count:,} {kind}"
        parts += (
            f'<span style="width:{100 * share:.3f}%;background:{colour}" title="{count}'
            f' {kind}">{label}</span>'
        )
    return f'<div class="account">{parts}</div>'


def _render_sources(accounts: Mapping[str, SourceAccount]) -> str:
    """The account of each source, and where rows that were not used are."""
    rows = []
    for source, account in accounts.items():
        counts = [cell(f"{count:,}", "n") for count in _count_uses(account)]
        places = [*account.get("repeated_at", []), *account.get("unmatched_at", [])]
        names = (cell(escape(source)), cell(escape(str(account["role"]))))
        rows.append(row(*names, *counts, cell(escape(", ".join(places)))))
    heads = ("source", "role", *USES, "first rows that are not used")
    return section("Rows of each source", heads, rows)


def _count_uses(account: SourceAccount) -> tuple[int, ...]:
    """The rows of a source by what became of them, in the order of `USES`."""
    return (
        account["read"],
        account["used"],
        account["unmatched"],
        account["repeated"],
        account["rejected"],
    )


def _render_warnings(warned: Mapping[str, int]) -> str:
    html = ""
    for sentence, count in warned.items():
        rows = ""
        if count > 1:
            rows = Message("reports.html.warned_rows", count=count).render()
        html += Message(
            "reports.html.warning", sentence=escape(render(sentence)), rows=rows
        ).render()
    return html


def _render_missing_together(report: SnapshotReport) -> str:
    """Which fields are missing together: a row a pattern, a mark where a field is missing."""
    patterns = [pattern for pattern in report.get("patterns", []) if pattern["missing"]]
    names = _list_missing(report, patterns)
    rows = [_render_pattern(pattern, names) for pattern in patterns]
    return section("What is missing together", ("rows", *names), rows)


def _list_missing(report: SnapshotReport, patterns: Sequence[MissingPattern]) -> list[str]:
    """The fields that some rows lack."""
    missing = set(chain.from_iterable(pattern["missing"] for pattern in patterns))
    return [name for name in report["before"] if name in missing]


def _render_pattern(pattern: MissingPattern, names: Iterable[str]) -> str:
    """How many rows lack some fields, with a mark for each of the fields that some rows lack."""
    cells = [cell(_missing_mark(name in pattern["missing"])) for name in names]
    return row(cell(f"{pattern['rows']:,}", "n"), *cells)


def _missing_mark(is_missing: bool) -> str:
    if is_missing:
        return CELL.format("gap", "missing")
    return CELL.format("full", "there")


def _render_examples(report: SnapshotReport) -> str:
    """Values of the sources, and what they became."""
    rows = []
    for name, pairs in report.get("examples", {}).items():
        shown = f"<b>{escape(name)}</b>"
        for before, after in pairs:
            rows.append(row(cell(shown), cell(_render_value(before)), cell(_render_value(after))))
            shown = ""
    return section("Values before and after cleaning", ("field", "before", "after"), rows)


def _render_value(value: object) -> str:
    if value is None or not str(value).strip():
        return Message("reports.html.missing").render()
    return f"<code>{escape(str(value))}</code>"


def _read_int(value: object) -> int:
    """A whole number of a JSON object."""
    return int(str(value))


def _render_anonymity(found: JsonObject | None) -> str:
    """What a release of the rows keeps, and its risk."""
    if not found:
        return ""
    several, fields = "", escape(", ".join(list_texts(found["of"])))
    if found.get("sensitive"):
        several = Message(
            "reports.html.diverse",
            number=_read_int(found["l"]),
            field=escape(str(found["sensitive"])),
        ).render()
    return Message(
        "reports.html.anonymity",
        groups=_read_int(found["groups"]),
        fields=fields,
        smallest=_read_int(found["smallest"]),
        k=_read_int(found["k"]),
        several=several,
        loss=read_number(found["loss"]),
        risk=read_number(found["risk"]),
    ).render()


def _render_fields(report: SnapshotReport, training: Mapping[str, TrainingColumn]) -> str:
    """Each field before and after cleaning."""
    rows = []
    for name, before in report["before"].items():
        after = report["after"][name]
        spread = ""
        if "mean" in before:
            spread = f"{_mean_and_sd(before)} → {_mean_and_sd(after)}"
        rows.append(
            row(
                cell(f"<b>{escape(name)}</b>"),
                cell(_render_gap(before)),
                cell(_render_gap(after)),
                cell(f"{before['distinct']:,} → {after['distinct']:,}", "n"),
                cell(escape(", ".join(_changes_of(name, report))) or "–"),
                cell(spread),
                cell(draw_histogram(training.get(name))),
            )
        )
    return card(table(FIELD_HEADS, rows))


def _changes_of(name: str, report: SnapshotReport) -> Iterator[str]:
    """How many values of a field each step changed."""
    treated = report["treated"].get(name, {})
    counts = (
        (report.get("unreadable", {}).get(name), "unreadable"),
        (treated.get("filled"), "imputed"),
        (treated.get("outside"), "outliers"),
        (report.get("mended", {}).get(name), "repaired"),
    )
    for count, change in counts:
        if count:
            yield f"{count:,} {change}"


def _mean_and_sd(profile: FieldStatistics) -> str:
    return f"{format_value(profile.get('mean'))} ± {format_value(profile.get('sd'))}"


def _render_gap(profile: FieldStatistics) -> str:
    """The share of missing values as a bar."""
    share = profile["missing"] / max(1, profile["rows"])
    return (
        f'<svg width="110" height="16" role="img" aria-label="{share:.1%} missing"><rect'
        ' class="full" width="60" height="10" y="3" rx="2"/><rect class="gap"'
        f' width="{60 * share:.1f}" height="10" y="3" rx="2"/><text x="66" y="13" font-size="11"'
        f' fill="currentColor">{share:.1%}</text></svg>'
    )
