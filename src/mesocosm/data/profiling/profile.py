"""A draft of a dataset: one look at a source, what its values prove as settings, and what they
suggest as proposals.

Knows columns of text and what the types can read. Drops, merges and rewrites nothing: a guess waits
for a person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesocosm.data.profiling.columns.categories import words_type
from mesocosm.data.profiling.columns.column import (
    BLANK,
    MOST_DISTINCT,
    MOST_ROWS,
    Column,
    Proposal,
    look_at,
    names_of,
)
from mesocosm.data.profiling.columns.dates import dates
from mesocosm.data.profiling.columns.identifiers import coded, counted, identifier, named
from mesocosm.data.profiling.columns.images import pictures
from mesocosm.data.profiling.columns.numbers import numbers, proven_mark
from mesocosm.data.profiling.columns.personal import free_text, private
from mesocosm.data.profiling.proof import unread, why_unread
from mesocosm.data.profiling.proposals import guesses
from mesocosm.data.sources.path_utils import quote

MOST_TRIED = 2000  # values that are tried for a reason

__all__ = [
    "BLANK",
    "MOST_DISTINCT",
    "MOST_ROWS",
    "Column",
    "Draft",
    "Proposal",
    "draft",
    "names_of",
]


@dataclass
class Draft:
    """Fields and key that a source proves, and why: `evidence` maps each to a sentence; `proposals`
    wait for a person.

    Args:
        identifiers: for each field that names something, why.
        open: for each field whose reading is not known, what a person has to settle.
    """

    fields: dict[str, dict[str, Any]]
    key: str | None = None
    evidence: dict[str, str] = field(default_factory=lambda: {})
    columns: list[Column] = field(default_factory=lambda: [])
    proposals: list[Proposal] = field(default_factory=lambda: [])
    identifiers: dict[str, str] = field(default_factory=lambda: {})
    open: dict[str, str] = field(default_factory=lambda: {})

    def settings(self, guessed: bool = False) -> dict[str, Any]:
        """As the file would say it.

        Args:
            guessed: whether every proposal is accepted, as a measurement of the proposals does.
        """
        import yaml

        said: dict[str, Any] = {"key": self.key} if self.key else {}
        said |= {"fields": dict(self.fields)}
        for proposal in self.proposals if guessed else ():
            value = yaml.safe_load(proposal.line)
            head, _, name = proposal.where.partition(".")
            if head in ("repairs", "rules"):
                said.setdefault(head, []).append(value)
            elif head == "duplicates":
                said["duplicates"] = value
            elif head == "fields" and proposal.settled:
                said["fields"][name] = {
                    **value,
                    **(
                        {"private": said["fields"][name]["private"]}
                        if "private" in said["fields"][name]
                        else {}
                    ),
                }
        return said


def draft(con: Any, table: str, root: Path | None = None, target: str | None = None) -> Draft:
    """Look at a table of a source (its `_` columns aside) and say what it proves and suggests.

    Args:
        root: the project's folder, where files that a column names lie.
        target: what is predicted; it is never the key.
    """
    names = names_of(con, table)
    rows = con.execute(f"select count(*) from {quote(table)}").fetchall()[0][0]
    con.execute(
        f"create or replace temp table _look as select {', '.join(map(quote, names))} from"
        f" {quote(table)}"
        + (f" where hash(_line) % {1 + rows // MOST_ROWS} = 0" if rows > MOST_ROWS else "")
    )
    columns = [look_at(con, "_look", n) for n in names]
    found = Draft({}, columns=columns)
    marks = frozenset(m for c in columns if c.kind == "VARCHAR" and (m := proven_mark(c)))
    for column in columns:
        _field(found, column, marks, root)
    for name, bad in unread(con, table, found.fields).items():
        column = next(c for c in columns if c.name == name)
        settings, _, _ = words_type(column)
        why = (
            ""
            if found.fields[name].get("private")
            else why_unread(found.fields[name], list(column.counts)[:MOST_TRIED])
        )
        found.open[name] = (
            f"{bad} of {rows} values cannot be read as"
            f" {found.fields[name]['type']}{f' ({why})' if why else ''}, so it stays as it is"
            " written"
        )
        found.fields[name] = {"type": "category" if settings["type"] == "category" else "text"} | {
            k: v for k, v in found.fields[name].items() if k == "private"
        }
        found.evidence[f"fields.{name}"] = found.open[name]
    _key(con, table, found, columns, target)
    fixed = [*found.identifiers, *([found.key] if found.key else []), *([target] if target else [])]
    found.proposals += guesses(con, "_look", found.fields, columns, fixed, found.key)
    con.execute("drop table _look")
    return found


def _field(found: Draft, column: Column, marks: frozenset[str], root: Path | None) -> None:
    """Set one column's field, its evidence and what is not proven of it."""
    name = column.name
    settings, why = _type(found, column, marks, root)
    if column.null_words and settings["type"] in ("text", "category") and "values" not in settings:
        words, rows = (
            ", ".join(f"'{w}'" for w in list(column.null_words)[:5]),
            sum(column.null_words.values()),
        )
        why += (
            f"; {words} in {rows} more row{'s' * (rows != 1)}"
            f" {'are values' if len(column.null_words) > 1 else 'is a value'} too, unless 'null'"
            f" lists {'them' if len(column.null_words) > 1 else 'it'}"
        )
        if not any(
            p.where == f"fields.{name}" for p in found.proposals
        ):  # another proposal for the field lists its values, and such a word is none of them
            found.proposals.append(
                Proposal(
                    f"fields.{name}",
                    json.dumps({**settings, "null": ["", *column.null_words]}, ensure_ascii=False),
                    "a word that often stands for no value",
                    rows,
                    [
                        f"{w} -> missing ({n} row{'s' * (n != 1)})"
                        for w, n in list(column.null_words.items())[:10]
                    ],
                )
            )
    found.fields[name], found.evidence[f"fields.{name}"] = settings, why
    if settings["type"] == "image":
        return
    personal = private(column, settings["type"]) or (
        free_text(column)
        if settings["type"] in ("text", "category") and name not in found.identifiers
        else None
    )
    if personal is None:
        return
    found.evidence[f"fields.{name}.private"] = personal.why
    if personal.how:
        settings["private"] = personal.how
        if personal.how == "redact" and settings["type"] == "category":
            settings = found.fields[name] = {"type": "text", "private": "redact"}
        if settings["type"] == "category":  # a value of the settings would stand in the clear
            found.fields[name] = {"type": "category", "private": personal.how}
        found.proposals = [p for p in found.proposals if p.where != f"fields.{name}"]
        if name in found.open:
            found.open.pop(name)
            found.evidence[f"fields.{name}"] = "it stays as it is written"


def _type(
    found: Draft, column: Column, marks: frozenset[str], root: Path | None
) -> tuple[dict[str, Any], str]:
    if not column.counts:
        return (
            {"type": "text"},
            (
                "it holds only words that often stand for no value"
                if column.null_words
                else "it is empty everywhere"
            ),
        )
    if why := identifier(column):
        found.identifiers[column.name] = why
        return {
            "type": (
                "category"
                if column.distinct < column.seen / 2 and column.distinct <= MOST_DISTINCT
                else "text"
            )
        }, f"{why}, so it is kept as text"
    if picture := pictures(column, root):
        return picture
    for look in (dates, lambda c: numbers(c, marks)):
        told = look(column)
        if told is None:
            continue
        if not told.open:
            more = f"; {column.missing} are missing and stay so" if column.missing else ""
            return dict(told.settings), told.why + more
        found.open[column.name] = told.open
        for formats in getattr(told, "choices", ()):
            found.proposals.append(
                Proposal(
                    f"fields.{column.name}",
                    _line({"type": "date", "formats": formats}),
                    "if that is how its dates are written",
                    settled=False,
                )
            )
        settings, _, _ = words_type(column)
        return {"type": "category" if settings["type"] == "category" else "text"}, told.open
    settings, why, more_ = words_type(column)
    found.proposals += more_
    return settings, why


def _line(settings: dict[str, Any]) -> str:
    import json

    return json.dumps(settings, ensure_ascii=False)


def _key(con: Any, table: str, found: Draft, columns: Sequence[Column], target: str | None) -> None:
    """The column that names a row: by its name, as codes, or as a count of the rows; never private
    where another is there, and never what is predicted.
    """
    able = [
        c
        for c in columns
        if c.unique
        and c.name != target
        and found.fields[c.name]["type"] in ("text", "integer", "category")
    ]
    clear = [c for c in able if not found.fields[c.name].get("private")]
    hidden = [
        c
        for c in able
        if found.fields[c.name].get("private") not in (None, "redact", "mask")
        and c.name in found.identifiers
    ]
    by_name = [c for c in clear if c.name in found.identifiers and named(c.name) == "an identifier"]
    by_form = [c for c in clear if coded(c) or counted(c)]
    for column in [*by_name, *by_form, *hidden]:
        x = quote(column.name)
        rows, distinct = con.execute(
            f"select count(*), count(distinct trim({x}::varchar)) from {quote(table)}"
        ).fetchall()[0]
        if rows != distinct or column.missing:
            continue
        found.key = column.name
        found.identifiers.setdefault(column.name, "it names a row")
        if found.fields[column.name]["type"] != "text":
            found.fields[column.name] = {"type": "text"}
        found.evidence["key"] = (
            f"{found.key} has a value in each of {rows} rows, and never the same one twice"
        )
        found.evidence[f"fields.{column.name}"] = (
            f"{found.identifiers[column.name]}, and each of {rows} rows has its own, so it is kept"
            " as text"
        )
        found.proposals = [p for p in found.proposals if p.where != f"fields.{column.name}"]
        found.open.pop(column.name, None)
        return
