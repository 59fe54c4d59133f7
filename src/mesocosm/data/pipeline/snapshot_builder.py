"""Make a snapshot: collect, read, drop duplicates, judge by rules, split, clean, write.

Knows DuckDB and the recipe. What it returns is a plain record for the catalog; nothing is listed
before the caller does so. Rows are read once into a file of typed columns, so memory is bounded.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Failure, Wrong, belonging_to
from mesocosm.core.settings import Collected, Source, Where
from mesocosm.data.dataset import Dataset
from mesocosm.data.engines.bounded_duckdb import engine, explained, limit_of_memory
from mesocosm.data.engines.duckdb import Duckdb
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.column_groups import settle
from mesocosm.data.pipeline.fit_state import learn
from mesocosm.data.pipeline.ingest import raw
from mesocosm.data.pipeline.internal_names import unlisted
from mesocosm.data.pipeline.row_selection import cut_parts, drop_duplicates, judge
from mesocosm.data.pipeline.staging import read_stage
from mesocosm.data.pipeline.writer import write_tables
from mesocosm.data.privacy import anonymity
from mesocosm.data.profiling.text_statistics import describe_dates, describe_texts
from mesocosm.data.quality.report import (
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
from mesocosm.data.quality.row_account import account_sources, sentences
from mesocosm.data.quality.rules.rule import Known
from mesocosm.data.snapshots.delta_tables import scan
from mesocosm.data.snapshots.retention import leave_erased, leave_old, names_erased, oldest_day
from mesocosm.data.sources.path_utils import quote

Say = Callable[[str], None]
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
        read_stage(con, dataset, fields, rows, facts, folder, where.store)
        expired = leave_old(con, dataset, time.time() if now is None else now)
        drop_duplicates(con, dataset)
        known = Known(
            {s: quote("src_" + s) for s in collected},
            time.time() if now is None else now,
            dict(last or {}),
            {n: f.ibis_type for n, f in fields.items()},
        )
        warned = judge(con, dataset, known)
        cut_parts(con, dataset, rows)
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
