"""Make a snapshot: collect, read, drop duplicates, judge by rules, split, clean, write.

Knows DuckDB and the recipe. What it returns is a plain record for the catalog; nothing is listed
before the caller does so. Rows are read once into a file of typed columns, so memory is bounded.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure, Wrong, belonging_to
from mesocosm.base.kinds import Collected, Source, Where
from mesocosm.base.owned import owned_folder
from mesocosm.govern import expr, recipe
from mesocosm.govern.account import account_sources, sentences
from mesocosm.govern.clean.duplicates import SLICE
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.engines.duckdb import Duckdb
from mesocosm.govern.gone import leave_erased, leave_old, names_erased, oldest_day
from mesocosm.govern.internal_names import PLACE_COLUMNS, unlisted
from mesocosm.govern.learned import learn
from mesocosm.govern.privacy import anonymity
from mesocosm.govern.proven import orders, prove
from mesocosm.govern.raw import Raw, raw
from mesocosm.govern.report import (
    examples,
    histogram,
    patterns,
    profile,
    reasons,
    score,
    shares,
    told,
    treated,
    unreadable,
)
from mesocosm.govern.rules.bound import name_failing_rule
from mesocosm.govern.rules.rule import Known
from mesocosm.govern.snapshot import scan
from mesocosm.govern.sources.paths import quote, text
from mesocosm.govern.split import split_sql
from mesocosm.govern.types.number import Number, Rates
from mesocosm.govern.wide import GROUP, read_query, settle
from mesocosm.govern.wording import describe_dates, describe_texts
from mesocosm.govern.write import write_tables

Say = Callable[[str], None]
MEMORY = "600MB"
KEPT = ("_row", "_part", "_line", "_split")


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


@contextmanager
def engine(store: Path, taught: bool = True) -> Iterator[Any]:
    """A DuckDB in bounded memory; what it spills is gone afterwards.

    `MESOCOSM_MEMORY` (as 600MB) bounds it; rows over that go to disk.

    Args:
        taught: whether it knows the functions that recipes call; who only looks at rows is quicker
            without.
    """
    import duckdb

    spill = store / "work" / f"spill-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    for folder in (store, store / "work", spill):
        owned_folder(folder)
    try:
        with duckdb.connect() as con:
            limit = limit_of_memory()
            try:
                con.execute(f"set memory_limit={text(limit)}")
            except duckdb.Error as error:
                raise Failure(
                    f"MESOCOSM_MEMORY is '{limit[:40]}'; wanted an amount such as 600MB"
                ) from error
            con.execute(
                f"set temp_directory={text(str(spill))}; set enable_progress_bar=false; set"
                " autoinstall_known_extensions=false; set autoload_known_extensions=false"
            )
            if taught:
                expr.prepare(con, store)
            with explained(limit):
                yield con
    finally:
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def explained(limit: str, of: str = "") -> Iterator[None]:
    """Turn errors of the engine into sentences; its own words may hold values, so they stay out.

    Args:
        limit: the bound of memory.
        of: what is read, as `source 'loans'`.
    """
    import duckdb

    at = f" of {of}" if of else ""
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise Wrong(
            "",
            f"the rows{at} need more memory than the limit of {limit}",
            "a greater limit in the environment variable MESOCOSM_MEMORY, as MESOCOSM_MEMORY=2GB,"
            " or fewer or narrower columns",
        ) from error
    except duckdb.IOException as error:
        raise Wrong(
            "",
            f"a file{at} cannot be read or written now",
            "files that stay as they are, and room on the disk",
        ) from error
    except duckdb.Error as error:
        raise Wrong(
            "",
            f"the engine cannot treat the rows{at} ({type(error).__name__})",
            "columns and settings that it takes; MESOCOSM_DEBUG=1 shows its own words",
        ) from error


def limit_of_memory() -> str:
    """The bound of memory of the engine, as `600MB`."""
    return os.environ.get("MESOCOSM_MEMORY", MEMORY)


def govern(
    name: str,
    dataset: Dataset,
    sources: Mapping[str, Source],
    where: Where,
    made: str,
    key: str,
    say: Say = print,
    last: Mapping[str, Any] | None = None,
    now: float | None = None,
    forgotten: Sequence[str] = (),
) -> Snapshot:
    """Make the tables of a dataset and return what to list.

    Args:
        key: 64 hex digits that pseudonyms are made under.
        last: `rows` and `training` of the last snapshot, for rules that compare with it.
        now: seconds since 1970, for rules of age.
        forgotten: marks of the keys of erased subjects; their rows are counted and left out.

    Raises:
        Wrong: a source or a column is not as the settings say, or a rule of severity `stop` is
            broken.
        Failure: the account of rows does not close.
    """
    began = time.perf_counter()
    with engine(where.store) as con:
        fields = dict(dataset.fields)
        settle(con, fields)
        collected = _collect(con, dataset, sources, where, say)
        rows = raw(con, dataset, collected)
        accounts = (
            account_sources(con, dataset, collected, rows.leads)
            if len(dataset.source.sources) + bool(dataset.test_source) > 1
            else {}
        )
        facts: recipe.Facts = {}
        erased = leave_erased(con, dataset, rows, forgotten, key)
        lines = 0
        for one in collected.values():
            readable = len(one.unreadable)
            one.unreadable = [
                bad for bad in one.unreadable if not names_erased(bad[2], forgotten, key)
            ]
            lines += readable - len(one.unreadable)
        folder = Path(con.execute("select current_setting('temp_directory')").fetchall()[0][0])
        _read(con, dataset, fields, rows, facts, folder, where.store)
        expired = leave_old(con, dataset, time.time() if now is None else now)
        _drop(con, dataset)
        known = Known(
            {s: quote("src_" + s) for s in collected},
            time.time() if now is None else now,
            dict(last or {}),
            {n: f.ibis_type for n, f in fields.items()},
        )
        warned = _judge(con, dataset, known)
        _part(con, dataset, rows)
        count = int(con.execute("select count(*) from _stage").fetchone()[0])
        before = profile(con, "_stage", fields)
        learn(con, fields, "_parted", facts, count)
        facts = {n: f for n, f in facts.items() if f}
        kept = KEPT + (("_also",) if rows.joined else ())
        cleaner = Duckdb() if recipe.looks_around(fields) else dataset.engine
        cleaner.cleaned(
            con,
            recipe.clean_sql(fields, "_parted", facts, key, kept),
            "_parted",
            "_clean",
            folder / "clean.parquet",
            where.store,
        )
        coarse = _anonymous(con, dataset, facts)
        con.execute(
            "create table _set_aside as select _row, _why from _done where _why is not null"
        )
        account = _account(con, collected, count, erased, expired, lines)
        say(told(account))
        for line in sentences(accounts):
            say(line)
        path = where.store / "datasets" / name
        delta = write_tables(con, path, fields, rows, collected, made, key)
        written = scan(path / "rows", delta["rows"])
        after = profile(con, written, fields)
        facts_out: dict[str, Any] = {
            "fields": facts,
            "training": histogram(con, written, fields),
            "texts": describe_texts(con, written, fields),
            "dates": describe_dates(con, written, fields),
        }
        report = {
            "quality": score(account, after, before),
            "before": before,
            "after": after,
            "treated": treated(con, fields, facts),
            "unreadable": unreadable(con, fields, rows.types, before),
            "reasons": reasons(con, _unread_lines(collected)),
            "parts": dict(
                con.execute(f"select _split, count(*) from {written} group by 1").fetchall()
            ),
            "left_out": rows.left_out,
            "warned": warned,
            "mended": _mended(con, dataset),
            "columns": {s: c.columns for s, c in collected.items()},
            "lines": {s: c.lines for s, c in collected.items() if c.lines},
            "notes": {s: c.notes for s, c in collected.items() if c.notes},
            "expires": oldest_day(con, dataset),
            "anonymity": coarse,
            **({"sources": accounts} if accounts else {}),
            **shares(
                con,
                written,
                fields,
                bool(dataset.repairs),
                quote("src_" + dataset.truth) if dataset.truth else None,
                dataset.key,
            ),
            "patterns": patterns(con, "_stage", fields),
            "examples": {} if dataset.anonymity else examples(con, written, fields, dataset.key),
        }
        files = {f: p for c in collected.values() for f, p in c.files.items()}
    return Snapshot(
        delta, account, report, files, facts_out, time.perf_counter() - began, rows.left_out
    )


def _collect(
    con: Any, dataset: Dataset, sources: Mapping[str, Source], where: Where, say: Say
) -> dict[str, Collected]:
    found: dict[str, Collected] = {}
    for source in dict.fromkeys(dataset.all_sources):
        with (
            belonging_to(f"sources.{source}"),
            explained(limit_of_memory(), f"the source '{source}'"),
        ):
            found[source] = sources[source].collect(where, con, f"src_{source}")
        for note in found[source].notes:
            say(f"{source}: {note}")
        say(f"{found[source].rows} rows from {source}")
    con.execute("set preserve_insertion_order=false")
    return found


def _read(
    con: Any,
    dataset: Dataset,
    fields: recipe.Fields,
    rows: Raw,
    facts: recipe.Facts,
    folder: Path,
    store: Path,
) -> None:
    """Create `_stage`: every row read, `_why` the first reason, `_broken` the first rule broken,
    `_h` the hash of duplicates.
    """
    carried = {
        **recipe.LINEAGE,
        **({"_also": "string", "_unmatched": "string"} if rows.joined else {}),
    }
    for name, kind in fields.items():
        if isinstance(kind, Number) and kind.unit:
            facts[name] = kind.learn([], _rates(con, name, kind))
    for name, mark in prove(con, fields, rows).items():
        facts.setdefault(name, {})["decimal"] = mark
    for name, order in orders(con, fields, rows).items():
        facts.setdefault(name, {})["order"] = order
    why = "coalesce(_why, _unmatched)" if rows.joined else "_why"
    if dataset.key:
        why = (
            f"coalesce({why}, case when {quote(dataset.key)} is null then"
            f" {text(f'{dataset.key} is missing, and it is the key')} end)"
        )
    less = "(_why, _unmatched)" if rows.joined else "(_why)"
    for attempt in (1, 2):
        wide = len(fields) > GROUP and isinstance(dataset.engine, Duckdb)
        read = (
            read_query(con, fields, facts, rows, carried, folder, store)
            if wide
            else recipe.read_sql(fields, facts, "_raw", rows.types, carried)
        )
        last = _last_of_read(dataset, fields, facts) if not dataset.repairs else ""
        rules = recipe.rules_of(fields, dataset.rules) if last else []
        with name_failing_rule(con, rules, read):
            dataset.engine.rows(
                con,
                f"select * exclude {less}, {why} as _why{last} from ({read})",
                "_raw",
                "_stage",
                folder / f"stage-{attempt}.parquet",
                store,
            )
        if attempt == 1 and not _new_units(con, fields, rows, facts):
            break
    if dataset.repairs:
        con.execute("alter view _stage rename to _unmended")
        for number, repair in enumerate(dataset.repairs):
            mended = recipe.repair_sql(fields, dataset.repairs[:number], facts, "_unmended")
            facts.setdefault("_repairs", {})[str(number)] = repair.learn(
                con, f"(select * from ({mended}) where _why is null)"
            )
        mended = recipe.repair_sql(fields, dataset.repairs, facts, "_unmended")
        query = f"select *{_last_of_read(dataset, fields, facts)} from ({mended})"
        with name_failing_rule(con, recipe.rules_of(fields, dataset.rules), mended):
            dataset.engine.rows(
                con, query, "_unmended", "_stage", folder / "stage-mended.parquet", store
            )


def _last_of_read(dataset: Dataset, fields: recipe.Fields, facts: recipe.Facts) -> str:
    """Columns beside the read ones: the first rule broken, and the hash of duplicates."""
    mark = f", {dataset.duplicates.mark(list(fields))} as _h" if dataset.duplicates else ""
    return f", {recipe.broken_sql(fields, dataset.rules)} as _broken{mark}"


def _new_units(con: Any, fields: recipe.Fields, rows: Raw, facts: recipe.Facts) -> bool:
    """Look among the texts that could not be read for units that convert; true where one was
    learnt.
    """
    found = False
    for name, column in recipe.columns_of(fields).items():
        kind = fields[name]
        if not isinstance(kind, Number) or not kind.unit or rows.types[column] != "string":
            continue
        table = expr.table("_unread", {column: "string"})
        unit = kind.unit_of(expr.narrow(expr.trimmed(table[column])), facts[name])
        unread = (
            f"select {quote(column)} from _raw where _row in (select _row from _stage where"
            f" {quote(name)} is null) and {quote(column)} is not null"
        )
        query = f"with _unread as ({unread}) {expr.to_sql(table.select(u=unit).distinct())}"
        seen = sorted(
            row[0] for row in con.execute(query).fetchall() if row[0] and len(row[0]) <= 40
        )[:1000]
        learnt = kind.learn(seen, _rates(con, name, kind))
        if learnt != {k: v for k, v in facts[name].items() if k in learnt}:
            facts[name], found = facts[name] | learnt, True
    return found


def _rates(con: Any, name: str, kind: Number) -> dict[str, float]:
    """The newest rate of each currency in the source that a field names."""
    if not isinstance(kind.rates, Rates):
        return {}
    rates, table = kind.rates, quote("src_" + kind.rates.source)
    have = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    for column in (rates.currency, rates.rate, *([rates.day] if rates.day else [])):
        if column not in have:
            raise Wrong(
                f"fields.{name}.rates",
                f"'{rates.source}' has no column '{column}'",
                "a column of it",
                [h for h in have if h not in PLACE_COLUMNS],
                column,
            )
    day = f"try_cast({quote(rates.day)} as timestamp)" if rates.day else "_line"
    query = (
        f"select upper(trim({quote(rates.currency)}::varchar)),"
        f" arg_max(try_cast({quote(rates.rate)} as double), {day}) from {table} group by 1 order"
        " by 1"
    )
    return {
        c: float(r)
        for c, r in con.execute(query).fetchall()
        if c and r and r > 0 and c != kind.unit
    }


def _mended(con: Any, dataset: Dataset) -> dict[str, int]:
    """How many values of each field the repairs changed, in rows that were kept or set aside."""
    if not dataset.repairs:
        return {}
    found: Counter[str] = Counter()
    for entries, rows in con.execute(
        "select _mended, count(*) from _stage where _mended <> '' group by 1"
    ).fetchall():
        for name in unlisted(entries):
            found[name] += rows
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _anonymous(con: Any, dataset: Dataset, facts: recipe.Facts) -> dict[str, Any] | None:
    """Create `_done`, its quasi-identifiers coarse where the dataset asks for it; returns what was
    lost.
    """
    setting = dataset.anonymity
    if not setting:
        con.execute("create view _done as from _clean")
        return None
    kinds = {n: dataset.fields[n].ibis_type for n in setting.of}
    found = anonymity.learn(setting, con, "(select * from _clean where _why is null)", kinds)
    facts["_anonymity"] = found
    con.execute(f"create view _done as {anonymity.coarse_sql(setting, found, kinds, '_clean')}")
    return (
        {k: found[k] for k in ("loss", "groups", "smallest", "risk")}
        | {"of": list(setting.of), "k": setting.k}
        | ({"sensitive": setting.sensitive, "l": setting.l} if setting.sensitive else {})
    )


def _drop(con: Any, dataset: Dataset) -> None:
    con.execute("create table _drops (_row bigint, kept bigint)")
    if dataset.duplicates:
        count = con.execute("select count(*) from _stage").fetchone()[0]
        parts = max(1, -(-count // SLICE))
        con.execute("create table _twins (_row bigint)")
        for part in range(parts):
            con.execute(
                f"insert into _twins {dataset.duplicates.candidates('_stage', part, parts)}"
            )
        con.execute(
            "insert into _drops"
            f" {dataset.duplicates.drops('_stage', '_twins', list(dataset.fields))}"
        )
        if dataset.duplicates.like is not None:
            from mesocosm.govern.clean.near import near

            found = near(
                dataset.duplicates,
                con,
                "(select * from _stage where _row not in (select _row from _drops))",
                list(dataset.fields),
            )
            for start in range(0, len(found), 10_000):
                con.execute(
                    "insert into _drops values"
                    f" {', '.join(f'({a}, {b})' for a, b in found[start : start + 10_000])}"
                )


def _judge(con: Any, dataset: Dataset, known: Known) -> dict[str, int]:
    """Apply the rules; `_aside` gets the rows that rules over several rows set aside.

    Raises:
        Wrong: a rule of severity `stop` is broken.
    """
    fields = dataset.fields
    con.execute("create table _aside (_row bigint, _reason varchar)")
    less = ", _h" if dataset.duplicates else ""
    less += ", _mended" if dataset.repairs else ""
    still = (
        f"select * exclude (_why{less}), coalesce(_why, _broken) as _why from _stage where _row not"
        " in (select _row from _drops)"
    )
    con.execute(f"create view _judged as {still}")
    if dataset.key:
        k, sentence = (
            quote(dataset.key),
            text(f"{dataset.key} names an earlier row too, and it is the key"),
        )
        twice = f"select hash({k}) from _judged where _why is null group by 1 having count(*) > 1"
        con.execute(
            f"insert into _aside select _row, {sentence} from _judged where _why is null and"
            f" hash({k}) in ({twice}) qualify row_number() over (partition by {k} order by"
            " _row) > 1"
        )
    warned: dict[str, int] = {}
    for rule in recipe.rules_of(fields, dataset.rules):
        listed, broken = rule.rows("_judged", known), rule.breaks()
        if rule.severity == "quarantine":
            if listed:
                con.execute(
                    f"insert into _aside select _row, {text(rule.sentence())} from ({listed}) where"
                    " _row not in (select _row from _aside)"
                )
            continue
        query = listed or (
            f"select _row from _judged where _why is null and {broken}" if broken else None
        )
        said = rule.verdict(con, "_judged", known) if query is None else None
        with name_failing_rule(con, [rule], "_judged"):
            count = (
                con.execute(f"select count(*) from ({query})").fetchone()[0]
                if query
                else int(said is not None)
            )
        if count and rule.severity == "stop":
            raise Wrong(
                "rules",
                said or f"{count} rows: {rule.sentence()}",
                "rows that keep it; the last snapshot stays",
            )
        if count:
            warned[said or rule.sentence()] = count
    return warned


def _part(con: Any, dataset: Dataset, rows: Raw) -> None:
    """Create `_parted`: the rows still there, `_why`, and `_split` of those without a reason."""
    aside = con.execute("select count(*) from _aside").fetchone()[0]
    plain = (
        "select j.* exclude (_broken) replace (coalesce(j._why, a._reason) as _why) from _judged j"
        " left join _aside a using (_row)"
        if aside
        else "select * exclude (_broken) from _judged"
    )
    if dataset.split.none:
        con.execute(
            "create view _parted as select *, case when _why is null then 'train' end as _split"
            f" from ({plain})"
        )
        return
    con.execute(f"create view _still as {plain}")
    con.execute(
        f"create table _splits as {split_sql('_still', dataset, rows.judge(dataset.test_source))}"
    )
    con.execute(
        "create view _parted as select t.*, s._split from _still t left join _splits s using (_row)"
    )


def _unread_lines(collected: Mapping[str, Collected]) -> list[str]:
    """Why each line that is no row cannot be read."""
    return [why for c in collected.values() for _, _, _, why in c.unreadable]


def _account(
    con: Any, collected: Mapping[str, Collected], count: int, erased: int, expired: int, lines: int
) -> dict[str, int]:
    bad = sum(len(c.unreadable) for c in collected.values())
    aside = con.execute("select count(*) from _set_aside").fetchone()[0]
    drops = con.execute("select count(*) from _drops").fetchone()[0]
    rows = con.execute("select count(*) from _raw").fetchone()[0]
    kept = con.execute("select count(*) from _parted").fetchone()[0] - aside
    erased += lines
    account = {
        "in": rows + erased + bad,
        "kept": kept,
        "quarantined": aside + bad,
        "duplicates": drops,
    }
    account |= {k: n for k, n in (("forgotten", erased), ("expired", expired)) if n}
    if (
        account["in"] != kept + account["quarantined"] + drops + erased + expired
        or rows != count + expired
    ):
        raise Failure(f"the account of rows does not close: {account}")
    if not kept and account["in"]:
        most = [
            f"{rows} because {why}"
            for why, rows in list(reasons(con, _unread_lines(collected)).items())[:3]
        ]
        raise Wrong(
            "",
            f"none of {account['in']} rows could be kept"
            f" ({'; '.join(most) or 'all are copies, erased or expired'})",
            "rows that fit the fields",
        )
    return account
