"""Lines of totals and of means among the rows: a word that says so, and figures that are the sum or
the mean of the other rows.

Knows such words in several languages and the rows looked at. Sets nothing: a rule that quarantines
such a line is proposed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.data.profiling.columns.column import Column, Proposal
from mesocosm.data.quality.rules.condition import NAME, WORDS
from mesocosm.data.sources.path_utils import quote

TOTAL = re.compile(
    r"(?:(?:grand|sub|sum)[ -]?)?totals?|sum|summe|gesamt(?:summe|betrag)?|insgesamt|somme|total"
    r" g[ée]n[ée]ral|totale|suma(?: total)?|razem|итого|всего|合计|总计|小计|總計|合計|小計",
    re.I,
)
MEAN = re.compile(
    r"average|avg|mean|mittelwert|durchschnitt|moyenne|promedio|media|среднее|平均(?:值|数)?|均值",
    re.I,
)
MOST = 0.05  # share of the rows that may be such lines
EXAMPLES = 10
FIGURES = ("number", "integer", "decimal")


def propose_totals(
    con: Any, table: str, fields: Mapping[str, Mapping[str, Any]], columns: Sequence[Column]
) -> list[Proposal]:
    """For each column of words, the values that name a total or a mean, where they are few and the
    figures beside them are one.

    Args:
        table: the rows looked at, trimmed, blank ones null; all rows, or no sum fits.
    """
    figures = {
        c.name: str(fields[c.name].get("decimal") or ".")
        for c in columns
        if fields[c.name]["type"] in FIGURES
    }
    if not figures:
        return []
    words = [c for c in columns if fields[c.name]["type"] in ("category", "text")]
    found = (_propose_of(con, table, column, figures) for column in words)
    return [proposal for proposal in found if proposal]


def _propose_of(
    con: Any, table: str, column: Column, figures: Mapping[str, str]
) -> Proposal | None:
    """A rule against the lines of totals that a column names; None where it names none."""
    named = _list_named(column)
    holding: dict[str, list[str]] = {}
    for value in named:
        if held := _find_columns_of(con, table, column.name, value, named, figures):
            holding[value] = held
    if not holding:
        return None
    listed = ", ".join("'" + v.replace("'", "''") + "'" for v in holding)
    evidence = "; ".join(_describe_total(value, held) for value, held in holding.items())
    return Proposal(
        "rules",
        json.dumps(f"{_name_in_rule(column.name)} not in ({listed})", ensure_ascii=False),
        f"totals among the rows: {evidence}",
        sum(column.counts[v] for v in holding),
        [
            f"{column.name}: {v} ({column.counts[v]} row{'s' * (column.counts[v] != 1)})"
            for v in list(holding)[:EXAMPLES]
        ],
    )


def _list_named(column: Column) -> list[str]:
    """The values that name a total or a mean; none where they are many."""
    named = [v for v in column.counts if _is_total(v) or MEAN.fullmatch(_strip(v))]
    rows = sum(column.counts[v] for v in named)
    if rows <= max(2, MOST * column.rows):
        return named
    return []


def _name_in_rule(name: str) -> str:
    """A column's name as a rule writes it."""
    if re.fullmatch(NAME, name) and name.lower() not in WORDS:
        return name
    return quote(name)


def _describe_total(value: str, held: Sequence[str]) -> str:
    verb = "is" if len(held) == 1 else "are"
    what = "sum" if _is_total(value) else "mean"
    return f"in '{value}' {' and '.join(held)} {verb} the {what} of the other rows"


def _strip(value: str) -> str:
    return value.strip(" :：.*=Øø")


def _is_total(value: str) -> bool:
    return bool(TOTAL.fullmatch(_strip(value)))


def _find_columns_of(
    con: Any, table: str, name: str, value: str, named: Sequence[str], figures: Mapping[str, str]
) -> list[str]:
    """The columns in which the figure beside a value is the sum, or the mean, of all rows that name
    neither.
    """
    marks = ", ".join("?" for _ in named)
    other, mine = f"not coalesce({quote(name)} in ({marks}), false)", f"{quote(name)} = ?"
    how, tolerance = "avg", 1e-3  # a mean is written rounded
    if _is_total(value):
        how, tolerance = "sum", 1e-6
    found = []
    for figure, decimal in figures.items():
        x = _cast_figure(figure, decimal)
        query = (
            f"select {how}({x}) filter ({other}), max({x}) filter ({mine}), count(nullif({x}, 0))"
            f" filter ({other}) from {quote(table)}"
        )
        expected, written, rows = con.execute(query, [*named, value, *named]).fetchall()[0]
        if not expected or written is None or rows < 2:
            continue
        if abs(expected - written) <= tolerance * abs(expected):
            found.append(figure)
    return found


def _cast_figure(name: str, decimal: str) -> str:
    """SQL of a column's figure, its unit and its marks of thousands left out."""
    text = f"{quote(name)}::varchar"
    bare = f"regexp_replace(replace({text}, '\u2212', '-'), '[^0-9.,+-]', '', 'g')"
    if decimal == ",":
        return f"try_cast(replace(replace({bare}, '.', ''), ',', '.') as double)"
    return f"coalesce(try_cast({text} as double), try_cast(replace({bare}, ',', '') as double))"
