"""Raw rows as one table: sources joined or put below each other, each row numbered.

Knows DuckDB and what sources gave. Gives columns as they came; reads none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset, From
from mesocosm.data.lookup import Partner
from mesocosm.data.pipeline.column_names import (
    ColumnNames,
    find_column,
    join_setting,
    resolve_columns,
)
from mesocosm.data.pipeline.expressions.source_types import as_read as as_read
from mesocosm.data.pipeline.expressions.source_types import ibis_of
from mesocosm.data.pipeline.internal_names import raw_names
from mesocosm.data.pipeline.joins.aggregates import joined_table, key_partners
from mesocosm.data.pipeline.joins.keys import key_sql
from mesocosm.data.pipeline.joins.refused_values import check_column
from mesocosm.data.sources.path_utils import quote, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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


def ingest_rows(
    con: DuckDBPyConnection, dataset: Dataset, collected: Mapping[str, Collected]
) -> RawTable:
    """Create `_raw`: needed columns, `_row`, `_part` and `_line`; a view where nothing is joined.

    Raises:
        ConfigValueError: a field's column, or the column joined on, is in no source, or a column is
            in two joined sources, or no line can be read.
    """
    check_keys(dataset, collected)
    key_partners(con, dataset)
    names = resolve_columns(con, dataset, collected)
    internal = raw_names(field.column or name for name, field in dataset.fields.items())
    parts = _select_parts(con, dataset, collected, names, internal)
    if not parts:
        raise _explain_no_row(names, collected)
    partners = dataset.source.partners
    kind = "table" if partners else "view"
    con.execute(f"create {kind} _raw as {_union_sql(parts)}")
    needed = sorted(internal)
    types = {internal[c]: ibis_of(names.types[c]) for c in needed}
    left_out = _unused_columns(names, needed, _key_columns(dataset.source))
    files = [(part.source, part.file) for part in parts]
    return RawTable(types, files, left_out, bool(partners), names.leads)


def _union_sql(parts: Iterable[_Part]) -> str:
    """SQL of the rows of all files."""
    return " union all by name ".join(part.select for part in parts)


def _explain_no_row(names: ColumnNames, collected: Mapping[str, Collected]) -> ConfigValueError:
    """That no line of the sources is a row."""
    bad = sum(len(source.unreadable) for source in collected.values())
    return ConfigValueError(
        "",
        Message("data.no_line_readable", lines=bad, sources=tuple(names.leads)),
        Message("data.lines_as_header"),
    )


@dataclass(frozen=True)
class _Part:
    """The rows of one file, and SQL of them."""

    source: str
    file: str
    select: str


def _select_parts(
    con: DuckDBPyConnection,
    dataset: Dataset,
    collected: Mapping[str, Collected],
    names: ColumnNames,
    internal: Mapping[str, str],
) -> list[_Part]:
    """SQL of the rows of each file, numbered over all files.

    Args:
        internal: the name in `_raw` of each column that a field reads.
    """
    parts: list[_Part] = []
    start = 0
    readable = not any(c.unreadable for c in collected.values())
    for source in names.leads:
        rows = _select_rows(dataset, source, names, internal)
        # a file without rows is left out, unless it is the first of sources without any
        may_be_empty = readable and not parts
        extents = _list_extents(con, source, collected[source], may_be_empty)
        for file, (first, last) in extents.items():
            select = (
                f"select (l._line - {first} + {start})::bigint as _row,"
                f" {len(parts)}::int as _part, l._line::bigint as _line, {rows}"
            )
            if len(extents) > 1:
                select += f" where l._file = {text(file)}"
            parts.append(_Part(source, file, select))
            start += last - first + 1
    return parts


def _select_rows(
    dataset: Dataset, source: str, names: ColumnNames, internal: Mapping[str, str]
) -> str:
    """SQL of the columns of a lead source and its partners, and of the tables that hold them."""
    needed = sorted(internal)
    cells, added = _cells_of(dataset, source, names, needed)
    columns = [*added.lineage]
    for name in needed:
        cell = cells.get(name, "null")
        columns.append(f"{cell}::{names.types[name]} as {quote(internal[name])}")
    return f"{', '.join(columns)} from {quote('src_' + source)} l{added.joins}"


def _list_extents(
    con: DuckDBPyConnection, source: str, collected: Collected, may_be_empty: bool
) -> dict[str, tuple[int, int]]:
    """The first and last line of each file of a source that has rows; of its first file where no
    file has any and that is allowed.
    """
    extents = _first_and_last_lines(con, source)
    if extents:
        return {file: extents[file] for file in collected.files if file in extents}
    if may_be_empty:
        return dict.fromkeys(list(collected.files)[:1], (1, 0))
    return {}


def _first_and_last_lines(con: DuckDBPyConnection, source: str) -> dict[str, tuple[int, int]]:
    """The first and last line of each file of a source that has rows."""
    rows = con.execute(
        f"select _file, min(_line), max(_line) from {quote('src_' + source)} group by 1"
    ).fetchall()
    return {str(row[0]): (int(row[1]), int(row[2])) for row in rows}


def _unused_columns(names: ColumnNames, needed: Iterable[str], keys: set[str]) -> list[str]:
    """The columns that no field reads and no join needs."""
    used: set[str | None] = {*keys}
    every: set[str] = set()
    for source in names.sources:
        used |= {names.find(name, source) for name in needed}
        every |= set(names.columns[source])
    return sorted(every - used)


def _key_columns(from_: From) -> set[str]:
    """The columns that rows are joined by, and those that are aggregated."""
    found: set[str] = set()
    for how in from_.partners.values():
        found |= {*how.lead_columns, *how.own_columns}
    return found


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
    """Join the partners of a lead source, for the names that it does not give itself."""
    found = Partners()
    for i, (partner, how) in enumerate(dataset.source.partners.items()):
        found.joins += _join_sql(source, partner, how, f"p{i}")
        cells = _partner_cells(partner, how, f"p{i}", names, needed)
        found.cells = _count_nothing(how, cells) | found.cells
    if dataset.source.partners:
        found.lineage = _lineage_sql(dataset.source)
    return found


def _join_sql(source: str, partner: str, how: Partner, alias: str) -> str:
    """SQL that joins the first row of a partner for each key, its aggregates, or what is not after
    a leading row, to the rows of a lead source.
    """
    table, key = joined_table(partner, how), key_sql("l", how.left, how.match)
    if how.moments:
        return (
            f" left join {table} {alias} on {alias}._lead = {text(source)} and"
            f" {alias}._lead_file = l._file and {alias}._lead_line = l._line"
        )
    if how.aggregates:
        return f" left join {table} {alias} on {key} = {alias}._key"
    own = key_sql("s", how.right, how.match)
    first = (
        f"(select * from {table} s qualify row_number() over (partition by {own} order by _file,"
        " _line) = 1)"
    )
    joined = key_sql(alias, how.right, how.match)
    return f" left join {first} {alias} on {key} = {joined}"


def _partner_cells(
    partner: str, how: Partner, alias: str, names: ColumnNames, needed: Iterable[str]
) -> dict[str, str]:
    """SQL of the cell of each name that a partner gives."""
    cells: dict[str, str] = {}
    for name in needed:
        if how.aggregates:
            column = find_column(name, (partner,), tuple(how.aggregates), ())
        else:
            column = names.find_qualified(name, partner, (partner,))
        if column is not None:
            kind = names.source_types[partner, column]
            cells[name] = as_read(f"{alias}.{quote(column)}", kind)
    return cells


def _count_nothing(how: Partner, cells: Mapping[str, str]) -> dict[str, str]:
    """The cells of a partner, where a row that has a key and no partner counts 0 rows."""
    known = f"{key_sql('l', how.left, how.match)} is not null"
    if how.moments:
        known += f" and nullif(trim(l.{quote(how.moments.left)}::varchar), '') is not null"
    return {
        name: f"case when {known} then coalesce({cell}, 0) end" if _counts(how, name) else cell
        for name, cell in cells.items()
    }


def _counts(how: Partner, name: str) -> bool:
    """Whether a column of a partner counts rows or values."""
    aggregate = how.aggregates.get(name.rpartition(".")[2])
    return aggregate is not None and aggregate.function in ("count", "distinct")


def _lineage_sql(from_: From) -> list[str]:
    """SQL of the places of a row's partners, and of why one that it must have is missing."""
    also, missing = list[str](), list[str]()
    for i, (partner, how) in enumerate(from_.partners.items()):
        also.append(f"p{i}._places" if how.aggregates else f"p{i}._file || ':' || p{i}._line")
        if partner not in from_.lookup:
            reason = text(f"no row of {partner!r} has its {how.left}")
            missing.append(f"case when p{i}._line is null then {reason} end")
    unmatched = "null::varchar"
    if missing and from_.how == "inner":
        unmatched = f"coalesce({', '.join(missing)})"
    return [
        f"concat_ws(chr(10), {', '.join(also)}) as _also",
        f"{unmatched} as _unmatched",
    ]


def check_keys(dataset: Dataset, collected: Mapping[str, Collected]) -> None:
    """Refuse a join by a column that a source lacks.

    Raises:
        ConfigValueError: with the columns that there are.
    """
    for partner, how in dataset.source.partners.items():
        for lead in dataset.lead_sources:
            _check_key(dataset, (lead, how.left), (partner, how.right), collected)


def _check_key(
    dataset: Dataset,
    lead: tuple[str, str],
    partner: tuple[str, str],
    collected: Mapping[str, Collected],
) -> None:
    """Refuse a join of a source and a partner by columns that they lack."""
    (source, left), (other, right) = lead, partner
    setting = join_setting(dataset.source, other)
    if left == right:
        shared = set(collected[source].columns) & set(collected[other].columns)
        if left not in shared:
            raise ConfigValueError(
                setting,
                Message("data.key_not_shared", key=left, source=source, partner=other),
                Message("data.shared_column"),
                sorted(shared),
                left,
            )
        return
    check_column(f"{setting}.left_on", source, left, collected[source].columns)
    check_column(f"{setting}.right_on", other, right, collected[other].columns)
