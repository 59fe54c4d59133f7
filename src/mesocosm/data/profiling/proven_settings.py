"""What a column's own values prove about how they are written, looked up in the raw rows before
they are read.

Knows DuckDB. Looks at few values where few are enough, at all where they are not; what stays open
stops the build.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, Text
from mesocosm.data.pipeline.column_groups import slices
from mesocosm.data.pipeline.expressions.typed_rows import read_texts
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.pipeline.recipe import Fields, columns_of
from mesocosm.data.profiling.column_readings import (
    Proof,
    have_both_orders,
    prove_day_month_order,
    prove_decimal_mark,
)
from mesocosm.data.sources.arrow_ingest import CELLS
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.types.date import Date
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.number import Number
from mesocosm.data.types.time import Time

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIRST = 2000  # values that are enough in most columns
BETWEEN = r"(?:[\s\pZ]*[/.\-／．－][\s\pZ]*|[\s\pZ]+)"  # parts of a date
HEAD = rf"^[\s\pZ]*(\p{{Nd}}{{1,2}}{BETWEEN}\p{{Nd}}{{1,2}}{BETWEEN}\p{{Nd}}{{2,4}})"
LONGEST = 40  # letters of an example
MOST = 100_000  # distinct values with a comma
ITS_VALUES = Message("data.its_values")


@dataclass
class _Marks:
    """The decimal marks that the columns of a dataset prove, those that stay open, and whether some
    column proves the point.
    """

    found: dict[str, str] = field(default_factory=lambda: {})
    open: dict[str, Proof] = field(default_factory=lambda: {})
    questions: list[ConfigValueError] = field(default_factory=lambda: [])
    has_point: bool = False


def prove_marks(con: DuckDBPyConnection, fields: Fields, rows: RawTable) -> dict[str, str]:
    """The decimal mark (`,` or `mixed`) of each field of numbers that sets none and whose column
    does not prove the point.

    Raises:
        ConfigValueError: the values of a column leave two readings open.
    """
    marks = _prove_marks(con, fields, rows)
    if marks.questions:
        raise marks.questions[0]
    return marks.found


def list_questions(
    con: DuckDBPyConnection, fields: Fields, rows: RawTable
) -> list[ConfigValueError]:
    """What `prove_marks` and `prove_orders` would stop at, for every column."""
    return _prove_marks(con, fields, rows).questions + _prove_orders(con, fields, rows)[1]


def _prove_marks(con: DuckDBPyConnection, fields: Fields, rows: RawTable) -> _Marks:
    """The decimal marks that the columns prove, and a question for each column with two
    readings.
    """
    numbers = _list_numbers(fields, rows)
    cells = _classify_cells(con, numbers)
    marks = _Marks(_find_number_cells(numbers, cells))
    for name, column, table in _list_tables(con, _list_asked(fields, numbers, cells), fields):
        _prove_mark(con, fields, (name, column, table), marks)
    if not marks.has_point:  # a point that is the decimal mark of its neighbours is one here too
        marks.questions += [_ask(fields, name, proof) for name, proof in marks.open.items()]
    commas = {name for name in cells if (numbers[name].decimal or marks.found.get(name)) == ","}
    marks.questions += _ask_mixed_cells(cells, commas)
    return marks


def _ask_mixed_cells(cells: Mapping[str, str], commas: Collection[str]) -> list[ConfigValueError]:
    """A question for each field with a decimal comma whose cells were numbers and texts."""
    mixed = (name for name, kind in cells.items() if kind == "mixed")
    return [_ask_cells(name) for name in mixed if name in commas]


def _find_number_cells(numbers: Mapping[str, Number], cells: Mapping[str, str]) -> dict[str, str]:
    """The fields with a decimal comma whose cells were numbers, so that no comma stands in them."""
    found: dict[str, str] = {}
    for name, number in numbers.items():
        if number.decimal == "," and cells.get(name) == "numbers":
            found[name] = "numbers"
    return found


def _list_asked(
    fields: Fields, numbers: Mapping[str, Number], cells: Mapping[str, str]
) -> dict[str, str]:
    """The columns of the fields that set no mark and whose cells were no numbers."""
    columns = columns_of(fields)
    asked: dict[str, str] = {}
    for name, number in numbers.items():
        if number.decimal is None and cells.get(name) != "numbers":
            asked[name] = columns[name]
    return asked


def _list_numbers(fields: Fields, rows: RawTable) -> dict[str, Number]:
    """The fields of numbers that are read from texts, and whose mark may not be the point."""
    columns = columns_of(fields)
    found: dict[str, Number] = {}
    for name, kind in fields.items():
        is_text = rows.types[columns[name]] == "string"
        if is_text and isinstance(kind, Number) and kind.decimal != ".":
            found[name] = kind
    return found


def _ask_cells(name: str) -> ConfigValueError:
    return ConfigValueError(
        f"fields.{name}",
        Message("data.mixed_cells"),
        Message("data.cells_of_one_kind"),
    )


def _prove_mark(
    con: DuckDBPyConnection, fields: Fields, place: tuple[str, str, str], marks: _Marks
) -> None:
    """Add what one column proves of its decimal mark.

    Args:
        place: the field, its column and the table to look it up in.
    """
    name, column, table = place
    comma = prove_decimal_mark(_list_values(con, column, ",", MOST, table))
    if comma.mixed:
        marks.has_point = marks.has_point or "." in comma.proofs
        marks.found[name] = "mixed"
        return
    if comma.reading == ",":
        marks.found[name] = _confirm_comma(con, column, table)
        return
    point = _prove_point(con, column, table)
    marks.has_point = marks.has_point or "." in point.proofs
    _compare_marks(name, comma, point, marks)
    if comma.ambiguous and not point.proofs:
        marks.questions.append(_ask(fields, name, comma))


def _confirm_comma(con: DuckDBPyConnection, column: str, table: str) -> str:
    """The mark of a column whose values with a comma prove the comma: `mixed` where others with a
    point prove the point.
    """
    point = prove_decimal_mark(_list_values(con, column, ".", MOST, table))
    if "." in point.proofs or point.few:
        return "mixed"
    return ","


def _prove_point(con: DuckDBPyConnection, column: str, table: str) -> Proof:
    """What the values with a point prove; all are looked at where the first leave it open."""
    point = prove_decimal_mark(_list_values(con, column, ".", FIRST, table))
    if point.proofs or not point.open:
        return point
    return prove_decimal_mark(_list_values(con, column, ".", MOST, table))


def _compare_marks(name: str, comma: Proof, point: Proof, marks: _Marks) -> None:
    """Add what the values with a point prove of a column whose values with a comma prove no decimal
    comma.
    """
    has_point = "." in point.proofs
    if comma.few and has_point:  # too few for a decimal comma, and others against it
        marks.found[name] = "mixed"
    if comma.proofs:
        return
    if point.ambiguous:
        marks.open[name] = point
    elif "," in point.proofs:
        marks.found[name] = "mixed" if point.mixed else ","


def _classify_cells(con: DuckDBPyConnection, fields: Mapping[str, Number]) -> dict[str, str]:
    """For each field whether the cells of its column were `numbers` in every source that has it, or
    numbers and texts (`mixed`).
    """
    tables = read_texts(con, "select table_name from information_schema.tables")
    if CELLS not in tables or not fields:
        return {}
    known = _list_cell_kinds(con)
    found: dict[str, str] = {}
    for name, number in fields.items():
        kinds = known.get(number.column or name)
        if kinds:
            found[name] = _summarize_cells(kinds)
    return found


def _list_cell_kinds(con: DuckDBPyConnection) -> dict[str, set[str]]:
    """What the cells of each column, and `source.column`, were in the sources that keep that; and
    `texts` where another source has the column too.
    """
    known: dict[str, set[str]] = {}
    for source, name, kind in con.execute(f"select source, name, kind from {CELLS}").fetchall():
        known.setdefault(str(name), set()).add(str(kind))
        known.setdefault(f"{str(source).removeprefix('src_')}.{name}", set()).add(str(kind))
    others = read_texts(
        con,
        "select distinct column_name from information_schema.columns where table_name like"
        f" 'src\\_%' escape '\\' and table_name not in (select source from {CELLS})",
    )
    for column in others:
        if column in known:
            known[column].add("texts")
    return known


def _summarize_cells(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds & {"numbers", "mixed"}:
        return "mixed"
    return "texts"


def prove_orders(con: DuckDBPyConnection, fields: Fields, rows: RawTable) -> dict[str, str]:
    """The order of day and month (`dmy` or `mdy`) of each date or time whose formats read one text
    in both orders.

    Raises:
        ConfigValueError: the values of a column prove no order, or prove both.
    """
    found, questions = _prove_orders(con, fields, rows)
    if questions:
        raise questions[0]
    return found


def _prove_orders(
    con: DuckDBPyConnection, fields: Fields, rows: RawTable
) -> tuple[dict[str, str], list[ConfigValueError]]:
    """The orders that the columns prove, and a question for each column with two readings."""
    columns = columns_of(fields)
    found: dict[str, str] = {}
    questions: list[ConfigValueError] = []
    for name, kind in fields.items():
        if rows.types[columns[name]] != "string" or not _has_both_orders(kind):
            continue
        proof = _prove_order(con, columns[name])
        if proof.reading in ("dmy", "mdy"):
            found[name] = proof.reading
        elif proof.mixed or proof.ambiguous:
            questions.append(_ask_order(name, proof, bool(kind.private)))
    return found, questions


def _has_both_orders(kind: FieldKind) -> bool:
    """Whether a field is a date or time whose formats read one text in both orders."""
    return isinstance(kind, Date | Time) and have_both_orders(kind.formats)


def _prove_order(con: DuckDBPyConnection, column: str) -> Proof:
    """What the values of a column prove of the order of day and month."""
    days = f"regexp_extract({quote(column)}, {text(HEAD)}, 1)"
    query = f"select distinct x from (select {days} as x from _raw) where x <> '' limit {MOST}"
    return prove_day_month_order(read_texts(con, query))


def _ask_order(name: str, proof: Proof, private: bool) -> ConfigValueError:
    """The question of the order of day and month of a field."""
    return ConfigValueError(
        f"fields.{name}",
        Message("data.formats_of_both_orders", problem=_explain_order(proof, private)),
        Message("data.formats_of_one_order"),
    )


def _explain_order(proof: Proof, private: bool) -> Message:
    """Why the values of a column tell no order of day and month.

    Args:
        private: whether no value is shown.
    """
    if proof.mixed:
        shown = ITS_VALUES if private else _quote_all([v[0] for v in proof.proofs.values()])
        return Message("data.two_orders_proven", shown=shown)
    if private:
        return Message("data.private_order_open")
    return Message(
        "data.order_open",
        shown=_quote_all(proof.open),
        readings=_describe_orders(proof.open[0]),
    )


def _quote_all(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"'{value}'" for value in values[:3])


def _describe_orders(value: str) -> Text:
    """The two readings of a date in digits.

    >>> str(_describe_orders("03/04/2024"))
    "'03/04/2024' is 3 April or 4 March"
    """
    numbers = [int(n) for n in re.findall(r"\d+", value)[:2]]
    if len(numbers) != 2 or not all(1 <= n <= 12 for n in numbers):
        return ""
    first, second = numbers
    return Message(
        "data.day_of_month",
        value=repr(value),
        first=first,
        month=month_name[second],
        second=second,
        other=month_name[first],
    )


def _list_tables(
    con: DuckDBPyConnection, asked: Mapping[str, str], fields: Fields
) -> Iterator[tuple[str, str, str]]:
    """Each field, its column and the table to look it up in."""
    for table, group in slices(con, "_raw", {n: fields[n] for n in asked}, asked):
        yield from ((n, asked[n], table) for n in group)


def _list_values(
    con: DuckDBPyConnection, column: str, mark: str, most: int, table: str
) -> list[str]:
    """Distinct values that hold a mark, full-width forms as they are."""
    c = quote(column)
    wide = "，" if mark == "," else "．"
    inner = f"select {c} as x from {table} where contains({c}, '{mark}') or contains({c}, '{wide}')"
    if most == FIRST:
        inner += f" limit {most}"
    values = read_texts(con, f"select distinct x from ({inner}) limit {most}")
    return [value.strip() for value in values]


def _ask(fields: Fields, name: str, proof: Proof) -> ConfigValueError:
    """The question of the decimal mark of a field, with examples unless it is private."""
    private = bool(fields[name].private)
    mark, word = ".", Message("data.mark_point")
    if any("," in v for v in proof.open):
        mark, word = ",", Message("data.mark_comma")
    shown: Message | tuple[str, ...] = ITS_VALUES
    readings: Text = ""
    if not private:
        shown = _quote_all(sorted(v[:LONGEST] for v in proof.open))
        readings = _describe_marks(min(proof.open), mark)
    return ConfigValueError(
        f"fields.{name}",
        Message(
            "data.mark_open",
            shown=shown,
            mark=word,
            readings=readings,
            few=_explain_few(proof, private),
        ),
        Message("data.decimal_point_or_comma"),
    )


def _explain_few(proof: Proof, private: bool) -> Text:
    """That too few values show a decimal mark, empty where none does."""
    if not proof.few:
        return ""
    if private:
        return Message("data.few_values")
    return Message("data.few_values_such_as", value=proof.few[0][:LONGEST])


def _describe_marks(value: str, mark: str) -> Text:
    """The two numbers that a value may be, in brackets; empty where it is too long to show.

    >>> str(_describe_marks("1,234 kg", ","))
    ' (1234 or 1.234)'
    """
    match = re.search(r"\d{1,3}[.,]\d{3}(?!\d)", value)
    if not match:
        return ""
    whole, decimal = match[0].replace(mark, ""), match[0].replace(mark, ".")
    return Message("data.mark_readings", whole=whole, decimal=decimal)
