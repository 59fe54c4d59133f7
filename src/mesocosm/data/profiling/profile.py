"""A draft of a dataset: one look at a source, what its values prove as settings, and what they
suggest as proposals.

Knows columns of text and what the types can read. Drops, merges and rewrites nothing: a guess waits
for a person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.data.profiling.columns.categories import profile_words
from mesocosm.data.profiling.columns.chinese import find_null_words
from mesocosm.data.profiling.columns.column import (
    AS_WRITTEN,
    BLANK,
    MOST_DISTINCT,
    MOST_ROWS,
    Column,
    FieldSettings,
    Proposal,
    Reading,
    list_names,
    look_at,
    show_change,
)
from mesocosm.data.profiling.columns.dates import profile_dates
from mesocosm.data.profiling.columns.identifiers import (
    are_codes,
    are_row_numbers,
    classify_name,
    explain_identifier,
    propose_form,
)
from mesocosm.data.profiling.columns.images import profile_images
from mesocosm.data.profiling.columns.numbers import profile_numbers, prove_mark
from mesocosm.data.profiling.columns.personal import Private, find_private, find_private_in_text
from mesocosm.data.profiling.proof import count_unread, explain_unread
from mesocosm.data.profiling.proposals import propose
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_TRIED = 2000  # values that are tried for a reason


class DatasetSettings(TypedDict, total=False):
    """Settings of a dataset, as the file has them."""

    key: str
    fields: dict[str, FieldSettings]
    repairs: list[Json]
    rules: list[Json]
    duplicates: Json


__all__ = [
    "BLANK",
    "MOST_DISTINCT",
    "MOST_ROWS",
    "Column",
    "Draft",
    "Proposal",
    "draft",
    "list_names",
]


@dataclass
class Draft:
    """Fields and key that a source proves, and why: `evidence` maps each to a sentence; `proposals`
    wait for a person.

    Args:
        identifiers: for each field that names something, why.
        open: for each field whose reading is not known, what a person has to settle.
    """

    fields: dict[str, FieldSettings]
    key: str | None = None
    evidence: dict[str, str] = field(default_factory=lambda: {})
    columns: list[Column] = field(default_factory=lambda: [])
    proposals: list[Proposal] = field(default_factory=lambda: [])
    identifiers: dict[str, str] = field(default_factory=lambda: {})
    open: dict[str, str] = field(default_factory=lambda: {})

    def settings(self, guessed: bool = False) -> DatasetSettings:
        """As the file would say it.

        Args:
            guessed: whether every proposal is accepted, as a measurement of the proposals does.
        """
        settings: DatasetSettings = {}
        if self.key:
            settings["key"] = self.key
        settings["fields"] = dict(self.fields)
        if guessed:
            for proposal in self.proposals:
                _accept(proposal, settings)
        return settings

    def find_column(self, name: str) -> Column:
        """The column of a name."""
        return next(c for c in self.columns if c.name == name)

    def proposes(self, name: str) -> bool:
        """Whether something is proposed for a field."""
        return any(proposal.where == f"fields.{name}" for proposal in self.proposals)

    def withdraw(self, name: str) -> None:
        """Drop what is proposed for a field."""
        self.proposals = [p for p in self.proposals if p.where != f"fields.{name}"]


def _accept(proposal: Proposal, settings: DatasetSettings) -> None:
    """Write a proposal into the settings of a dataset; one of several that exclude each other
    changes nothing.
    """
    import yaml

    value = cast(Json, yaml.safe_load(proposal.line))
    section, _, name = proposal.where.partition(".")
    if section == "repairs":
        settings.setdefault("repairs", []).append(value)
    elif section == "rules":
        settings.setdefault("rules", []).append(value)
    elif section == "duplicates":
        settings["duplicates"] = value
    elif section == "fields" and isinstance(value, dict) and proposal.settled:
        settings["fields"][name] = value | _keep_private(settings["fields"][name])


def _keep_private(field: FieldSettings) -> FieldSettings:
    return {key: value for key, value in field.items() if key == "private"}


def draft(
    con: DuckDBPyConnection, table: str, root: Path | None = None, target: str | None = None
) -> Draft:
    """Look at a table of a source (its `_` columns aside) and say what it proves and suggests.

    Args:
        root: the project's folder, where files that a column names lie.
        target: what is predicted; it is never the key.
    """
    rows = count_rows(con, quote(table))
    columns = _look_at_columns(con, table, rows)
    found = Draft({}, columns=columns)
    marks = _prove_marks(columns)
    for column in columns:
        _draft_field(found, column, marks, root)
    for name, bad in count_unread(con, table, found.fields).items():
        _keep_as_written(found, found.find_column(name), f"{bad} of {rows} values")
    _choose_key(con, table, found, target)
    fixed = [*found.identifiers, *filter(None, (found.key, target))]
    found.proposals += propose(con, "_look", found.fields, columns, fixed, found.key)
    con.execute("drop table _look")
    return found


def _look_at_columns(con: DuckDBPyConnection, table: str, rows: int) -> list[Column]:
    """Create `_look`, a seeded share of the rows where they are many, and look at its columns."""
    names = list_names(con, table)
    some = ""
    if rows > MOST_ROWS:
        some = f" where hash(_line) % {1 + rows // MOST_ROWS} = 0"
    con.execute(
        f"create or replace temp table _look as select {', '.join(map(quote, names))} from"
        f" {quote(table)}{some}"
    )
    return [look_at(con, "_look", name) for name in names]


def _prove_marks(columns: Sequence[Column]) -> frozenset[str]:
    """The decimal marks that columns of text prove by themselves."""
    texts = [column for column in columns if column.kind == "VARCHAR"]
    return frozenset(filter(None, map(prove_mark, texts)))


def _keep_as_written(found: Draft, column: Column, bad: str) -> None:
    """Open a field again whose type does not read all values of the table."""
    settings = found.fields[column.name]
    why = f"{bad} cannot be read as {settings['type']}"
    if not settings.get("private"):
        why += explain_unread(settings, list(column.counts)[:MOST_TRIED])
    found.open[column.name] = f"{why}, so {AS_WRITTEN}"
    found.fields[column.name] = _choose_words(column) | _keep_private(settings)
    found.evidence[f"fields.{column.name}"] = found.open[column.name]


def _draft_field(found: Draft, column: Column, marks: frozenset[str], root: Path | None) -> None:
    """Set one column's field, its evidence and what is not proven of it."""
    name = column.name
    settings, why = _choose_type(found, column, marks, root)
    if _is_words(settings) and column.name not in found.identifiers:
        column.null_words |= find_null_words(column.counts)
    if column.null_words and _is_words(settings) and "values" not in settings:
        why += f"; {_describe_null_words(column)}"
        # another proposal for the field lists its values, and such a word is none of them
        if not found.proposes(name):
            found.proposals.append(_propose_null_words(column, settings))
    found.fields[name], found.evidence[f"fields.{name}"] = settings, why
    personal = _find_personal(found, column)
    if personal is not None:
        _hide(found, name, personal)


def _is_words(settings: FieldSettings) -> bool:
    """Whether a field holds texts or categories."""
    return settings["type"] in ("text", "category")


def _find_personal(found: Draft, column: Column) -> Private | None:
    """What private values a drafted field holds; None where nothing says so."""
    settings = found.fields[column.name]
    if settings["type"] == "image":
        return None
    personal = find_private(column, str(settings["type"]))
    if personal is None and _is_words(settings) and column.name not in found.identifiers:
        return find_private_in_text(column)
    return personal


def _describe_null_words(column: Column) -> str:
    """What a column has of words that often stand for no value, in a sentence."""
    words, rows = list(column.null_words), sum(column.null_words.values())
    listed = ", ".join(f"'{w}'" for w in words[:5])
    are, them = ("is a value", "it") if len(words) == 1 else ("are values", "them")
    return f"{listed} in {rows} more row{'s' * (rows != 1)} {are} too, unless 'null' lists {them}"


def _propose_null_words(column: Column, settings: FieldSettings) -> Proposal:
    return Proposal(
        f"fields.{column.name}",
        _to_line({**settings, "null": ["", *column.null_words]}),
        "a word that often stands for no value",
        sum(column.null_words.values()),
        [
            show_change(f"{w} -> {Message('data.value_missing').render()}", n)
            for w, n in list(column.null_words.items())[:10]
        ],
    )


def _hide(found: Draft, name: str, personal: Private) -> None:
    """Set how a field with private values is hidden."""
    found.evidence[f"fields.{name}.private"] = personal.why
    if not personal.how:
        return
    settings = found.fields[name]
    settings["private"] = personal.how
    if settings["type"] == "category":  # a value of the settings would stand in the clear
        kind = "text" if personal.how == "redact" else "category"
        found.fields[name] = {"type": kind, "private": personal.how}
    found.withdraw(name)
    if name in found.open:
        found.open.pop(name)
        found.evidence[f"fields.{name}"] = AS_WRITTEN


def _choose_type(
    found: Draft, column: Column, marks: frozenset[str], root: Path | None
) -> tuple[FieldSettings, str]:
    """The field that a column's values prove, and the evidence."""
    if not column.counts:
        return {"type": "text"}, _explain_empty(column)
    if why := explain_identifier(column):
        found.identifiers[column.name] = why
        found.proposals += filter(None, (propose_form(column),))
        return {"type": _type_of_names(column)}, f"{why}, so it is kept as text"
    if image := profile_images(column, root):
        return image
    reading = profile_dates(column) or profile_numbers(column, marks)
    if reading is None:
        words = profile_words(column)
        found.proposals += words.proposals
        return words.settings, words.why
    return _take_reading(found, column, reading)


def _type_of_names(column: Column) -> str:
    """The type of a column whose values name something: a category where they come often."""
    if column.distinct < column.seen / 2 and column.distinct <= MOST_DISTINCT:
        return "category"
    return "text"


def _explain_empty(column: Column) -> str:
    if column.null_words:
        return "it holds only words that often stand for no value"
    return "it is empty everywhere"


def _take_reading(found: Draft, column: Column, reading: Reading) -> tuple[FieldSettings, str]:
    """The field that a reading of dates or numbers gives."""
    if reading.open:
        return _leave_open(found, column, reading)
    if column.missing:
        return dict(reading.settings), f"{reading.why}; {column.missing} are missing and stay so"
    return dict(reading.settings), reading.why


def _leave_open(found: Draft, column: Column, reading: Reading) -> tuple[FieldSettings, str]:
    """Keep a column as it is written, and propose each way to read it."""
    found.open[column.name] = reading.open
    for formats in reading.choices:
        found.proposals.append(
            Proposal(
                f"fields.{column.name}",
                _to_line({"type": "date", "formats": formats}),
                "if that is how its dates are written",
                settled=False,
            )
        )
    return _choose_words(column), reading.open


def _choose_words(column: Column) -> FieldSettings:
    """A field of a column that is kept as it is written."""
    if profile_words(column).settings["type"] == "category":
        return {"type": "category"}
    return {"type": "text"}


def _to_line(settings: FieldSettings) -> str:
    return json.dumps(settings, ensure_ascii=False)


def _choose_key(con: DuckDBPyConnection, table: str, found: Draft, target: str | None) -> None:
    """Choose the column that names a row: by its name, as codes, or as a count of the rows; never
    private where another is there, and never what is predicted.
    """
    for column in _list_keys(found, target):
        x = quote(column.name)
        rows, distinct = read_counts(
            con, f"select count(*), count(distinct trim({x}::varchar)) from {quote(table)}"
        )
        if rows == distinct and not column.missing:
            _set_key(found, column.name, rows)
            return


def _list_keys(found: Draft, target: str | None) -> list[Column]:
    """The columns that may name a row, the likeliest first."""
    clear, hidden = list[Column](), list[Column]()
    for column in found.columns:
        private = found.fields[column.name].get("private")
        if column.name == target or not _may_be_key(found, column):
            continue
        if not private:
            clear.append(column)
        elif private == "pseudonymise" and column.name in found.identifiers:
            hidden.append(column)
    named = filter(partial(_is_named_identifier, found), clear)
    return [*named, *filter(_tells_rows_apart, clear), *hidden]


def _tells_rows_apart(column: Column) -> bool:
    """Whether values are codes, or number the rows."""
    return are_codes(column) or are_row_numbers(column)


def _is_named_identifier(found: Draft, column: Column) -> bool:
    return column.name in found.identifiers and classify_name(column.name) == "an identifier"


def _may_be_key(found: Draft, column: Column) -> bool:
    return column.unique and found.fields[column.name]["type"] in ("text", "integer", "category")


def _set_key(found: Draft, name: str, rows: int) -> None:
    found.key = name
    found.identifiers.setdefault(name, "it names a row")
    if found.fields[name]["type"] != "text":
        found.fields[name] = {"type": "text"}
    found.evidence["key"] = (
        f"{name} has a value in each of {rows} rows, and never the same one twice"
    )
    found.evidence[f"fields.{name}"] = (
        f"{found.identifiers[name]}, and each of {rows} rows has its own, so it is kept as text"
    )
    found.withdraw(name)
    found.open.pop(name, None)
