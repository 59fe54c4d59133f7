"""Raw rows as one table: sources joined or put below each other, each row numbered.

Knows DuckDB and what sources gave. Gives columns as they came; reads none of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset, From
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


PLACE = re.compile(r"#(\d{1,5})")  # `column: "#3"` is the third column of the source


def ibis_of(kind: str) -> str:
    """The Ibis type of a column as DuckDB names it, text where it has to be read as one.

    >>> ibis_of("DECIMAL(18,3)"), ibis_of("BIGINT"), ibis_of("STRUCT(a INTEGER)")
    ('decimal(18, 3)', 'int64', 'string')
    """
    found = DECIMAL.fullmatch(kind)
    return f"decimal({found[1]}, {found[2]})" if found else IBIS.get(kind, "string")


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
class Raw:
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

    def judge(self, source: str | None) -> str | None:
        """SQL that is true for rows of a source."""
        if source is None:
            return None
        mine = [str(i) for i, (name, _) in enumerate(self.parts) if name == source]
        return f"_part in ({', '.join(mine)})"

    def told(self, which: int) -> str:
        """SQL of a row's source (0) or file (1)."""
        values = [part[which] for part in self.parts]
        if len(set(values)) == 1:
            return text(values[0])
        return f"([{', '.join(map(text, values))}])[_part + 1]"


def raw(con: Any, dataset: Dataset, collected: Mapping[str, Collected]) -> Raw:
    """Create `_raw`: needed columns, `_row`, `_part` and `_line`; a view where nothing is joined.

    Raises:
        Wrong: a field's column, or the column joined on, is in no source, or a column is in two
            joined sources, or no line can be read.
    """
    from_ = dataset.source
    own = dict.fromkeys([*from_.sources, *([dataset.test_source] if dataset.test_source else [])])
    have: dict[str, str] = {}
    kinds: dict[tuple[str, str], str] = {}
    for source in own:
        for column, kind, *_ in con.execute(f"describe {quote('src_' + source)}").fetchall():
            if column not in PLACE_COLUMNS:
                kinds[source, column] = kind
                kept = kind if kind in IBIS or DECIMAL.fullmatch(kind) else "VARCHAR"
                have[column] = (
                    kept if have.get(column, kept) == kept else "VARCHAR"
                )  # sources that differ meet as text
    exact = set(have)  # a column of this name comes before `source.column` and `#3`
    leads = tuple(
        dict.fromkeys(
            [
                *(from_.union or from_.join[:1]),
                *([dataset.test_source] if dataset.test_source else []),
            ]
        )
    )
    # `source.column` names one of several columns of a name; of a lead source, that of all of them
    if from_.partners:
        for source, column in kinds:
            same = {
                kinds[s, column]
                for s in (leads if source in leads else (source,))
                if (s, column) in kinds
            }
            kind = same.pop() if len(same) == 1 else "VARCHAR"
            have.setdefault(
                f"{source}.{column}", kind if kind in IBIS or DECIMAL.fullmatch(kind) else "VARCHAR"
            )
    asked = {name: field.column or name for name, field in dataset.fields.items()}
    places = {
        c: have_of
        for c in asked.values()
        if c not in have and (have_of := _at_place(c, collected, own))
    }
    have |= {c: have[at] for c, at in places.items() if at in have}
    for name, column in asked.items():
        if column not in have:
            raise Wrong(
                f"fields.{name}",
                f"no source has the column '{column}'",
                "a column of the source",
                sorted(have),
                column,
            )
        _refuse_ambiguous(
            name, places.get(column, column), from_, {s: c.columns for s, c in collected.items()}
        )
    partners = from_.partners
    known = raw_names(asked.values())
    wanted = sorted(known)
    parts: list[tuple[str, str]] = []
    selects: list[str] = []
    start = 0
    for source in leads:
        table = quote("src_" + source)
        columns = set(collected[source].columns)
        lengths = {
            f: (a, b)
            for f, a, b in con.execute(
                f"select _file, min(_line), max(_line) from {table} group by 1"
            ).fetchall()
        }
        mine = {
            c: as_read(f"l.{quote(inner)}", kinds[source, inner])
            for c in wanted
            if (inner := _inner(places.get(c, c), leads, columns, exact)) is not None
        }
        more, joins, theirs = _partners(
            dataset,
            source,
            partners,
            collected,
            kinds,
            {c: places.get(c, c) for c in wanted},
            columns,
            set(mine),
            exact,
        )
        cells = [
            f"{(mine | theirs).get(c, 'null')}::{have[c]} as {quote(known[c])}" for c in wanted
        ]
        for file in collected[source].files:
            if file in lengths or not (
                lengths or selects or any(c.unreadable for c in collected.values())
            ):
                lengths.setdefault(file, (1, 0))
                only = f" where l._file = {text(file)}" if len(lengths) > 1 else ""
                selects.append(
                    f"select (l._line - {lengths[file][0]} + {start})::bigint as _row,"
                    f" {len(parts)}::int as _part, l._line::bigint as _line,"
                    f" {', '.join([*more, *cells])} from {table} l{joins}{only}"
                )
                parts.append((source, file))
                start += int(lengths[file][1] - lengths[file][0] + 1)
    if not selects:
        bad = sum(len(c.unreadable) for c in collected.values())
        raise Wrong(
            "",
            f"none of {bad} lines of {', '.join(leads)} can be read",
            "lines of as many columns as the header names",
        )
    kind = "table" if partners else "view"
    con.execute(f"create {kind} _raw as " + " union all by name ".join(selects))
    used = {
        inner
        for s in own
        for c in wanted
        if (
            inner := _inner(
                places.get(c, c), leads if s in leads else (s,), collected[s].columns, exact
            )
        )
        is not None
    } | set(partners.values())
    left_out = sorted({c for s in own for c in collected[s].columns} - used)
    return Raw({known[c]: ibis_of(have[c]) for c in wanted}, parts, left_out, bool(partners), leads)


def _inner(
    column: str, sources: Iterable[str], columns: Collection[str], exact: Collection[str]
) -> str | None:
    """The column of a source that a name means; None where it has none.

    It is `column` or, where no source has a column of exactly that name, `source.column`. Rows of
    united sources are rows of one table, so of these `source` may be any.

    Args:
        sources: the names by which the source is called: its own, or those of all that it is united
            with.
    """
    if column in columns or column in exact:
        return column if column in columns else None
    rests = (
        column.removeprefix(f"{source}.") for source in sources if column.startswith(f"{source}.")
    )
    return next((rest for rest in rests if rest in columns), None)


def ambiguous_columns(dataset: Dataset, columns: Mapping[str, Collection[str]]) -> list[Wrong]:
    """What can be told wrong about a join before its rows are read: fields whose column is in two
    joined sources, and keys that a source lacks.

    Args:
        columns: those of each source, as far as they are known.
    """
    found: list[Wrong] = []
    known = {s: columns.get(s, ()) for s in dataset.all_sources}
    for source, key in dataset.source.partners.items() if dataset.source.partners else ():
        for at in (*(dataset.source.union or dataset.source.join[:1]), source):
            if at in columns and key not in columns[at]:
                place = f"from.lookup.{source}" if source in dataset.source.lookup else "from.on"
                found.append(
                    Wrong(
                        place,
                        f"'{at}' has no column '{key}'",
                        "a column of both sources",
                        sorted(columns[at]),
                        key,
                    )
                )
    for name, field in dataset.fields.items():
        try:
            _refuse_ambiguous(name, field.column or name, dataset.source, known)
        except Wrong as wrong:
            found.append(wrong)
    return found


def _refuse_ambiguous(
    name: str, column: str, from_: From, columns: Mapping[str, Collection[str]]
) -> None:
    """Refuse a column that two joined sources have beside the one that they are joined on.

    Raises:
        Wrong: with the sources, and the names by which one of them is chosen.
    """
    partners = from_.partners
    lead = next((s for s in from_.union or from_.join[:1] if column in columns[s]), None)
    holders = [
        *([lead] if lead else []),
        *(p for p, key in partners.items() if column in columns[p] and column != key),
    ]
    if len(holders) > 1:
        united = [s for s in from_.union if s != lead and column in columns[s]] if lead else []
        choices = [
            f"'{s}.{column}'"
            + (f" (of {' and '.join(united)} too)" if s == lead and united else "")
            for s in holders
        ]
        raise Wrong(
            f"fields.{name}",
            f"the column '{column}' is in {' and in '.join([*holders[:1], *united, *holders[1:]])}",
            f"'column: ' with {' or '.join(choices)}",
        )


def partner_key(table: str, column: str) -> str:
    """SQL of the text that rows are joined by; blank is missing, and a missing key has no
    partner.
    """
    return f"nullif(trim({table}.{quote(column)}::varchar), '')"


def _at_place(
    column: str, collected: Mapping[str, Collected], sources: Iterable[str]
) -> str | None:
    """The name of the column that `#3` points to, in the first source that has as many."""
    found = PLACE.fullmatch(column)
    if not found:
        return None
    place = int(found[1]) - 1
    return next(
        (collected[s].columns[place] for s in sources if 0 <= place < len(collected[s].columns)),
        None,
    )


def _partners(
    dataset: Dataset,
    source: str,
    partners: Mapping[str, str],
    collected: Mapping[str, Collected],
    kinds: Mapping[tuple[str, str], str],
    wanted: Mapping[str, str],
    lead: set[str],
    taken: set[str],
    exact: Collection[str],
) -> tuple[list[str], str, dict[str, str]]:
    """Lineage columns, joins, and the cells that the partners of a lead source add."""
    if not partners:
        return [], "", {}
    joins, also, miss = "", [], []
    cells: dict[str, str] = {}
    for i, (partner, key) in enumerate(partners.items()):
        theirs = set(collected[partner].columns)
        if key not in theirs or key not in lead:
            raise Wrong(
                f"from.lookup.{partner}" if partner in dataset.source.lookup else "from.on",
                f"'{key}' is not a column of both '{source}' and '{partner}'",
                "a column they share",
                sorted(lead & theirs),
                key,
            )
        table = (
            f"(select * from {quote('src_' + partner)} s qualify row_number() over (partition by"
            f" {partner_key('s', key)} order by _file, _line) = 1)"
        )
        joins += f" left join {table} p{i} on {partner_key('l', key)} = {partner_key(f'p{i}', key)}"
        for column, meant in wanted.items():
            inner = _inner(meant, (partner,), theirs, exact)
            if inner is not None and column not in taken and column not in cells:
                cells[column] = as_read(f"p{i}.{quote(inner)}", kinds[partner, inner])
        also.append(f"p{i}._file || ':' || p{i}._line")
        if partner not in dataset.source.lookup:
            miss.append(
                f"case when p{i}._line is null then"
                f" {text(f'no row of {partner!r} has its {key}')} end"
            )
    unmatched = (
        f"coalesce({', '.join(miss)})"
        if miss and dataset.source.how == "inner"
        else "null::varchar"
    )
    return (
        [f"concat_ws(chr(10), {', '.join(also)}) as _also", f"{unmatched} as _unmatched"],
        joins,
        cells,
    )
