"""Tables and lists as HTML for a notebook; every text is escaped. Knows HTML only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def render_table(heads: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> str:
    """A table with a title; a cell that is None is empty.

    >>> render_table(["name"], [["<b>"], [None]])
    '<table><tr><th>name</th></tr><tr><td>&lt;b&gt;</td></tr><tr><td></td></tr></table>'
    """
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    body = "".join(_render_row("td", row) for row in rows)
    return f"<table>{caption}{_render_row('th', heads)}{body}</table>"


def render_list(items: Iterable[object], title: str = "") -> str:
    """A list under a title; empty where there is nothing in it.

    >>> render_list(["a & b"], "Next")
    '<p>Next</p><ul><li>a &amp; b</li></ul>'
    """
    lines = "".join(f"<li>{escape(str(item))}</li>" for item in items)
    if not lines:
        return ""
    head = f"<p>{escape(title)}</p>" if title else ""
    return f"{head}<ul>{lines}</ul>"


def _render_row(tag: str, cells: Sequence[object]) -> str:
    texts = ("" if cell is None else escape(str(cell)) for cell in cells)
    return "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"
