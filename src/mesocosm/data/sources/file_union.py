"""Files of one source put below each other, and what becomes of columns that not all of them
have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mesocosm.core.errors import Wrong, nearest
from mesocosm.data.sources.path_utils import quote, text

Schema = Literal["fail", "evolve", "ignore"]
DIGITS = {
    "TINYINT": 3,
    "SMALLINT": 5,
    "INTEGER": 10,
    "BIGINT": 19,
    "UTINYINT": 3,
    "USMALLINT": 5,
    "UINTEGER": 10,
    "UBIGINT": 20,
}
EXACT = ({*DIGITS}, {"FLOAT", "DOUBLE"}, {"DATE", "TIMESTAMP"})  # types whose values one type holds


@dataclass(frozen=True)
class Part:
    """One file: what it is called, its columns, SQL of `_line` and those columns, and the columns'
    types; of texts where none are given.
    """

    label: str
    columns: Sequence[str]
    query: str
    types: Mapping[str, str] = field(default_factory=lambda: {})


def unite(con: Any, name: str, parts: Sequence[Part], schema: Schema) -> list[str]:
    """Create view `name` over the files of a source; returns its columns.

    Raises:
        Wrong: the columns differ and `schema` is `fail`; both files are named.
    """
    first = parts[0]
    columns = list(first.columns)
    for part in parts[1:]:
        more, fewer = (
            [c for c in part.columns if c not in first.columns],
            [c for c in first.columns if c not in part.columns],
        )
        if (more or fewer) and schema == "fail":
            _refuse(part, first)
        columns = (
            columns + [c for c in more if c not in columns]
            if schema == "evolve"
            else [c for c in columns if c in part.columns]
        )
    if schema == "evolve":
        lower: dict[str, str] = {}
        for column in columns:
            other = lower.setdefault(column.casefold(), column)
            if other != column:
                raise Wrong(
                    "schema",
                    f"the files have columns '{other}' and '{column}' that differ in case only",
                    "one spelling of the name",
                )
    types = {c: _common_type(c, parts, schema) for c in columns if any(p.types for p in parts)}
    shown = [", ".join(_cell(c, part, types.get(c)) for c in columns) for part in parts]
    selects = [
        f"select {text(p.label)} as _file, _line{', ' if s else ''}{s} from ({p.query})"
        for p, s in zip(parts, shown, strict=True)
    ]
    con.execute(f"create view {quote(name)} as " + " union all by name ".join(selects))
    return columns


def _common_type(column: str, parts: Sequence[Part], schema: Schema) -> str | None:
    """The type in which the files' values of a column stay exact; None where they have one type.

    Raises:
        Wrong: the types differ and `schema` is `fail`; both files are named.
    """
    known = {
        p.types[column]: p.label
        for p in reversed(parts)
        if column in p.types and p.types[column].strip('"') != "NULL"
    }
    if len(known) < 2 or any(all(k in exact for k in known) for exact in EXACT):
        return None  # the engine's union of them holds every value
    places = [_places(k) for k in known]
    if (
        all(places)
        and (whole := max(w for w, _ in filter(None, places)))
        + (part := max(s for _, s in filter(None, places)))
        <= 38
    ):
        return f"DECIMAL({whole + part},{part})"
    if schema == "fail":
        (one, first), (other, second) = list(known.items())[:-3:-1]
        raise Wrong(
            "schema",
            f"'{column}' is {one} in '{first}' and {other} in '{second}'",
            "files of the same types, or 'schema: evolve', which reads the values as text",
        )
    return "VARCHAR"


def _cell(column: str, part: Part, kind: str | None) -> str:
    """SQL of a column of a file, in a type."""
    from mesocosm.data.pipeline.ingest import as_read

    if column not in part.columns:
        return f"null as {quote(column)}"
    own = part.types.get(column)
    if kind is None or own is None or own == kind:
        return quote(column)
    return f"({as_read(quote(column), own)})::{kind} as {quote(column)}"


def _places(kind: str) -> tuple[int, int] | None:
    """Digits before and after the point of a type of exact numbers; None for another type.

    >>> _places("DECIMAL(18,3)"), _places("BIGINT"), _places("DOUBLE")
    ((15, 3), (19, 0), None)
    """
    found = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    return (
        (int(found[1]) - int(found[2]), int(found[2]))
        if found
        else (DIGITS[kind], 0)
        if kind in DIGITS
        else None
    )


def agree(keys: Mapping[str, Mapping[str, None]], schema: Schema) -> set[str]:
    """The keys of files of objects that are left out.

    Raises:
        Wrong: the keys differ and `schema` is `fail`; both files are named.
    """
    named = {label: list(seen) for label, seen in keys.items() if seen}
    if not named or schema == "evolve":
        return set()
    (first, own), *others = named.items()
    for label, theirs in others if schema == "fail" else ():
        if set(theirs) != set(own):
            _refuse(Part(label, theirs, ""), Part(first, own, ""))
    every = {k for seen in named.values() for k in seen}
    return every - set(own).intersection(*map(set, named.values()))


def _refuse(part: Part, first: Part) -> None:
    more, fewer = (
        [c for c in part.columns if c not in first.columns],
        [c for c in first.columns if c not in part.columns],
    )
    raise Wrong(
        "schema",
        f"the columns of '{part.label}' and '{first.label}' differ:"
        f" {_differ(part, first, more, fewer)}",
        "files of the same columns, or 'schema: evolve' (take all columns) or 'schema: ignore'"
        " (take those that all files have)",
    )


def _differ(part: Part, first: Part, more: list[str], fewer: list[str]) -> str:
    if len(more) == len(fewer) == 1:
        near = " (nearly the same name)" if nearest(more[0], fewer) else ""
        return f"'{more[0]}' only in '{part.label}', '{fewer[0]}' only in '{first.label}'{near}"
    said = [
        f"{', '.join(map(repr, names[:8]))} only in '{label}'"
        for names, label in ((more, part.label), (fewer, first.label))
        if names
    ]
    return "; ".join(said)
