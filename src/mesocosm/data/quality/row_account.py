"""The row counts of every source of a dataset: each row read is used, unmatched or repeated.

Knows the tables of the sources and how they are joined. The dataset's own row counts (kept,
quarantined, duplicates) are those of the build.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import SourceAccount
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset
from mesocosm.data.lookup import Partner
from mesocosm.data.pipeline.expressions.typed_rows import count_texts
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.pipeline.joins.aggregates import joined_table, taken_table
from mesocosm.data.pipeline.joins.keys import key_sql
from mesocosm.data.sources.query_results import count_rows, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PLACES = 10  # file:line examples of each sort


def account_sources(
    con: DuckDBPyConnection,
    dataset: Dataset,
    collected: Mapping[str, Collected],
    leads: Sequence[str],
) -> dict[str, SourceAccount]:
    """What became of the rows of each source that feeds a dataset.

    Returns:
        Per source: `role` (`rows`, `join` or `lookup`), `read` (rows and rejected lines), `used`,
            `unmatched`
        (rows of a partner whose key no leading row has), `repeated` (rows of a partner that follow
        the first one of a key, and are not used) and `rejected` (lines that could not be read).
        They add up: read = used + unmatched + repeated + rejected. A partner also has `matched`
        (leading rows that it was joined to) and `without` (leading rows that found no row in it);
        `unmatched_at` and `repeated_at` hold the places of the first rows as `file:line`, and
        `repeated_differ` counts the repeated rows that are not equal to the row that was used.

    Raises:
        MesocosmError: the counts of a source do not add up.
    """
    found = {source: _count_lead(con, source, collected[source]) for source in leads}
    for source, how in dataset.source.partners.items():
        if source in found:  # its own partner: each row is read once and used as a leading row
            continue
        account = _count_partner(con, source, how, collected[source], leads)
        account["role"] = "lookup" if source in dataset.source.lookup else "join"
        found[source] = account
    for source, account in found.items():
        _check_sum(source, account)
    return found


def _check_sum(source: str, account: SourceAccount) -> None:
    """Refuse an account whose parts are not all rows that were read."""
    total = account["used"] + account["unmatched"] + account["repeated"] + account["rejected"]
    if account["read"] != total:
        raise MesocosmError(
            Message("data.source_counts_do_not_add_up", source=source, account=str(account))
        )


def _count_lead(con: DuckDBPyConnection, source: str, collected: Collected) -> SourceAccount:
    table, rejected = quote("src_" + source), len(collected.unreadable)
    rows = count_rows(con, table)
    return {
        "role": "rows",
        "read": rows + rejected,
        "used": rows,
        "unmatched": 0,
        "repeated": 0,
        "rejected": rejected,
    }


def _count_partner(
    con: DuckDBPyConnection, source: str, how: Partner, collected: Collected, leads: Sequence[str]
) -> SourceAccount:
    rejected = len(collected.unreadable)
    keys = " union all ".join(
        f"select {key_sql('l', how.left, how.match)} as k from {quote('src_' + lead)} l"
        for lead in leads
    )
    con.execute(
        f"create temp table _partner as select f, n, h, {_fate_sql(source, how, keys)} as what, k"
        f" from ({_ranked_sql(source, how, collected.columns)})"
    )
    counts = count_texts(con, "select what, count(*) from _partner group by 1")
    unmatched_at, repeated_at = _places_of(con, "unmatched"), _places_of(con, "repeated")
    (differ,) = read_counts(
        con,
        "select count(*) from _partner a join _partner b using (k) where a.what = 'repeated' and"
        " b.what = 'used' and a.h <> b.h",
    )
    all_rows, matched = read_counts(
        con,
        "select count(*), count(*) filter (k in (select k from _partner where what = 'used')) from"
        f" ({keys})",
    )
    if how.moments:  # a key may have rows in time for some leading rows only
        matched = count_rows(con, joined_table(source, how))
    con.execute("drop table _partner")
    return {
        "read": sum(counts.values()) + rejected,
        "used": counts.get("used", 0),
        "unmatched": counts.get("unmatched", 0),
        "repeated": counts.get("repeated", 0),
        "rejected": rejected,
        "on": how.keys,
        "matched": matched,
        "without": all_rows - matched,
        "repeated_differ": differ,
        "unmatched_at": unmatched_at,
        "repeated_at": repeated_at,
    }


def _fate_sql(source: str, how: Partner, keys: str) -> str:
    """SQL of what became of a row of a partner: used, repeated or unmatched.

    Args:
        keys: SQL of the keys of the leading rows.
    """
    if how.moments:
        taken = f"(f, n) in (select (_file, _line) from {taken_table(source)})"
        return f"case when {taken} then 'used' else 'unmatched' end"
    later = "'used'" if how.aggregates else "'repeated'"  # all rows of a key are aggregated
    return (
        f"case when k is null or k not in (select k from ({keys}) where k is not null) then"
        f" 'unmatched' when r > 1 then {later} else 'used' end"
    )


def _ranked_sql(source: str, how: Partner, columns: Sequence[str]) -> str:
    """SQL of the rows of a partner with their key, their place, the hash of their other columns,
    and which row of their key they are.
    """
    others = ", ".join(f"s.{quote(column)}" for column in columns if column != how.right)
    key = key_sql("s", how.right, how.match)
    return (
        f"select {key} as k, s._file as f, s._line as n, hash({others or '0'})"
        f" as h, row_number() over (partition by {key} order by s._file, s._line)"
        f" as r from {quote('src_' + source)} s"
    )


def _places_of(con: DuckDBPyConnection, what: str) -> list[str]:
    """Where the first rows of a sort are, as `file:line`."""
    query = f"select f, n from _partner where what = '{what}' order by f, n limit {PLACES}"
    return [f"{file}:{line}" for file, line in con.execute(query).fetchall()]


def sentences(accounts: Mapping[str, SourceAccount]) -> list[Message]:
    """The accounts in words, a line for each source; none where one source alone feeds the dataset.

    >>> sentences({"a": {"role": "rows", "read": 3, "used": 3, "rejected": 0}})
    []
    """
    if len(accounts) < 2:
        return []
    return [_sentence(source, account) for source, account in accounts.items()]


def _sentence(source: str, account: SourceAccount) -> Message:
    line = Message(
        "progress.source_read",
        source=source,
        read=account["read"],
        used=account["used"],
        unmatched=account["unmatched"],
        repeated=account["repeated"],
    )
    if account["rejected"]:
        line = Message("progress.source_rejected", account=line, rejected=account["rejected"])
    if account["role"] == "rows":
        return line
    if account["without"]:
        line = Message("progress.source_without", account=line, count=account["without"])
    if account["repeated"]:
        line = _add_repeated(line, account)
    return line


def _add_repeated(line: Message, account: SourceAccount) -> Message:
    """A line with the places of the rows of a partner that follow the first one of a key."""
    key, repeated = account["on"], account["repeated"]
    places = _shown(account["repeated_at"], repeated)
    if not account["repeated_differ"]:
        return Message(
            "progress.source_repeated", account=line, key=key, repeated=repeated, places=places
        )
    return Message(
        "progress.source_repeated_differ",
        account=line,
        key=key,
        repeated=repeated,
        places=places,
        differ=account["repeated_differ"],
    )


def _shown(places: Sequence[str], count: int, most: int = 3) -> Message | tuple[str, ...]:
    """The first places, and how many more there are."""
    first = tuple(places[:most])
    if count <= most:
        return first
    return Message("progress.places_and_more", places=first, more=count - most)
