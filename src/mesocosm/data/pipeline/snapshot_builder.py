"""Build a snapshot: collect, read, drop duplicates, check rules, split, clean, write.

Knows DuckDB and the recipe. What it returns is a plain record for the catalog; nothing is listed
before the caller does so. Rows are read once into a file of typed columns, so memory is bounded.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.catalog.contents import RuleCheck, SnapshotFacts, SnapshotReport, SourceAccount
from mesocosm.core.errors import belonging_to
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.core.settings import Collected, ProjectPaths, Source
from mesocosm.data.dataset import Dataset
from mesocosm.data.engines.bounded_duckdb import explain_errors, memory_limit, open_engine
from mesocosm.data.engines.duckdb import Duckdb
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.column_groups import limit_threads
from mesocosm.data.pipeline.expressions.typed_rows import count_texts, read_texts
from mesocosm.data.pipeline.fit_state import fit_state
from mesocosm.data.pipeline.ingest import RawTable, ingest_rows
from mesocosm.data.pipeline.internal_names import split_entries
from mesocosm.data.pipeline.row_selection import (
    apply_rules,
    count_warned,
    drop_duplicates,
    split_rows,
)
from mesocosm.data.pipeline.staging import Stage, read_stage
from mesocosm.data.pipeline.writer import write_tables
from mesocosm.data.privacy import anonymity
from mesocosm.data.profiling.text_statistics import describe_dates, describe_texts
from mesocosm.data.quality import report, table_statistics
from mesocosm.data.quality.build_account import RowCounts, account_rows
from mesocosm.data.quality.ledger.changed_cells import record_changes
from mesocosm.data.quality.row_account import account_sources, sentences
from mesocosm.data.quality.rules.rule import Known, LastSnapshot
from mesocosm.data.snapshots.delta_tables import scan
from mesocosm.data.snapshots.retention import (
    drop_erased,
    drop_expired,
    find_oldest_day,
    names_erased,
)
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEPT = ("_row", "_part", "_line", "_split")


@dataclass
class Snapshot:
    """What a build of a dataset gave, before it is listed."""

    delta: dict[str, int]
    account: dict[str, int]
    report: SnapshotReport
    files: dict[str, str]
    facts: SnapshotFacts
    seconds: float = 0.0
    left_out: list[str] = field(default_factory=lambda: [])


@dataclass(frozen=True)
class BuildOptions:
    """What a build knows beside its settings and sources.

    Args:
        say: prints a line of progress.
        last: `rows` and `training` of the last snapshot, for rules that compare with it.
        now: seconds since 1970, for rules of age; the clock's time where not given.
        forgotten: marks of the keys of erased subjects; their rows are counted and left out.
    """

    say: Say = print
    last: LastSnapshot | None = None
    now: float | None = None
    forgotten: Sequence[str] = ()

    @property
    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() if self.now is None else self.now


@dataclass(frozen=True)
class _Build:
    """A build that is going on.

    Args:
        key: 64 hex digits that pseudonyms are made under.
        folder: where files of rows go until they are written.
        facts: what is fitted on the way.
    """

    con: DuckDBPyConnection
    dataset: Dataset
    fields: recipe.Fields
    where: ProjectPaths
    key: str
    options: BuildOptions
    folder: Path
    facts: recipe.Facts


def build_snapshot(
    name: str,
    dataset: Dataset,
    sources: Mapping[str, Source],
    where: ProjectPaths,
    made: str,
    key: str,
    options: BuildOptions | None = None,
) -> Snapshot:
    """Make the tables of a dataset and return what to list.

    Args:
        made: the fingerprint of what they are made from; kept with each table.
        key: 64 hex digits that pseudonyms are made under.

    Raises:
        ConfigValueError: a source or a column is not as the settings say, or a rule of severity
            `stop` is broken.
        MesocosmError: the row counts do not add up.
    """
    options = options or BuildOptions()
    began = time.perf_counter()
    with open_engine(where.store) as con:
        fields = dict(dataset.fields)
        limit_threads(con, fields)
        collected = _collect(con, dataset, sources, where, options.say)
        (folder,) = read_texts(con, "select current_setting('temp_directory')")
        build = _Build(con, dataset, fields, where, key, options, Path(folder), {})
        rows = ingest_rows(con, dataset, collected)
        accounts = _account_sources(con, dataset, collected, rows)
        counts, checks = _read_rows(build, rows, collected)
        before = table_statistics.profile(con, "_stage", fields)
        loss = _clean_rows(build, rows, counts)
        account = account_rows(con, counts)
        for line in [report.account_sentence(account), *sentences(accounts)]:
            options.say(line)
        path = where.store / "datasets" / name
        changed = record_changes(con, dataset, build.facts)
        delta = write_tables(con, path, fields, rows, collected, made, key)
        written = scan(path / "rows", delta["rows"])
        after = table_statistics.profile(con, written, fields)
        facts = _fact_entries(build, written)
        entries: SnapshotReport = {
            "quality": report.score(account, after, before),
            "before": before,
            "after": after,
            "treated": report.count_treated(con, fields, build.facts),
            "unreadable": report.count_unreadable(con, fields, rows.types, before),
            "reasons": report.count_reasons(con, counts.unreadable),
            "warned": count_warned(checks),
            "checks": checks,
            "anonymity": loss,
            "changed_cells": changed,
            **_source_entries(collected, rows, accounts),
            **_row_entries(con, dataset, written),
        }
    files = _list_files(collected)
    seconds = time.perf_counter() - began
    return Snapshot(delta, account, entries, files, facts, seconds, rows.left_out)


def _list_files(collected: Mapping[str, Collected]) -> dict[str, str]:
    """The fingerprint of each file that was read."""
    files: dict[str, str] = {}
    for source in collected.values():
        files |= source.files
    return files


def _read_rows(
    build: _Build, rows: RawTable, collected: Mapping[str, Collected]
) -> tuple[RowCounts, list[RuleCheck]]:
    """Read, select and split the rows; returns how many there are, and what was found of rules."""
    con, dataset, options = build.con, build.dataset, build.options
    erased = drop_erased(con, dataset, rows, options.forgotten, build.key)
    erased += _leave_erased_lines(collected, options.forgotten, build.key)
    stage = Stage(con, dataset, build.fields, rows, build.facts, build.folder, build.where.store)
    read_stage(stage)
    expired = drop_expired(con, dataset, options.time)
    checks = _select_rows(con, dataset, rows, collected, options)
    staged = count_rows(con, "_stage")
    return RowCounts(staged, erased, expired, _unreadable_lines(collected)), checks


def _clean_rows(build: _Build, rows: RawTable, counts: RowCounts) -> dict[str, Json] | None:
    """Create `_done` and `_set_aside`: outliers, missing and private values treated; returns what
    anonymity lost.
    """
    con, fields, facts = build.con, build.fields, build.facts
    fit_state(con, fields, "_parted", facts, counts.staged)
    for field_name in [n for n, known in facts.items() if not known]:
        del facts[field_name]
    carried = KEPT + (("_also",) if rows.joined else ())
    query = recipe.clean_sql(fields, "_parted", facts, build.key, carried)
    cleaner = Duckdb() if recipe.needs_other_rows(fields) else build.dataset.engine
    path = build.folder / "clean.parquet"
    cleaner.cleaned(con, query, "_parted", "_clean", path, build.where.store)
    loss = _anonymize(con, build.dataset, facts)
    con.execute("create table _set_aside as select _row, _why from _done where _why is not null")
    return loss


def _fact_entries(build: _Build, written: str) -> SnapshotFacts:
    """What was fitted, and the distributions of the kept rows."""
    con, fields = build.con, build.fields
    return {
        "fields": cast("dict[str, dict[str, Json]]", build.facts),
        "training": table_statistics.histogram(con, written, fields),
        "texts": describe_texts(con, written, fields),
        "dates": describe_dates(con, written, fields),
    }


def _collect(
    con: DuckDBPyConnection,
    dataset: Dataset,
    sources: Mapping[str, Source],
    where: ProjectPaths,
    say: Say,
) -> dict[str, Collected]:
    """Read every source of a dataset into the table or view `src_SOURCE`."""
    found: dict[str, Collected] = {}
    for source in dict.fromkeys(dataset.all_sources):
        with (
            belonging_to(f"sources.{source}"),
            explain_errors(memory_limit(), f"the source '{source}'"),
        ):
            found[source] = sources[source].collect(where, con, f"src_{source}")
        for note in found[source].notes:
            say(Message("progress.source_note", source=source, note=note))
        say(Message("progress.source_rows", rows=found[source].rows, source=source))
    con.execute("set preserve_insertion_order=false")
    return found


def _account_sources(
    con: DuckDBPyConnection, dataset: Dataset, collected: Mapping[str, Collected], rows: RawTable
) -> dict[str, SourceAccount]:
    """The account of each source, where more than one feeds the dataset."""
    if len(dataset.source.sources) + bool(dataset.test_source) < 2:
        return {}
    return account_sources(con, dataset, collected, rows.leads)


def _leave_erased_lines(
    collected: Mapping[str, Collected], forgotten: Sequence[str], key: str
) -> int:
    """Leave out unreadable lines that name an erased subject; returns how many there were."""
    count = 0
    for source in collected.values():
        kept = [bad for bad in source.unreadable if not names_erased(bad[2], forgotten, key)]
        count += len(source.unreadable) - len(kept)
        source.unreadable = kept
    return count


def _select_rows(
    con: DuckDBPyConnection,
    dataset: Dataset,
    rows: RawTable,
    collected: Mapping[str, Collected],
    options: BuildOptions,
) -> list[RuleCheck]:
    """Drop duplicates, apply the rules and split what is left; returns what was found of each
    rule.
    """
    drop_duplicates(con, dataset)
    known = Known(
        {s: quote("src_" + s) for s in collected},
        options.time,
        options.last or {},
        {n: f.ibis_type for n, f in dataset.fields.items()},
    )
    checks = apply_rules(con, dataset, known)
    split_rows(con, dataset, rows)
    return checks


def _source_entries(
    collected: Mapping[str, Collected],
    rows: RawTable,
    accounts: dict[str, SourceAccount],
) -> SnapshotReport:
    """What the report says of the sources."""
    entries: SnapshotReport = {"left_out": rows.left_out, "columns": {}, "lines": {}, "notes": {}}
    for name, source in collected.items():
        entries["columns"][name] = source.columns
        if source.lines:
            entries["lines"][name] = source.lines
        if source.notes:
            entries["notes"][name] = source.notes
    if accounts:
        entries["sources"] = accounts
    return entries


def _row_entries(con: DuckDBPyConnection, dataset: Dataset, written: str) -> SnapshotReport:
    """What the report says of the rows that were kept, read from the written table."""
    fields = dict(dataset.fields)
    truth = quote("src_" + dataset.ground_truth) if dataset.ground_truth else None
    examples: dict[str, list[list[str | None]]] = {}
    if not dataset.anonymity:
        examples = report.examples(con, written, fields, dataset.key)
    return {
        "parts": count_texts(con, f"select _split, count(*) from {written} group by 1"),
        "mended": _count_repaired(con, dataset),
        "expires": find_oldest_day(con, dataset),
        **report.other_measures(con, written, fields, bool(dataset.repairs), truth, dataset.key),
        "patterns": report.missing_patterns(con, "_stage", fields),
        "examples": examples,
    }


def _count_repaired(con: DuckDBPyConnection, dataset: Dataset) -> dict[str, int]:
    """How many values of each field the repairs changed, in rows kept or quarantined."""
    if not dataset.repairs:
        return {}
    counts: Counter[str] = Counter()
    query = "select _mended, count(*) from _stage where _mended <> '' group by 1"
    for entries, rows in count_texts(con, query).items():
        for name in split_entries(entries):
            counts[name] += rows
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _anonymize(
    con: DuckDBPyConnection, dataset: Dataset, facts: recipe.Facts
) -> dict[str, Json] | None:
    """Create `_done`, its quasi-identifiers coarse where the dataset asks for it; returns what was
    lost.
    """
    setting = dataset.anonymity
    if not setting:
        con.execute("create view _done as from _clean")
        return None
    kinds = {n: dataset.fields[n].ibis_type for n in setting.of}
    found = anonymity.fit_groups(setting, con, "(select * from _clean where _why is null)", kinds)
    recipe.keep_anonymity_facts(facts, found)
    con.execute(f"create view _done as {anonymity.coarse_sql(setting, found, kinds, '_clean')}")
    loss: dict[str, Json] = {
        "loss": found["loss"],
        "groups": found["groups"],
        "smallest": found["smallest"],
        "risk": found["risk"],
        "of": list(setting.of),
        "k": setting.k,
    }
    if setting.sensitive:
        loss |= {"sensitive": setting.sensitive, "l": setting.l}
    return loss


def _unreadable_lines(collected: Mapping[str, Collected]) -> list[str]:
    """Why each line that is no row cannot be read."""
    found: list[str] = []
    for source in collected.values():
        found += [why for _, _, _, why in source.unreadable]
    return found
