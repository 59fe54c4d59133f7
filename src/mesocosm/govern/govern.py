"""Make a snapshot: collect, read, drop duplicates, judge by rules, split, clean, write.

Knows DuckDB and the recipe. What it returns is a plain record for the catalog; nothing is listed
before the caller does so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure, Wrong
from mesocosm.base.kinds import Collected, Source, Where
from mesocosm.govern import expr, recipe
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.report import histogram, profile, score
from mesocosm.govern.snapshot import write_table
from mesocosm.govern.sources.paths import quote, text
from mesocosm.govern.types.number import Number

IBIS = {"VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32", "SMALLINT": "int16", "TINYINT": "int8",
        "UBIGINT": "uint64", "UINTEGER": "uint32", "DOUBLE": "float64", "FLOAT": "float32", "BOOLEAN": "boolean",
        "DATE": "date", "TIMESTAMP": "timestamp"}  # fmt: skip
Say = Callable[[str], None]


@dataclass
class Snapshot:
    """What a build of a dataset gave, before it is listed."""

    delta: dict[str, int]
    account: dict[str, int]
    report: dict[str, Any]
    files: dict[str, str]
    facts: dict[str, Any]
    seconds: float = 0.0
    left_out: list[str] = field(default_factory=lambda: [])


def govern(
    name: str, dataset: Dataset, sources: Mapping[str, Source], where: Where, made: str, key: str, say: Say = print
) -> Snapshot:
    """Make the tables of a dataset and return what to list.

    Args:
        key: 64 hex digits that pseudonyms are made under.

    Raises:
        Wrong: a source or a column is not as the settings say.
        Failure: the account of rows does not close.
    """
    import duckdb

    began = time.perf_counter()
    work = where.store / "work"
    work.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"set temp_directory={text(str(work / 'spill'))}; set enable_progress_bar=false; set threads=2")
        fields = dict(dataset.fields)
        collected = _collect(con, dataset, sources, where, say)
        types, left_out = _raw(con, dataset, collected)
        facts: recipe.Facts = {}
        _units(con, fields, types, facts)
        carried = {**recipe.LINEAGE, "_also": "string", "_unmatched": "string"}
        con.execute(f"create table _read as {recipe.read_sql(fields, facts, '_raw', types, carried)}")
        _join_reason(con)
        _key_reason(con, dataset)
        con.execute("create table _drops (_row bigint, kept bigint)")
        if dataset.duplicates:
            con.execute(f"insert into _drops {dataset.duplicates.drops('_read', list(fields))}")
        con.execute(
            f"create table _ruled as {recipe.rules_sql('_read', fields, dataset.rules)} "
            "where _row not in (select _row from _drops)"
        )
        con.execute(
            f"create table _parted as select t.*, s._split from _ruled t left join ({recipe.split_sql('_ruled', dataset)}) s using (_row)"
        )
        _unique(con, dataset)
        before = profile(con, "_read", fields)
        _learn(con, fields, facts)
        kept_columns = ("_row", "_file", "_line", "_source", "_also", "_split")
        con.execute(f"create table _done as {recipe.clean_sql(fields, '_parted', facts, key, kept_columns)}")
        after = profile(con, "_done", fields, "_why is null")
        account = _account(con, collected)
        say(f"{account['in']} rows in = {account['kept']} kept + {account['quarantined']} quarantined + {account['duplicates']} duplicates")
        facts_out: dict[str, Any] = {"fields": facts, "training": histogram(con, "_done", fields, "_split = 'train' and _why is null")}
        report = _report(con, dataset, account, before, after, facts, left_out)
        delta = _write(con, where.store / "datasets" / name, fields, collected, made, key)
        files = {f: p for c in collected.values() for f, p in c.files.items()}
    return Snapshot(delta, account, report, files, facts_out, time.perf_counter() - began, left_out)


def _collect(con: Any, dataset: Dataset, sources: Mapping[str, Source], where: Where, say: Say) -> dict[str, Collected]:
    found: dict[str, Collected] = {}
    for source in dict.fromkeys(dataset.all_sources):
        found[source] = sources[source].collect(where, con, f"src_{source}")
        say(f"{found[source].rows} rows from {source}")
    return found


def _raw(con: Any, dataset: Dataset, collected: dict[str, Collected]) -> tuple[dict[str, str], list[str]]:
    """Create `_raw`: needed columns, lineage and `_row`; returns Ibis types and columns left out."""
    needed = recipe.columns_of(dataset.fields)
    have: dict[str, str] = {}
    for source in collected:
        for column, kind, *_ in con.execute(f"describe {quote('src_' + source)}").fetchall():
            if not column.startswith("_"):
                have.setdefault(column, kind if kind in IBIS else "VARCHAR")
    for name, column in needed.items():
        if column not in have:
            raise Wrong(f"fields.{name}", f"no source has the column '{column}'", "a column of the source", sorted(have), column)
    leads = list(collected) if dataset.source.union else [dataset.source.join[0], *([dataset.test_source] if dataset.test_source else [])]
    partners = [s for s in dataset.source.join[1:]]
    wanted = sorted(set(needed.values()) | ({dataset.source.on} if dataset.source.on else set()))
    parts: list[str] = []
    for number, source in enumerate(leads):
        mine = set(collected[source].columns)
        own = [f"l.{quote(c)}::{have[c]} as {quote(c)}" for c in wanted if c in mine]
        joins, also, miss = "", [], []
        for i, partner in enumerate(partners):
            on = quote(str(dataset.source.on))
            if dataset.source.on not in collected[partner].columns or dataset.source.on not in mine:
                raise Wrong("from.on", f"'{dataset.source.on}' is not a column of both '{source}' and '{partner}'", "a column they share", sorted(mine & set(collected[partner].columns)), str(dataset.source.on))
            table = f"(select * from {quote('src_' + partner)} qualify row_number() over (partition by {on} order by _file, _line) = 1)"
            joins += f" left join {table} p{i} on l.{on}::varchar = p{i}.{on}::varchar"
            theirs = [c for c in collected[partner].columns if c in wanted and c not in mine]
            own += [f"p{i}.{quote(c)}::{have[c]} as {quote(c)}" for c in theirs]
            mine |= set(theirs)
            also.append(f"p{i}._file || ':' || p{i}._line")
            miss.append(f"case when p{i}._line is null then {text(f'no row of {partner!r} has its {dataset.source.on}')} end")
        own += [f"null::{have[c]} as {quote(c)}" for c in wanted if c not in mine]
        unmatched = f"coalesce({', '.join(miss)})" if miss and dataset.source.how == "inner" else "null::varchar"
        parts.append(
            f"select {number} as _lead, l._file, l._line, {text(source)} as _source, "
            f"{'concat_ws(chr(10), ' + ', '.join(also) + ')' if also else 'null::varchar'} as _also, {unmatched} as _unmatched, "
            f"{', '.join(own)} from {quote('src_' + source)} l{joins}"
        )
    con.execute(
        "create table _raw as select row_number() over (order by _lead, _file, _line) - 1 as _row, * exclude (_lead) from ("
        + " union all by name ".join(parts) + ")"
    )  # fmt: skip
    types = {c: IBIS[have[c]] for c in wanted}
    return types, sorted(set(have) - set(wanted))


def _units(con: Any, fields: recipe.Fields, types: dict[str, str], facts: recipe.Facts) -> None:
    table = expr.table("_raw", types)
    for name, column in recipe.columns_of(fields).items():
        kind = fields[name]
        if isinstance(kind, Number) and kind.unit:
            seen: list[str] = []
            if types[column] == "string":
                unit = kind.parts(expr.blank_to_null(table[column]))["unit"]
                asked = expr.to_sql(table.select(u=unit).distinct())
                seen = [row[0] for row in con.execute(asked).fetchall() if row[0] and len(row[0]) <= 40][:1000]
            facts[name] = kind.learn(sorted(seen))


def _join_reason(con: Any) -> None:
    con.execute("update _read set _why = coalesce(_why, _unmatched) where _unmatched is not null")
    con.execute("alter table _read drop column _unmatched")


def _key_reason(con: Any, dataset: Dataset) -> None:
    if dataset.key:
        con.execute(f"update _read set _why = coalesce(_why, '{dataset.key} is missing, and it is the key') where {quote(dataset.key)} is null")


def _unique(con: Any, dataset: Dataset) -> None:
    """A key that still names several rows sets all but the first aside."""
    if not dataset.key:
        return
    k = quote(dataset.key)
    con.execute(
        f"update _parted set _why = '{dataset.key} names an earlier row too, and it is the key', _split = null where _row in "
        f"(select _row from _parted where _why is null qualify row_number() over (partition by {k} order by _row) > 1)"
    )


def _learn(con: Any, fields: recipe.Fields, facts: recipe.Facts) -> None:
    """Fit fences, then fills, each by one aggregate over the training rows."""
    for step in ("fence", "fill"):
        query, order = recipe.measures_sql(fields, "_parted", facts, step)
        row = con.execute(query).fetchone() if query else ()
        measured: dict[str, dict[str, Any]] = {}
        for (name, what), value in zip(order, row, strict=True):
            measured.setdefault(name, {})[what] = value
        for name, kind in fields.items():
            if step == "fence" and kind.fence:
                facts.setdefault(name, {})["fence"] = kind.fence.fence(measured.get(name, {}))
            elif step == "fill":
                found = kind.missing.facts(measured.get(name, {}), kind.ibis_type == "int64")
                facts.setdefault(name, {}).update(found)


def _account(con: Any, collected: dict[str, Collected]) -> dict[str, int]:
    bad = sum(len(c.unreadable) for c in collected.values())
    rows = con.execute("select count(*) from _raw").fetchone()[0]
    kept, aside = con.execute("select count(*) filter (_why is null), count(*) filter (_why is not null) from _done").fetchone()
    drops = con.execute("select count(*) from _drops").fetchone()[0]
    account = {"in": rows + bad, "kept": kept, "quarantined": aside + bad, "duplicates": drops}
    if account["in"] != kept + account["quarantined"] + drops:
        raise Failure(f"the account of rows does not close: {account}")
    if not kept:
        raise Wrong("", f"none of {account['in']} rows could be kept", "rows that fit the fields; see the reasons in the quarantine of the report")
    return account


def _report(
    con: Any, dataset: Dataset, account: dict[str, int], before: dict[str, Any], after: dict[str, Any], facts: recipe.Facts, left_out: list[str]
) -> dict[str, Any]:
    reasons = con.execute("select _why, count(*) from _done where _why is not null group by 1 order by 2 desc, 1").fetchall()
    grouped: dict[str, int] = {}
    for why, rows in reasons:
        plain = re.sub(r"'.{0,40}'(?= is not)", "a value", why)
        grouped[plain] = grouped.get(plain, 0) + rows
    treated: dict[str, dict[str, int]] = {}
    for name, kind in dataset.fields.items():
        mine = facts.get(name, {})
        treated[name] = {"filled": before[name]["missing"] - 0 if "fill" in mine else 0}
        if kind.fence and mine.get("fence"):
            x, fence = quote(name), mine["fence"]
            outside = f"select count(*) from _parted where _why is null and ({x} < {fence['low']} or {x} > {fence['high']})"
            treated[name]["outside"] = con.execute(outside).fetchone()[0]
        if "fill" in mine:
            gaps = f"select count(*) from _parted where _why is null and {quote(name)} is null"
            treated[name]["filled"] = con.execute(gaps).fetchone()[0]
    parts = dict(con.execute("select _split, count(*) from _done where _why is null group by 1").fetchall())
    return {
        "quality": score(account, after, before), "before": before, "after": after, "treated": treated,
        "reasons": grouped, "parts": parts, "left_out": left_out,
    }  # fmt: skip


def _write(con: Any, path: Path, fields: recipe.Fields, collected: dict[str, Collected], made: str, key: str) -> dict[str, int]:
    """Write kept rows, quarantine and dropped duplicates; each is one Delta version."""
    import pyarrow as pa

    plain = ["_row", "_line", *(n for n, f in fields.items() if not f.private and f.ibis_type in ("int64", "float64"))]
    rows = expr.table("_raw", dict.fromkeys(recipe.columns_of(fields).values(), "string"))
    shown = {n: (f.private.value(rows[c], key) if f.private else rows[c]) for (n, c), f in zip(recipe.columns_of(fields).items(), fields.values(), strict=True)}
    strings = ", ".join(f"{quote(c)}::varchar as {quote(c)}" for c in recipe.columns_of(fields).values())
    hidden = expr.to_sql(rows.select(**shown)).replace('"_raw"', "_texts")
    con.execute(f"create temp table _texts as select {strings} from _raw order by _row")
    con.execute(f"create temp table _originals as select row_number() over () - 1 as _row, to_json(o) as original from ({hidden}) o")
    aside = con.sql(
        "select d._row, d._file, d._line, d._source, d._why as reason, o.original::varchar as original "
        "from _done d join _originals o using (_row) where d._why is not null order by d._row"
    ).to_arrow_table()
    lines = [(f, n, s, f"the line cannot be read: {why}", t) for s, c in collected.items() for f, n, t, why in c.unreadable]
    private = any(f.private for f in fields.values())
    unreadable = pa.table(
        {
            "_row": pa.array([None] * len(lines), pa.int64()),
            "_file": pa.array([x[0] for x in lines], pa.string()),
            "_line": pa.array([x[1] for x in lines], pa.int64()),
            "_source": pa.array([x[2] for x in lines], pa.string()),
            "reason": pa.array([x[3] for x in lines], pa.string()),
            "original": pa.array([None if private else x[4] for x in lines], pa.string()),
        }
    )
    aside = pa.concat_tables([aside.cast(unreadable.schema), unreadable])
    drops = con.sql("select d._row, d.kept, r._file, r._line from _drops d join _raw r using (_row) order by d._row").to_arrow_table()
    kept = con.sql("select * exclude (_why) from _done where _why is null order by _row").to_arrow_reader()
    return {
        "rows": write_table(path / "rows", kept, made, plain),
        "quarantine": write_table(path / "quarantine", aside, made, ["_row", "_line"]),
        "duplicates": write_table(path / "duplicates", drops, made, ["_row", "kept"]),
    }  # fmt: skip
