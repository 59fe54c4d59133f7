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
FIGURES = ("number", "integer", "decimal")


def totals(
    con: Any, table: str, fields: Mapping[str, Mapping[str, Any]], columns: Sequence[Column]
) -> list[Proposal]:
    """For each column of words, the values that name a total or a mean, where they are few and the
    figures beside them are one.

    Args:
        table: the rows looked at, trimmed, blank ones null; all rows, or no sum fits.
    """
    found: list[Proposal] = []
    figures = {
        c.name: str(fields[c.name].get("decimal") or ".")
        for c in columns
        if fields[c.name]["type"] in FIGURES
    }
    for column in columns if figures else ():
        if fields[column.name]["type"] not in ("category", "text"):
            continue
        named = [v for v in column.counts if TOTAL.fullmatch(_word(v)) or MEAN.fullmatch(_word(v))]
        rows = sum(column.counts[v] for v in named)
        if not named or rows > max(2, MOST * column.rows):
            continue
        told = {
            v: beside
            for v in named
            if (beside := _made_of(con, table, column.name, v, named, figures))
        }
        if not told:
            continue
        rows = sum(column.counts[v] for v in told)
        name = (
            column.name
            if re.fullmatch(NAME, column.name) and column.name.lower() not in WORDS
            else quote(column.name)
        )
        listed = ", ".join("'" + v.replace("'", "''") + "'" for v in told)
        said = "; ".join(
            f"in '{v}' {' and '.join(beside)} {'is' if len(beside) == 1 else 'are'} the"
            f" {'sum' if TOTAL.fullmatch(_word(v)) else 'mean'} of the other rows"
            for v, beside in told.items()
        )
        examples = [
            f"{column.name}: {v} ({column.counts[v]} {'row' if column.counts[v] == 1 else 'rows'})"
            for v in list(told)[:10]
        ]
        found.append(
            Proposal(
                "rules",
                json.dumps(f"{name} not in ({listed})", ensure_ascii=False),
                f"totals among the rows: {said}",
                rows,
                examples,
            )
        )
    return found


def _word(value: str) -> str:
    return value.strip(" :：.*=Øø")


def _made_of(
    con: Any, table: str, name: str, value: str, named: Sequence[str], figures: Mapping[str, str]
) -> list[str]:
    """The columns in which the figure beside a value is the sum, or the mean, of all rows that name
    neither.
    """
    marks = ", ".join("?" for _ in named)
    other, mine = f"not coalesce({quote(name)} in ({marks}), false)", f"{quote(name)} = ?"
    how, least = (
        ("sum", 1e-6) if TOTAL.fullmatch(_word(value)) else ("avg", 1e-3)
    )  # a mean is written rounded
    found = []
    for figure, decimal in figures.items():
        x = _figure(figure, decimal)
        query = (
            f"select {how}({x}) filter ({other}), max({x}) filter ({mine}), count(nullif({x}, 0))"
            f" filter ({other}) from {quote(table)}"
        )
        whole, told, many = con.execute(query, [*named, value, *named]).fetchall()[0]
        if whole and told is not None and many > 1 and abs(whole - told) <= least * abs(whole):
            found.append(figure)
    return found


def _figure(name: str, decimal: str) -> str:
    """SQL of a column's figure, its unit and its marks of thousands left out."""
    bare = f"regexp_replace(replace({quote(name)}::varchar, '\u2212', '-'), '[^0-9.,+-]', '', 'g')"
    plain = (
        f"replace(replace({bare}, '.', ''), ',', '.')"
        if decimal == ","
        else f"replace({bare}, ',', '')"
    )
    return (
        f"coalesce(try_cast({quote(name)}::varchar as double), try_cast({plain} as double))"
        if decimal != ","
        else f"try_cast({plain} as double)"
    )
