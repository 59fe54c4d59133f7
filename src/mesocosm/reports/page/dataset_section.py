"""A dataset's section of the report: where its rows went, and each field before and after cleaning.

Every number comes from the JSON answer. Values of private fields are not in it, so they are not
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message, Text, render, render_list
from mesocosm.core.values.json_shapes import list_texts, read_number
from mesocosm.reports.page.markup import (
    card,
    cell,
    facts,
    format_value,
    row,
    section,
    table,
    title,
)
from mesocosm.reports.page.plots import draw_histogram

if TYPE_CHECKING:
    from mesocosm.catalog.contents import (
        FieldStatistics,
        MissingPattern,
        SnapshotReport,
        SourceAccount,
        TrainingColumn,
    )
    from mesocosm.core.records import JsonObject
    from mesocosm.reports.report_data import DatasetData

ORIGIN_NOT_STATED = Message("reports.html.origin_not_stated")
COLOURS = {
    "kept": "var(--good)",
    "quarantined": "var(--warn)",
    "duplicates": "var(--water)",
    "forgotten": "var(--soft)",
    "expired": "var(--soft)",
}
KINDS = {  # of rows, as a number of them is shown
    "kept": Message("reports.html.kept"),
    "quarantined": Message("reports.html.quarantined"),
    "duplicates": Message("reports.html.duplicates"),
    "forgotten": Message("reports.html.forgotten"),
    "expired": Message("reports.html.expired"),
}
ROLES = {  # of a source
    "rows": Message("reports.html.rows"),
    "join": Message("reports.html.join"),
    "lookup": Message("reports.html.lookup"),
}
WIDE_PART = 0.15  # share of the rows from which a part of the bar is labelled
USES = (  # of the rows of a source
    Message("reports.html.read"),
    Message("reports.html.used"),
    Message("reports.html.unmatched"),
    Message("reports.html.repeated"),
    Message("reports.html.rejected"),
)
CELL = (
    '<svg width="34" height="12" role="img" aria-label="{1}"><rect class="{0}" width="34"'
    ' height="12" rx="2"/></svg>'
)
FIELD_HEADS = (
    Message("reports.html.field"),
    Message("reports.html.missing_before"),
    Message("reports.html.after"),
    Message("reports.html.distinct"),
    Message("reports.html.what_the_steps_changed"),
    Message("reports.html.mean_sd"),
    Message("reports.html.training_rows"),
)


def render_dataset(name: str, data: DatasetData) -> str:
    """The section of one dataset."""
    report = data["report"]
    identity = " · ".join(filter(None, [escape(data["id"]), _render_origins(report)]))
    account = card(facts(_dataset_facts(data)) + _render_account(data["account"]))
    reasons = sorted(report["reasons"].items(), key=lambda reason: -reason[1])
    rows = [row(cell(f"{n:,}", "n"), cell(escape(render(why)), "said")) for why, n in reasons]
    return (
        f"<h2>{escape(name)}</h2><p>{identity}</p>{account}"
        + _render_sources(report.get("sources", {}))
        + section(
            Message("reports.html.why_rows_were_quarantined"),
            (Message("reports.html.rows"), Message("reports.html.reason")),
            rows,
        )
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
        text = f"{escape(source)}: {escape(origin.get('origin') or ORIGIN_NOT_STATED.render())}"
        if origin.get("licence"):
            text += f", {escape(str(origin['licence']))}"
        texts.append(text)
    return "; ".join(texts)


def _dataset_facts(data: DatasetData) -> Iterator[tuple[Text, str]]:
    """The counts of rows and the dimensions of quality."""
    account, report = data["account"], data["report"]
    unique = account["in"] - account["duplicates"]
    yield Message("reports.html.rows_in"), f"{account['in']:,}"
    yield Message("reports.html.kept"), f"{account['kept']:,}"
    yield Message("reports.html.quarantined"), f"{account['quarantined']:,}"
    yield Message("reports.html.duplicates_removed"), f"{account['duplicates']:,}"
    yield Message("reports.html.quality"), f"{report['quality']:.3f}"
    before, after = _completeness(report["before"]), _completeness(report["after"])
    yield Message("reports.html.completeness"), f"{before:.2%} → {after:.2%}"
    yield Message("reports.html.validity"), f"{account['kept'] / max(1, unique):.2%}"
    yield (
        Message("reports.html.uniqueness"),
        f"{1 - account['duplicates'] / max(1, account['in']):.2%}",
    )
    if "consistency" in report:
        yield Message("reports.html.consistency"), f"{report['consistency']:.2%}"
    if "accuracy" in report:
        yield Message("reports.html.accuracy"), f"{report['accuracy']['_all']:.2%}"
    for name, day in list(report.get("newest", {}).items())[:2]:
        yield Message("reports.html.newest", field=name), escape(str(day))


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
            label = _count_kind(f"{count:,}", kind)
        parts += (
            f'<span style="width:{100 * share:.3f}%;background:{colour}"'
            f' title="{_count_kind(str(count), kind)}">{label}</span>'
        )
    return f'<div class="account">{parts}</div>'


def _count_kind(number: str, kind: str) -> str:
    """How many rows became one kind."""
    return title(Message("reports.html.count_of", number=number, what=KINDS[kind]))


def _render_sources(accounts: Mapping[str, SourceAccount]) -> str:
    """The account of each source, and where rows that were not used are."""
    rows = []
    for source, account in accounts.items():
        counts = [cell(f"{count:,}", "n") for count in _count_uses(account)]
        places = [*account.get("repeated_at", []), *account.get("unmatched_at", [])]
        names = (
            cell(escape(source)),
            cell(title(ROLES.get(str(account["role"]), str(account["role"])))),
        )
        rows.append(row(*names, *counts, cell(escape(", ".join(places)))))
    heads = (
        Message("reports.html.source"),
        Message("reports.html.role"),
        *USES,
        Message("reports.html.first_rows_that_are_not"),
    )
    return section(Message("reports.html.rows_of_each_source"), heads, rows)


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
    return section(
        Message("reports.html.what_is_missing_together"),
        (Message("reports.html.rows"), *names),
        rows,
    )


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
        return CELL.format("gap", title(Message("reports.html.is_missing")))
    return CELL.format("full", title(Message("reports.html.is_there")))


def _render_examples(report: SnapshotReport) -> str:
    """Values of the sources, and what they became."""
    rows = []
    for name, pairs in report.get("examples", {}).items():
        shown = f"<b>{escape(name)}</b>"
        for before, after in pairs:
            rows.append(row(cell(shown), cell(_render_value(before)), cell(_render_value(after))))
            shown = ""
    return section(
        Message("reports.html.values_before_and_after_cleaning"),
        (
            Message("reports.html.field"),
            Message("reports.html.before"),
            Message("reports.html.after"),
        ),
        rows,
    )


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
                cell(escape(render_list(tuple(_changes_of(name, report)))) or "–"),
                cell(spread),
                cell(draw_histogram(training.get(name))),
            )
        )
    return card(table(FIELD_HEADS, rows))


def _changes_of(name: str, report: SnapshotReport) -> Iterator[Message]:
    """How many values of a field each step changed."""
    treated = report["treated"].get(name, {})
    counts = (
        (report.get("unreadable", {}).get(name), Message("reports.html.unreadable")),
        (treated.get("filled"), Message("reports.html.imputed")),
        (treated.get("outside"), Message("reports.html.outliers")),
        (report.get("mended", {}).get(name), Message("reports.html.repaired")),
    )
    for count, change in counts:
        if count:
            yield Message("reports.html.count_of", number=f"{count:,}", what=change)


def _mean_and_sd(profile: FieldStatistics) -> str:
    return f"{format_value(profile.get('mean'))} ± {format_value(profile.get('sd'))}"


def _render_gap(profile: FieldStatistics) -> str:
    """The share of missing values as a bar."""
    share = profile["missing"] / max(1, profile["rows"])
    label = title(Message("reports.html.share_missing", share=share))
    return (
        f'<svg width="110" height="16" role="img" aria-label="{label}"><rect'
        ' class="full" width="60" height="10" y="3" rx="2"/><rect class="gap"'
        f' width="{60 * share:.1f}" height="10" y="3" rx="2"/><text x="66" y="13" font-size="11"'
        f' fill="currentColor">{share:.1%}</text></svg>'
    )
