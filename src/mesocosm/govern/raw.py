"""Raw rows as one table: sources joined or put below each other, each row numbered.

Knows DuckDB and what sources gave. Gives columns as they came; reads none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Collected
from mesocosm.govern import recipe
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.sources.paths import quote, text
from mesocosm.govern.sources.spool import INTERNAL

IBIS = {"VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32", "SMALLINT": "int16", "TINYINT": "int8",
        "UBIGINT": "uint64", "UINTEGER": "uint32", "DOUBLE": "float64", "FLOAT": "float32", "BOOLEAN": "boolean",
        "DATE": "date", "TIMESTAMP": "timestamp"}  # fmt: skip


PLACE = re.compile(r"#(\d{1,5})")  # `column: "#3"` is the third column of the source


@dataclass
class Raw:
    """What `_raw` holds.

    Args:
        types: the Ibis type of each column a field reads.
        parts: source and file of each `_part`.
        left_out: columns that no field reads.
        joined: whether the rows have partners (`_also`, `_unmatched`).
    """

    types: dict[str, str]
    parts: list[tuple[str, str]]
    left_out: list[str]
    joined: bool

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
        Wrong: a field's column, or the column joined on, is in no source, or no line can be read.
    """
    needed = recipe.columns_of(dataset.fields)
    from_ = dataset.source
    own = dict.fromkeys([*from_.sources, *([dataset.test_source] if dataset.test_source else [])])
    have: dict[str, str] = {}
    for source in own:
        for column, kind, *_ in con.execute(f"describe {quote('src_' + source)}").fetchall():
            if column not in INTERNAL:
                have.setdefault(column, kind if kind in IBIS else "VARCHAR")
    places = {c: have_of for c in needed.values() if c not in have and (have_of := _at_place(c, collected, own))}
    have |= {c: have[at] for c, at in places.items() if at in have}
    for name, column in needed.items():
        if column not in have:
            raise Wrong(f"fields.{name}", f"no source has the column '{column}'", "a column of the source", sorted(have), column)
    leads = [*(from_.union or from_.join[:1]), *([dataset.test_source] if dataset.test_source else [])]
    partners = from_.partners
    wanted = sorted(set(needed.values()) | set(partners.values()))
    parts: list[tuple[str, str]] = []
    selects: list[str] = []
    start = 0
    for source in dict.fromkeys(leads):
        table = quote("src_" + source)
        columns = set(collected[source].columns)
        lengths = {f: (a, b) for f, a, b in con.execute(f"select _file, min(_line), max(_line) from {table} group by 1").fetchall()}
        mine = [f"l.{quote(places.get(c, c))}::{have[c]} as {quote(c)}" for c in wanted if places.get(c, c) in columns]
        more, joins = _partners(dataset, source, partners, collected, have, wanted, columns)
        mine += [f"null::{have[c]} as {quote(c)}" for c in wanted if places.get(c, c) not in columns and not any(m.endswith(f" as {quote(c)}") for m in more)]
        for file in collected[source].files:
            if file in lengths or not (lengths or selects or any(c.unreadable for c in collected.values())):
                lengths.setdefault(file, (1, 0))
                only = f" where l._file = {text(file)}" if len(lengths) > 1 else ""
                selects.append(
                    f"select (l._line - {lengths[file][0]} + {start})::bigint as _row, {len(parts)}::int as _part, l._line::bigint as _line, "
                    f"{', '.join([*more, *mine])} from {table} l{joins}{only}"
                )
                parts.append((source, file))
                start += int(lengths[file][1] - lengths[file][0] + 1)
    if not selects:
        bad = sum(len(c.unreadable) for c in collected.values())
        raise Wrong("", f"none of {bad} lines of {', '.join(dict.fromkeys(leads))} can be read", "lines of as many columns as the header names")
    kind = "table" if partners else "view"
    con.execute(f"create {kind} _raw as " + " union all by name ".join(selects))
    return Raw({c: IBIS[have[c]] for c in wanted}, parts, sorted(set(have) - set(wanted)), bool(partners))


def _at_place(column: str, collected: Mapping[str, Collected], sources: Iterable[str]) -> str | None:
    """The name of the column that `#3` points to, in the first source that has as many."""
    found = PLACE.fullmatch(column)
    if not found:
        return None
    place = int(found[1]) - 1
    return next((collected[s].columns[place] for s in sources if 0 <= place < len(collected[s].columns)), None)


def _partners(
    dataset: Dataset, source: str, partners: Mapping[str, str], collected: Mapping[str, Collected], have: Mapping[str, str], wanted: list[str], mine: set[str]
) -> tuple[list[str], str]:
    """Columns and joins that the partners of a lead source add."""
    if not partners:
        return [], ""
    joins, also, miss, own = "", [], [], []
    mine = set(mine)
    lead = frozenset(mine)
    for i, (partner, key) in enumerate(partners.items()):
        on = quote(key)
        if key not in collected[partner].columns or key not in lead:
            raise Wrong(f"from.lookup.{partner}" if partner in dataset.source.lookup else "from.on", f"'{key}' is not a column of both '{source}' and '{partner}'", "a column they share", sorted(mine & set(collected[partner].columns)), key)
        table = f"(select * from {quote('src_' + partner)} qualify row_number() over (partition by trim({on}::varchar) order by _file, _line) = 1)"
        joins += f" left join {table} p{i} on trim(l.{on}::varchar) = trim(p{i}.{on}::varchar)"
        theirs = [c for c in collected[partner].columns if c in wanted and c not in mine]
        own += [f"p{i}.{quote(c)}::{have[c]} as {quote(c)}" for c in theirs]
        mine |= set(theirs)
        also.append(f"p{i}._file || ':' || p{i}._line")
        if partner not in dataset.source.lookup:
            miss.append(f"case when p{i}._line is null then {text(f'no row of {partner!r} has its {key}')} end")
    unmatched = f"coalesce({', '.join(miss)})" if miss and dataset.source.how == "inner" else "null::varchar"
    return [f"concat_ws(chr(10), {', '.join(also)}) as _also", f"{unmatched} as _unmatched", *own], joins
