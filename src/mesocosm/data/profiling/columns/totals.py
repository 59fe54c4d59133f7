"""Lines of totals and of means among the rows: a word that says so, and figures that are the sum or
the mean of the other rows.

Knows such words in several languages and the rows looked at. Sets nothing: a rule that quarantines
such a line is proposed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.data.profiling.columns.column import Column, FieldSettings, Proposal
from mesocosm.data.quality.rules.condition import NAME, WORDS
from mesocosm.data.sources.path_utils import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
    con: DuckDBPyConnection,
    table: str,
    fields: Mapping[str, FieldSettings],
    columns: Sequence[Column],
) -> list[Proposal]:
    """For each column of words, the values that name a total or a mean, where they are few and the
    figures beside them are one.

    Args:
        table: the rows looked at, trimmed, blank ones null; all rows, or no sum fits.
    """
    figures = _list_figures(fields, columns)
    if not figures:
        return []
    words = [column for column in columns if fields[column.name]["type"] in ("category", "text")]
    found = (_propose_of(con, table, column, figures) for column in words)
    return [proposal for proposal in found if proposal]


def _list_figures(fields: Mapping[str, FieldSettings], columns: Sequence[Column]) -> dict[str, str]:
    """The decimal mark of each column of numbers."""
    figures: dict[str, str] = {}
    for column in columns:
        field = fields[column.name]
        if field["type"] in FIGURES:
            figures[column.name] = str(field.get("decimal") or ".")
    return figures


def _propose_of(
    con: DuckDBPyConnection, table: str, column: Column, figures: Mapping[str, str]
) -> Proposal | None:
    """A rule against the lines of totals that a column names; None where it names none."""
    holding = _list_holding(con, table, column, figures)
    if not holding:
        return None
    listed = ", ".join("'" + v.replace("'", "''") + "'" for v in holding)
    evidence = "; ".join(_describe_total(value, held) for value, held in holding.items())
    return Proposal(
        "rules",
        json.dumps(f"{_name_in_rule(column.name)} not in ({listed})", ensure_ascii=False),
        f"totals among the rows: {evidence}",
        sum(column.counts[v] for v in holding),
        [_show_rows(column, value) for value in list(holding)[:EXAMPLES]],
    )


def _show_rows(column: Column, value: str) -> str:
    """A value with its column and its rows."""
    rows = column.counts[value]
    return f"{column.name}: {value} ({rows} row{'s' * (rows != 1)})"


def _list_holding(
    con: DuckDBPyConnection, table: str, column: Column, figures: Mapping[str, str]
) -> dict[str, list[str]]:
    """The values that name a total or a mean, each with the columns whose figure beside it is
    one.
    """
    lines = _TotalLines(table, column.name, _list_named(column))
    holding: dict[str, list[str]] = {}
    for value in lines.named:
        held = _find_columns_of(con, lines, value, figures)
        if held:
            holding[value] = held
    return holding


@dataclass(frozen=True)
class _TotalLines:
    """The lines of a table in which a column names a total or a mean."""

    table: str
    name: str
    named: Sequence[str]

    @property
    def others(self) -> str:
        """SQL that is true for all other lines; the values that name one are its parameters."""
        marks = ", ".join("?" for _ in self.named)
        return f"not coalesce({quote(self.name)} in ({marks}), false)"


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
    con: DuckDBPyConnection, lines: _TotalLines, value: str, figures: Mapping[str, str]
) -> list[str]:
    """The columns in which the figure beside a value is the sum, or the mean, of all rows that name
    neither.
    """
    how, tolerance = "avg", 1e-3  # a mean is written rounded
    if _is_total(value):
        how, tolerance = "sum", 1e-6
    other, mine = lines.others, f"{quote(lines.name)} = ?"
    found: list[str] = []
    for figure, decimal in figures.items():
        x = _cast_figure(figure, decimal)
        query = (
            f"select {how}({x}) filter ({other}), max({x}) filter ({mine}), count(nullif({x}, 0))"
            f" filter ({other}) from {quote(lines.table)}"
        )
        row: tuple[float | None, float | None, int] = con.execute(
            query, [*lines.named, value, *lines.named]
        ).fetchall()[0]
        expected, written, rows = row
        if rows >= 2 and _is_near(expected, written, tolerance):
            found.append(figure)
    return found


def _is_near(expected: float | None, written: float | None, tolerance: float) -> bool:
    """Whether a figure is the one that is expected, up to rounding; zero is none."""
    if not expected or written is None:
        return False
    return abs(expected - written) <= tolerance * abs(expected)


def _cast_figure(name: str, decimal: str) -> str:
    """SQL of a column's figure, its unit and its marks of thousands left out."""
    text = f"{quote(name)}::varchar"
    bare = f"regexp_replace(replace({text}, '\u2212', '-'), '[^0-9.,+-]', '', 'g')"
    if decimal == ",":
        return f"try_cast(replace(replace({bare}, '.', ''), ',', '.') as double)"
    return f"coalesce(try_cast({text} as double), try_cast(replace({bare}, ',', '') as double))"
