"""Lines of totals among the rows: a word that says so, and figures that are the sums of the other rows'.

Knows words for a total in several languages and the rows looked at. Sets nothing: a line of totals is proposed to be set aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.govern.drafts.columns import Column, Proposal
from mesocosm.govern.rules.condition import NAME, WORDS
from mesocosm.govern.sources.paths import quote

TOTAL = re.compile(r"(?:(?:grand|sub|sum)[ -]?)?totals?|sum|summe|gesamt(?:summe|betrag)?|insgesamt|somme|total g[ée]n[ée]ral|totale|suma(?: total)?|razem|итого|всего|合计|总计|小计|總計|合計|小計", re.I)
MOST = 0.05  # share of the rows that may be totals
FIGURES = ("number", "integer", "decimal")


def totals(con: Any, table: str, fields: Mapping[str, Mapping[str, Any]], columns: Sequence[Column]) -> list[Proposal]:
    """For each column of words, the values that name a total, where they are few and the figures beside them are sums.

    Args:
        table: the rows looked at, trimmed, blank ones null.
    """
    found: list[Proposal] = []
    figures = [c.name for c in columns if fields[c.name]["type"] in FIGURES]
    for column in columns if figures else ():
        if fields[column.name]["type"] not in ("category", "text"):
            continue
        named = [v for v in column.counts if TOTAL.fullmatch(v.strip(" :：.*="))]
        rows = sum(column.counts[v] for v in named)
        if not named or rows > max(1, MOST * column.rows) or not (sums := _sums(con, table, column.name, named, figures)):
            continue
        x, listed = column.name if re.fullmatch(NAME, column.name) and column.name.lower() not in WORDS else quote(column.name), ", ".join("'" + v.replace("'", "''") + "'" for v in named)
        why = f"{rows} {'row names itself a total, and its' if rows == 1 else 'rows name themselves totals, and their'} {' and '.join(sums)} {'is' if len(sums) == 1 else 'are'} the sum of other rows"
        found.append(Proposal("rules", json.dumps(f"{x} not in ({listed})", ensure_ascii=False), why, rows, [f"{column.name}: {v} ({column.counts[v]} {'row' if column.counts[v] == 1 else 'rows'})" for v in named[:10]]))
    return found


def _sums(con: Any, table: str, name: str, named: Sequence[str], figures: Sequence[str]) -> list[str]:
    """The columns of plain figures in which the largest total is the sum of all rows that are none.

    Figures with units or other marks are not summed, nor is a table of which only a part was looked at.
    """
    marks = ", ".join("?" for _ in named)
    is_total = f"coalesce({quote(name)} in ({marks}), false)"
    found = []
    for figure in figures:
        x = f"try_cast({quote(figure)} as double)"
        query = f"select sum({x}) filter (not {is_total}), max({x}) filter ({is_total}), count(nullif({x}, 0)) filter (not {is_total}) from {quote(table)}"
        whole, told, many = con.execute(query, [*named, *named, *named]).fetchall()[0]
        if whole is not None and told is not None and many > 1 and whole and abs(whole - told) <= 1e-6 * abs(whole):
            found.append(figure)
    return found
