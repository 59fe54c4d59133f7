"""HTML of tables, cards and numbers. Knows no report; the HTML that it is given is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from mesocosm.core.messages import Message

TITLES = {  # of tables, columns and numbers, by their English words
    "data quality": "cli.report.score.data",
    "model quality": "cli.report.score.models",
    "stability": "cli.report.score.stability",
    "experience": "cli.report.score.experience",
    "field": "reports.html.field",
    "missing before": "reports.html.missing_before",
    "after": "reports.html.after",
    "distinct": "reports.html.distinct",
    "what the steps changed": "reports.html.what_the_steps_changed",
    "mean ± sd": "reports.html.mean_sd",
    "training rows": "reports.html.training_rows",
    "rows": "reports.html.rows",
    "reason": "reports.html.reason",
    "Why rows were quarantined": "reports.html.why_rows_were_quarantined",
    "rows in": "reports.html.rows_in",
    "kept": "reports.html.kept",
    "quarantined": "reports.html.quarantined",
    "duplicates removed": "reports.html.duplicates_removed",
    "quality": "reports.html.quality",
    "completeness": "reports.html.completeness",
    "validity": "reports.html.validity",
    "uniqueness": "reports.html.uniqueness",
    "consistency": "reports.html.consistency",
    "accuracy": "reports.html.accuracy",
    "source": "reports.html.source",
    "role": "reports.html.role",
    "read": "reports.html.read",
    "used": "reports.html.used",
    "unmatched": "reports.html.unmatched",
    "repeated": "reports.html.repeated",
    "rejected": "reports.html.rejected",
    "first rows that are not used": "reports.html.first_rows_that_are_not",
    "Rows of each source": "reports.html.rows_of_each_source",
    "What is missing together": "reports.html.what_is_missing_together",
    "Values before and after cleaning": "reports.html.values_before_and_after_cleaning",
    "before": "reports.html.before",
    "held-out rows": "reports.html.held_out_rows",
    "metric": "reports.html.metric",
    "value": "reports.html.value",
    "95 % interval": "reports.html.95_interval",
    "this version": "reports.html.this_version",
    "gain of this version": "reports.html.gain_of_this_version",
    "Ablations and the previous version, on the same rows": "reports.html.ablations",
    "Later versions": "reports.html.later_versions",
    "Weak slices": "reports.html.weak_slices",
    "rows where": "reports.html.rows_where",
    "class": "reports.html.class",
    "precision": "reports.html.precision",
    "recall": "reports.html.recall",
    "Importance of each setting": "reports.html.importance_of_each_setting",
    "setting": "reports.html.setting",
    "model": "reports.html.model",
    "version": "reports.html.version",
    "state": "reports.html.state",
    "why": "reports.html.why",
}


def name_title(text: str) -> str:
    """A title in the reader's language; names of the data are as they are.

    >>> name_title("quarantined"), name_title("income")
    ('quarantined', 'income')
    """
    if text in TITLES:
        return Message(TITLES[text]).render()
    return text


def cell(html: str, kind: str = "") -> str:
    """A cell of a table; `kind` is its class.

    >>> cell("3", "n"), cell("a")
    ('<td class="n">3</td>', '<td>a</td>')
    """
    if kind:
        return f'<td class="{kind}">{html}</td>'
    return f"<td>{html}</td>"


def row(*cells: str) -> str:
    """A row of a table."""
    return f"<tr>{''.join(cells)}</tr>"


def table(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table with its column names, which are escaped here."""
    head = row(*(f"<th>{escape(name_title(name))}</th>" for name in heads))
    return f"<table>{head}{''.join(rows)}</table>"


def card(html: str) -> str:
    """A card."""
    return f'<div class="card">{html}</div>'


def section(title: str, heads: Iterable[str], rows: Iterable[str]) -> str:
    """A titled table in a card; nothing without rows."""
    filled = list(rows)
    if not filled:
        return ""
    return f"<h3>{escape(name_title(title))}</h3>{card(table(heads, filled))}"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and their values, which are HTML, large and side by side."""
    shown = "".join(f"<div><b>{value}</b>{escape(name_title(name))}</div>" for name, value in pairs)
    return f'<div class="facts">{shown}</div>'


def format_count(number: int, word: str) -> str:
    """A number with its word.

    >>> format_count(1, "dataset"), format_count(2, "model")
    ('1 dataset', '2 models')
    """
    if number == 1:
        return f"1 {word}"
    return f"{number} {word}s"


def format_metric(value: float | None) -> str:
    """A metric with three digits after the point, or three that count.

    >>> format_metric(0.98765), format_metric(0.001234), format_metric(1200), format_metric(None)
    ('0.988', '0.00123', '1,200', '–')
    """
    if value is None:
        return "–"
    if _is_whole(value):
        return f"{value:,}"
    if abs(value) < 1e-2 or abs(value) >= 100:
        return f"{value:.3g}"
    return f"{value:.3f}"


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or (float(value).is_integer() and abs(value) >= 1)


def format_value(value: float | None) -> str:
    """A value of a field with four digits that count.

    >>> format_value(12345.6), format_value(0.123456)
    ('12,346', '0.1235')
    """
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
