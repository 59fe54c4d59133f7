"""HTML of tables, cards and numbers. Knows no report; the HTML that it is given is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from mesocosm.core.messages import Message, Text, render


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


def title(text: Text) -> str:
    """A title in the reader's language, escaped; one without an id is a name of the data, which is
    as it is.

    >>> title(Message("reports.html.quarantined")), title("accuracy")
    ('quarantined', 'accuracy')
    """
    return escape(render(text) if isinstance(text, Message) else text)


def table(heads: Iterable[Text], rows: Iterable[str]) -> str:
    """A table with its column names, which are escaped here."""
    head = row(*(f"<th>{title(name)}</th>" for name in heads))
    return f"<table>{head}{''.join(rows)}</table>"


def card(html: str) -> str:
    """A card."""
    return f'<div class="card">{html}</div>'


def section(name: Text, heads: Iterable[Text], rows: Iterable[str]) -> str:
    """A titled table in a card; nothing without rows."""
    filled = list(rows)
    if not filled:
        return ""
    return f"<h3>{title(name)}</h3>{card(table(heads, filled))}"


def facts(pairs: Iterable[tuple[Text, str]]) -> str:
    """Names and their values, which are HTML, large and side by side."""
    shown = "".join(f"<div><b>{value}</b>{title(name)}</div>" for name, value in pairs)
    return f'<div class="facts">{shown}</div>'


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
