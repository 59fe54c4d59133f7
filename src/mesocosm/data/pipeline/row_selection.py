"""Which rows stay: duplicates are dropped, rules quarantine rows, and what is left is split.

Knows the tables that `staging.py` makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import RuleCheck
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.duplicates import SLICE, Duplicates
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.pipeline.split import split_sql
from mesocosm.data.quality.rules.binding import name_failing_rule
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INSERTED = 10_000  # rows that one statement inserts


def drop_duplicates(con: DuckDBPyConnection, dataset: Dataset) -> None:
    """Create `_drops`: the rows that are duplicates, each with the row that stays for it."""
    con.execute("create table _drops (_row bigint, kept bigint)")
    if not dataset.duplicates:
        return
    slices = max(1, -(-count_rows(con, "_stage") // SLICE))
    con.execute("create table _twins (_row bigint)")
    for number in range(slices):
        candidates = dataset.duplicates.candidates("_stage", number, slices)
        con.execute(f"insert into _twins {candidates}")
    fields = list(dataset.fields)
    con.execute(f"insert into _drops {dataset.duplicates.drops('_stage', '_twins', fields)}")
    if dataset.duplicates.like is not None:
        _drop_near_duplicates(con, dataset.duplicates, fields)


def _drop_near_duplicates(
    con: DuckDBPyConnection, duplicates: Duplicates, fields: list[str]
) -> None:
    from mesocosm.data.cleaning.near_duplicates import find_near_duplicates

    remaining = "(select * from _stage where _row not in (select _row from _drops))"
    pairs = find_near_duplicates(duplicates, con, remaining, fields)
    for start in range(0, len(pairs), INSERTED):
        values = ", ".join(f"({a}, {b})" for a, b in pairs[start : start + INSERTED])
        con.execute(f"insert into _drops values {values}")


def apply_rules(con: DuckDBPyConnection, dataset: Dataset, known: Known) -> list[RuleCheck]:
    """Apply the rules; `_aside` gets the rows that rules over several rows quarantine.

    Returns:
        What was found of each rule.

    Raises:
        ConfigValueError: a rule of severity `stop` is broken.
    """
    con.execute("create table _aside (_row bigint, _reason varchar)")
    _view_without_drops(con, dataset)
    if dataset.key:
        _quarantine_repeated_keys(con, dataset.key)
    rules = recipe.rules_of(dataset.fields, dataset.rules)
    if not rules:
        return []
    readable, left, *counts = _count_rows_that_break(con, rules)
    checks: list[RuleCheck] = []
    for rule, count in zip(rules, counts, strict=True):
        if rule.severity == "quarantine":
            broken = count or _quarantine_rows(con, rule, known)
            checks.append(_check_of(rule, readable, broken))
        else:
            checks.append(_warn_or_stop(con, rule, known, left))
    return checks


def count_warned(checks: Sequence[RuleCheck]) -> dict[str, int]:
    """How many rows broke each rule of severity `warn` that failed, by its sentence."""
    failed = [check for check in checks if check["failed"] and check["severity"] == "warn"]
    return {check["found"] or check["rule"]: check["broken"] for check in failed}


def _check_of(rule: RuleKind, rows: int, broken: int, found: str = "") -> RuleCheck:
    """What was found of a rule."""
    return {
        "rule": rule.sentence(),
        "severity": rule.severity,
        "rows": rows,
        "broken": broken,
        "failed": broken > rule.may_break(rows),
        "found": found,
    }


def _count_rows_that_break(con: DuckDBPyConnection, rules: Sequence[RuleKind]) -> list[int]:
    """How many rows could be read and are no duplicates, how many of them no rule over one row
    quarantines, and how many break each such rule; 0 of other rules.
    """
    tests = [rule.breaks() for rule in rules]
    asked = [f"count(*) filter ({test})" for test in tests if test]
    with name_failing_rule(con, [rule for rule in rules if rule.breaks()], "_judged"):
        readable, left, *found = read_counts(
            con,
            f"select {', '.join(['count(*)', 'count(*) filter (_why is null)', *asked])} from"
            " _judged where _why is not distinct from _broken",
        )
    counts = iter(found)
    return [readable, left, *(next(counts) if test else 0 for test in tests)]


def _view_without_drops(con: DuckDBPyConnection, dataset: Dataset) -> None:
    """Create `_judged`: the rows that are no duplicates, with the first reason against each."""
    internal = ""
    if dataset.duplicates:
        internal += ", _h"
    con.execute(
        f"create view _judged as select * exclude (_why{internal}), coalesce(_why, _broken) as _why"
        " from _stage where _row not in (select _row from _drops)"
    )


def _warn_or_stop(con: DuckDBPyConnection, rule: RuleKind, known: Known, rows: int) -> RuleCheck:
    """What was found of a rule that quarantines no row.

    Args:
        rows: how many rows it looks at: those that no rule over one row quarantines.

    Raises:
        ConfigValueError: more rows break it than may, and it has the severity `stop`.
    """
    count, sentence = _count_broken(con, rule, known)
    check = _check_of(rule, rows, count, sentence or "")
    if check["failed"] and rule.severity == "stop":
        raise ConfigValueError(
            "rules", sentence or _say_broken(rule, count, rows), Message("data.rows_that_keep_it")
        )
    return check


def _say_broken(rule: RuleKind, count: int, rows: int) -> Message:
    """How many rows break a rule, and how many may."""
    if rule.mostly == 1:
        return Message("data.rows_of_rule", count=count, rule=rule.sentence())
    most = rule.may_break(rows)
    return Message(
        "data.rows_of_rule_share", count=count, rows=rows, rule=rule.sentence(), most=most
    )


def _quarantine_repeated_keys(con: DuckDBPyConnection, key: str) -> None:
    """Quarantine every row whose key an earlier row has."""
    column, reason = quote(key), text(f"{key} names an earlier row too, and it is the key")
    repeated = (
        f"select hash({column}) from _judged where _why is null group by 1 having count(*) > 1"
    )
    con.execute(
        f"insert into _aside select _row, {reason} from _judged where _why is null and"
        f" hash({column}) in ({repeated}) qualify row_number() over (partition by {column} order by"
        " _row) > 1"
    )


def _quarantine_rows(con: DuckDBPyConnection, rule: RuleKind, known: Known) -> int:
    """Quarantine the rows that break a rule over several rows, and return how many do; row rules
    were applied before.
    """
    listed = rule.rows("_judged", known)
    if not listed:
        return 0
    con.execute(f"create temp table _breaking as {listed}")
    con.execute(
        f"insert into _aside select _row, {text(rule.sentence())} from _breaking where _row not in"
        " (select _row from _aside)"
    )
    count = count_rows(con, "_breaking")
    con.execute("drop table _breaking")
    return count


def _count_broken(con: DuckDBPyConnection, rule: RuleKind, known: Known) -> tuple[int, str | None]:
    """How many rows break a rule; for a rule over the whole table 0 or 1, and what is wrong."""
    query, broken = rule.rows("_judged", known), rule.breaks()
    if not query and broken:
        query = f"select _row from _judged where _why is null and {broken}"
    if not query:
        sentence = rule.verdict(con, "_judged", known)
        return int(sentence is not None), sentence
    with name_failing_rule(con, [rule], "_judged"):
        return count_rows(con, f"({query})"), None


def split_rows(con: DuckDBPyConnection, dataset: Dataset, rows: RawTable) -> None:
    """Create `_parted`: the rows still there, `_why`, and `_split` of those without a reason."""
    plain = "select * exclude (_broken) from _judged"
    if count_rows(con, "_aside"):
        plain = (
            "select j.* exclude (_broken) replace (coalesce(j._why, a._reason) as _why) from"
            " _judged j left join _aside a using (_row)"
        )
    if dataset.split.none:
        con.execute(
            "create view _parted as select *, case when _why is null then 'train' end as _split"
            f" from ({plain})"
        )
        return
    con.execute(f"create view _still as {plain}")
    split = split_sql("_still", dataset, rows.source_condition(dataset.test_source))
    con.execute(f"create table _splits as {split}")
    con.execute(
        "create view _parted as select t.*, s._split from _still t left join _splits s using (_row)"
    )
