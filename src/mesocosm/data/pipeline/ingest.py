"""Raw rows as one table: sources joined or put below each other, each row numbered.

Knows DuckDB and what sources gave. Gives columns as they came; reads none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.column_names import (
    ColumnNames,
    find_position,
    join_setting,
    lead_sources,
    refuse_ambiguous,
    row_sources,
)
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS, raw_names
from mesocosm.data.sources.path_utils import quote, text

IBIS = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "SMALLINT": "int16",
    "TINYINT": "int8",
    "UBIGINT": "uint64",
    "UINTEGER": "uint32",
    "DOUBLE": "float64",
    "FLOAT": "float32",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


NESTED = re.compile(r"^(?:STRUCT|MAP|UNION|JSON)\b|\]$")  # types whose text is JSON
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def ibis_of(kind: str) -> str:
    """The Ibis type of a column as DuckDB names it, text where it has to be read as one.

    >>> ibis_of("DECIMAL(18,3)"), ibis_of("BIGINT"), ibis_of("STRUCT(a INTEGER)")
    ('decimal(18, 3)', 'int64', 'string')
    """
    match = DECIMAL.fullmatch(kind)
    if match:
        return f"decimal({match[1]}, {match[2]})"
    return IBIS.get(kind, "string")


def as_read(cell: str, kind: str) -> str:
    """SQL of a cell without loss: a nested value as JSON, a moment with a zone as ISO 8601 in UTC,
    another as it is.
    """
    if NESTED.search(kind):
        return f"to_json({cell})::varchar"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {cell}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return cell


@dataclass
class RawTable:
    """What `_raw` holds.

    Args:
        types: the Ibis type of each column a field reads.
        parts: source and file of each `_part`.
        left_out: columns that no field reads.
        joined: whether the rows have partners (`_also`, `_unmatched`).
        leads: the sources whose rows lead, in order.
    """

    types: dict[str, str]
    parts: list[tuple[str, str]]
    left_out: list[str]
    joined: bool
    leads: tuple[str, ...] = ()

    def source_condition(self, source: str | None) -> str | None:
        """SQL that is true for rows of a source."""
        if source is None:
            return None
        numbers = [str(i) for i, (name, _) in enumerate(self.parts) if name == source]
        return f"_part in ({', '.join(numbers)})"

    def source_sql(self) -> str:
        """SQL of a row's source."""
        return _by_part([source for source, _ in self.parts])

    def file_sql(self) -> str:
        """SQL of a row's file."""
        return _by_part([file for _, file in self.parts])


def _by_part(values: list[str]) -> str:
    if len(set(values)) == 1:
        return text(values[0])
    return f"([{', '.join(map(text, values))}])[_part + 1]"


@dataclass
class Partners:
    """What the sources that add columns give to the rows of one lead source, as SQL.

    Args:
        lineage: columns that tell a row's partners; empty where there are none.
        joins: the joins.
        cells: the cell of each name that a partner gives.
    """

    lineage: list[str] = field(default_factory=list)
    joins: str = ""
    cells: dict[str, str] = field(default_factory=dict)


def ingest_rows(con: Any, dataset: Dataset, collected: Mapping[str, Collected]) -> RawTable:
    """Create `_raw`: needed columns, `_row`, `_part` and `_line`; a view where nothing is joined.

    Raises:
        ConfigValueError: a field's column, or the column joined on, is in no source, or a column is
            in two joined sources, or no line can be read.
    """
    names = _resolve_columns(con, dataset, collected)
    internal = raw_names(field.column or name for name, field in dataset.fields.items())
    parts = _select_parts(con, dataset, collected, names, internal)
    if not parts:
        bad = sum(len(c.unreadable) for c in collected.values())
        raise ConfigValueError(
            "",
            Message("data.no_line_readable", lines=bad, sources=tuple(names.leads)),
            Message("data.lines_as_header"),
        )
    partners = dataset.source.partners
    kind = "table" if partners else "view"
    selects = [part.select for part in parts]
    con.execute(f"create {kind} _raw as " + " union all by name ".join(selects))
    needed = sorted(internal)
    types = {internal[c]: ibis_of(names.types[c]) for c in needed}
    left_out = _unused_columns(names, needed, set(partners.values()))
    files = [(part.source, part.file) for part in parts]
    return RawTable(types, files, left_out, bool(partners), names.leads)


@dataclass(frozen=True)
class _Part:
    """The rows of one file, and SQL of them."""

    source: str
    file: str
    select: str


def _select_parts(
    con: Any,
    dataset: Dataset,
    collected: Mapping[str, Collected],
    names: ColumnNames,
    internal: Mapping[str, str],
) -> list[_Part]:
    """SQL of the rows of each file, numbered over all files.

    Args:
        internal: the name in `_raw` of each column that a field reads.
    """
    needed = sorted(internal)
    parts: list[_Part] = []
    start = 0
    readable = not any(c.unreadable for c in collected.values())
    for source in names.leads:
        cells, added = _cells_of(dataset, source, names, needed)
        columns = [*added.lineage]
        for name in needed:
            cell = cells.get(name, "null")
            columns.append(f"{cell}::{names.types[name]} as {quote(internal[name])}")
        table = f"{quote('src_' + source)} l{added.joins}"
        lengths = _first_and_last_lines(con, source)
        for file in collected[source].files:
            # a file without rows is left out, unless it is the first of sources without any
            if file not in lengths and (lengths or parts or not readable):
                continue
            first, last = lengths.setdefault(file, (1, 0))
            only = f" where l._file = {text(file)}" if len(lengths) > 1 else ""
            select = (
                f"select (l._line - {first} + {start})::bigint as _row,"
                f" {len(parts)}::int as _part, l._line::bigint as _line,"
                f" {', '.join(columns)} from {table}{only}"
            )
            parts.append(_Part(source, file, select))
            start += int(last - first + 1)
    return parts


def _first_and_last_lines(con: Any, source: str) -> dict[str, tuple[int, int]]:
    """The first and last line of each file of a source that has rows."""
    rows = con.execute(
        f"select _file, min(_line), max(_line) from {quote('src_' + source)} group by 1"
    ).fetchall()
    return {file: (first, last) for file, first, last in rows}


def _resolve_columns(con: Any, dataset: Dataset, collected: Mapping[str, Collected]) -> ColumnNames:
    """Find what each field's column means.

    Raises:
        ConfigValueError: it is in no source, or in two joined sources.
    """
    sources, leads = row_sources(dataset), lead_sources(dataset)
    source_types = _describe(con, sources)
    types = _merge_types(source_types)
    exact = set(types)
    if dataset.source.partners:
        for source, column in source_types:
            among = leads if source in leads else (source,)
            kind = _shared_type(column, among, source_types)
            types.setdefault(f"{source}.{column}", kind)
    columns = {source: c.columns for source, c in collected.items()}
    asked = {name: field.column or name for name, field in dataset.fields.items()}
    positions = _find_positions(asked.values(), types, collected, sources)
    types |= {name: types[column] for name, column in positions.items() if column in types}
    for name, column in asked.items():
        if column not in types:
            raise ConfigValueError(
                f"fields.{name}",
                Message("data.no_source_has_column", column=column),
                Message("data.column_of_source"),
                sorted(types),
                column,
            )
        refuse_ambiguous(name, positions.get(column, column), dataset.source, columns)
    return ColumnNames(sources, leads, columns, source_types, types, exact, positions)


def _describe(con: Any, sources: Iterable[str]) -> dict[tuple[str, str], str]:
    """The engine's type of each column, by source and column."""
    found: dict[tuple[str, str], str] = {}
    for source in sources:
        for column, kind, *_ in con.execute(f"describe {quote('src_' + source)}").fetchall():
            if column not in PLACE_COLUMNS:
                found[source, column] = kind
    return found


def _merge_types(source_types: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """The type of each column; sources that differ meet as text."""
    types: dict[str, str] = {}
    for (_, column), kind in source_types.items():
        ingested = _ingested_type(kind)
        if types.setdefault(column, ingested) != ingested:
            types[column] = "VARCHAR"
    return types


def _ingested_type(kind: str) -> str:
    return kind if kind in IBIS or DECIMAL.fullmatch(kind) else "VARCHAR"


def _shared_type(
    column: str, sources: Iterable[str], source_types: Mapping[tuple[str, str], str]
) -> str:
    """The type of `source.column`; of a lead source it names that column of all lead sources."""
    kinds = {source_types[s, column] for s in sources if (s, column) in source_types}
    return _ingested_type(kinds.pop()) if len(kinds) == 1 else "VARCHAR"


def _find_positions(
    asked: Iterable[str],
    types: Mapping[str, str],
    collected: Mapping[str, Collected],
    sources: Iterable[str],
) -> dict[str, str]:
    """The column that each name of the form `#3` points to; a column of that very name wins."""
    found: dict[str, str] = {}
    for name in asked:
        if name not in types:
            column = find_position(name, collected, sources)
            if column:
                found[name] = column
    return found


def _unused_columns(names: ColumnNames, needed: Iterable[str], keys: set[str]) -> list[str]:
    """The columns that no field reads and no join needs."""
    used: set[str | None] = {*keys}
    every: set[str] = set()
    for source in names.sources:
        used |= {names.find(name, source) for name in needed}
        every |= set(names.columns[source])
    return sorted(every - used)


def partner_key(table: str, column: str) -> str:
    """SQL of the text that rows are joined by; blank is missing, and a missing key has no
    partner.
    """
    return f"nullif(trim({table}.{quote(column)}::varchar), '')"


def _cells_of(
    dataset: Dataset, source: str, names: ColumnNames, needed: Iterable[str]
) -> tuple[dict[str, str], Partners]:
    """SQL of the cell of each name in the rows of a lead source, and what its partners add."""
    cells: dict[str, str] = {}
    for name in needed:
        column = names.find_qualified(name, source, names.leads)
        if column is not None:
            cells[name] = as_read(f"l.{quote(column)}", names.source_types[source, column])
    added = _join_partners(dataset, source, names, [name for name in needed if name not in cells])
    return cells | added.cells, added


def _join_partners(
    dataset: Dataset, source: str, names: ColumnNames, needed: Iterable[str]
) -> Partners:
    """Join the partners of a lead source, for the names that it does not give itself.

    Raises:
        ConfigValueError: the column joined on is not in both sources.
    """
    from_ = dataset.source
    found = Partners()
    also, missing = [], []
    for i, (partner, key) in enumerate(from_.partners.items()):
        _check_key(dataset, source, partner, key, names)
        table = (
            f"(select * from {quote('src_' + partner)} s qualify row_number() over (partition by"
            f" {partner_key('s', key)} order by _file, _line) = 1)"
        )
        found.joins += (
            f" left join {table} p{i} on {partner_key('l', key)} = {partner_key(f'p{i}', key)}"
        )
        for name in needed:
            column = names.find_qualified(name, partner, (partner,))
            if column is not None and name not in found.cells:
                kind = names.source_types[partner, column]
                found.cells[name] = as_read(f"p{i}.{quote(column)}", kind)
        also.append(f"p{i}._file || ':' || p{i}._line")
        if partner not in from_.lookup:
            reason = text(f"no row of {partner!r} has its {key}")
            missing.append(f"case when p{i}._line is null then {reason} end")
    if from_.partners:
        unmatched = "null::varchar"
        if missing and from_.how == "inner":
            unmatched = f"coalesce({', '.join(missing)})"
        found.lineage = [
            f"concat_ws(chr(10), {', '.join(also)}) as _also",
            f"{unmatched} as _unmatched",
        ]
    return found


def _check_key(dataset: Dataset, source: str, partner: str, key: str, names: ColumnNames) -> None:
    """Refuse a join by a column that is not in both sources."""
    shared = set(names.columns[source]) & set(names.columns[partner])
    if key not in shared:
        raise ConfigValueError(
            join_setting(dataset.source, partner),
            Message("data.key_not_shared", key=key, source=source, partner=partner),
            Message("data.shared_column"),
            sorted(shared),
            key,
        )
