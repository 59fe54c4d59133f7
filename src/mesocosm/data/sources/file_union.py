"""Files of one source put below each other, and what becomes of columns that not all of them
have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mesocosm.core.errors import ConfigValueError, nearest
from mesocosm.core.messages import Message
from mesocosm.data.sources.path_utils import quote, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
MOST_DIGITS = 38  # of the engine's decimals
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


def unite(con: DuckDBPyConnection, name: str, parts: Sequence[Part], schema: Schema) -> list[str]:
    """Create view `name` over the files of a source; returns its columns.

    Raises:
        ConfigValueError: the columns differ and `schema` is `fail`; both files are named.
    """
    columns = _united_columns(parts, schema)
    types: dict[str, str | None] = {}
    if any(part.types for part in parts):
        types = {c: _common_type(c, parts, schema) for c in columns}
    selects = []
    for part in parts:
        cells = [_cell(c, part, types.get(c)) for c in columns]
        selects.append(
            f"select {', '.join([f'{text(part.label)} as _file', '_line', *cells])} from"
            f" ({part.query})"
        )
    con.execute(f"create view {quote(name)} as " + " union all by name ".join(selects))
    return columns


def _united_columns(parts: Sequence[Part], schema: Schema) -> list[str]:
    """The columns of all files, or those that all files have."""
    if schema == "evolve":
        return _all_columns(parts)
    if schema == "fail":
        _refuse_differing(parts)
    shared = list(parts[0].columns)
    for part in parts[1:]:
        shared = [column for column in shared if column in part.columns]
    return shared


def _all_columns(parts: Sequence[Part]) -> list[str]:
    """The columns that any file has, in the order in which they come up."""
    columns: dict[str, None] = {}
    for part in parts:
        columns.update(dict.fromkeys(part.columns))
    _refuse_same_but_case(list(columns))
    return list(columns)


def _refuse_differing(parts: Sequence[Part]) -> None:
    """Refuse files of which one has other columns than the first."""
    first = parts[0]
    for part in parts[1:]:
        if set(part.columns) != set(first.columns):
            raise ConfigValueError(
                "schema",
                Message(
                    "data.columns_differ",
                    file=part.label,
                    other=first.label,
                    differences=_differences(part, first),
                ),
                Message("data.same_columns_or_schema"),
            )


def _refuse_same_but_case(columns: Sequence[str]) -> None:
    """Refuse columns that differ in case only, which the engine would take for one."""
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.setdefault(column.casefold(), column)
        if other != column:
            raise ConfigValueError(
                "schema",
                Message("data.columns_differ_in_case", other=other, column=column),
                Message("data.one_spelling"),
            )


def _common_type(column: str, parts: Sequence[Part], schema: Schema) -> str | None:
    """The type in which the files' values of a column stay exact; None where they have one type.

    Raises:
        ConfigValueError: the types differ and `schema` is `fail`; both files are named.
    """
    known = _known_types(column, parts)
    if len(known) < 2 or any(set(known) <= exact for exact in EXACT):
        return None  # the engine's union of them holds every value
    decimal = _common_decimal(known)
    if decimal:
        return decimal
    if schema == "fail":
        raise _types_differ(column, known)
    return "VARCHAR"


def _known_types(column: str, parts: Sequence[Part]) -> dict[str, str]:
    """The types that files give a column, each with the first file that does, the last one first;
    a column of nulls alone has none.
    """
    known: dict[str, str] = {}
    for part in reversed(parts):
        kind = part.types.get(column)
        if kind is not None and kind.strip('"') != "NULL":
            known[kind] = part.label
    return known


def _types_differ(column: str, known: Mapping[str, str]) -> ConfigValueError:
    """A column that two files give other types."""
    (one, first), (other, second) = list(known.items())[:-3:-1]
    return ConfigValueError(
        "schema",
        Message(
            "data.column_types_differ",
            column=column,
            one=one,
            first=first,
            other=other,
            file=second,
        ),
        Message("data.same_types"),
    )


def _common_decimal(kinds: Iterable[str]) -> str | None:
    """The decimal that holds every value of some exact types; None where there is none.

    >>> _common_decimal(["DECIMAL(18,3)", "INTEGER"]), _common_decimal(["DOUBLE", "BIGINT"])
    ('DECIMAL(18,3)', None)
    """
    whole = part = 0
    for kind in kinds:
        places = _places(kind)
        if places is None:
            return None
        whole, part = max(whole, places[0]), max(part, places[1])
    return f"DECIMAL({whole + part},{part})" if whole + part <= MOST_DIGITS else None


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
    match = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    if match:
        return int(match[1]) - int(match[2]), int(match[2])
    return (DIGITS[kind], 0) if kind in DIGITS else None


def differing_keys(keys: Mapping[str, Mapping[str, None]], schema: Schema) -> set[str]:
    """The keys of files of objects that are left out.

    Raises:
        ConfigValueError: the keys differ and `schema` is `fail`; both files are named.
    """
    files = [Part(label, list(seen), "") for label, seen in keys.items() if seen]
    if not files or schema == "evolve":
        return set()
    return set(_all_keys(files)).difference(_united_columns(files, schema))


def _all_keys(files: Sequence[Part]) -> Iterator[str]:
    """The keys of some files, one file after the other."""
    for file in files:
        yield from file.columns


def _differences(part: Part, first: Part) -> str:
    """Which columns only one of two files has."""
    more, fewer = _columns_beyond(part, first), _columns_beyond(first, part)
    if len(more) == len(fewer) == 1:
        near = " (nearly the same name)" if nearest(more[0], fewer) else ""
        return f"'{more[0]}' only in '{part.label}', '{fewer[0]}' only in '{first.label}'{near}"
    extra = (_list_extra(more, part.label), _list_extra(fewer, first.label))
    return "; ".join(filter(None, extra))


def _columns_beyond(part: Part, other: Part) -> list[str]:
    """The columns of a file that another has not."""
    return [column for column in part.columns if column not in other.columns]


def _list_extra(columns: Sequence[str], label: str) -> str:
    """The columns that only one file has; empty where there is none."""
    if not columns:
        return ""
    return f"{', '.join(map(repr, columns[:8]))} only in '{label}'"
