"""The rows of a source that adds columns, for each leading row: those of its key that are not after
its moment, so that nothing of the future is joined.

Knows the tables of the sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.lookup import Moments, Partner
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.pipeline.joins.keys import key_sql
from mesocosm.data.sources.path_utils import text
from mesocosm.data.sources.query_results import count_rows, describe_columns, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TYPED = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"}
ZONE = r".*\d\d:\d\d.*(Z|z|[+-]\d\d(:?\d\d)?)"  # a moment with a zone
LEAD = {"_lead": "l._source", "_lead_file": "l._file", "_lead_line": "l._line"}


def pairs_sql(
    con: DuckDBPyConnection, leads: Sequence[str], partner: str, how: Partner, setting: str
) -> str:
    """SQL of the pairs of a leading row (`_lead`, `_lead_file`, `_lead_line`) and each row `s` of a
    partner that has its key, is not after its moment, and is within the time given. Where a source
    leads and adds columns too, a row is not paired with itself.

    Raises:
        ConfigValueError: a moment is no date or moment of ISO 8601.
    """
    moments = how.moments
    assert moments is not None
    zoned = {lead: _check_moments(con, lead, moments.left, f"{setting}.at") for lead in leads}
    zoned[partner] = _check_moments(con, partner, moments.right, f"{setting}.time")
    if {True, False} <= set(zoned.values()):
        raise _explain_zones(f"{setting}.time", zoned)
    rows = " union all ".join(_lead_sql(con, lead, how, moments) for lead in leads)
    later = f"{_moment(con, partner, 's', moments.right)} <= l._at"
    if moments.within:
        later += f" and {_moment(con, partner, 's', moments.right)} > l._at - {moments.interval}"
    if partner in leads:  # a row is no earlier one of its own key
        own = f"l._source = {text(partner)} and l._file = s._file and l._line = s._line"
        later += f" and not ({own})"
    key = key_sql("s", how.right, how.match)
    return f"from ({rows}) l join {quote('src_' + partner)} s on l._key = {key} and {later}"


def latest_sql(con: DuckDBPyConnection, partner: str, how: Partner) -> str:
    """SQL that keeps of each leading row the latest pair; of equal moments the last one written."""
    assert how.moments is not None
    at = _moment(con, partner, "s", how.moments.right)
    return (
        "qualify row_number() over (partition by l._source, l._file, l._line order by"
        f" {at} desc, s._file desc, s._line desc) = 1"
    )


def _lead_sql(con: DuckDBPyConnection, lead: str, how: Partner, moments: Moments) -> str:
    """SQL of the places, keys and moments of the rows of a lead source."""
    return (
        f"select {text(lead)} as _source, r._file, r._line, {key_sql('r', how.left, how.match)} as"
        f" _key, {_moment(con, lead, 'r', moments.left)} as _at from {quote('src_' + lead)} r"
    )


def _moment(con: DuckDBPyConnection, source: str, alias: str, column: str) -> str:
    """SQL of a moment; of a date its beginning."""
    cell = f"{alias}.{quote(column)}"
    if describe_columns(con, quote("src_" + source)).get(column) in TYPED:
        return f"{cell}::timestamp"
    written = f"nullif(trim({cell}::varchar), '')"
    return (
        f"case when regexp_full_match({written}, {text(ZONE)}) then"
        f" make_timestamp(epoch_us(try_cast({written} as timestamptz)))"
        f" else try_cast({written} as timestamp) end"
    )


def _check_moments(con: DuckDBPyConnection, source: str, column: str, setting: str) -> bool | None:
    """Refuse a column of moments that is not there, or holds what is none, with the first place.

    Returns:
        Whether its moments have a zone; None where it holds none.
    """
    table = f"{quote('src_' + source)} s"
    columns = describe_columns(con, quote("src_" + source))
    if column not in columns:
        raise ConfigValueError(
            setting,
            Message("data.source_without_column", source=source, column=column),
            Message("data.column_of_source"),
            sorted(columns),
            column,
        )
    written = f"nullif(trim(s.{quote(column)}::varchar), '')"
    unread = f"{written} is not null and {_moment(con, source, 's', column)} is null"
    if count := count_rows(con, table, unread):
        first = f"select _file, _line from {table} where {unread} order by _file, _line limit 1"
        file, line = con.execute(first).fetchall()[0]
        raise ConfigValueError(
            setting,
            Message(
                "data.no_moments", count=count, column=column, source=source, place=f"{file}:{line}"
            ),
            Message("data.iso_moments"),
        )
    zoned, plain = read_counts(
        con,
        f"select count(*) filter ({_zoned(written)}), count({written}) - count(*) filter"
        f" ({_zoned(written)}) from {table}",
    )
    if zoned and plain:
        raise _explain_zones(setting, {source: True, f"{source} ({plain})": False})
    return bool(zoned) if zoned or plain else None


def _zoned(written: str) -> str:
    """SQL of whether a moment has a zone."""
    return f"regexp_full_match({written}, {text(ZONE)})"


def _explain_zones(setting: str, zoned: dict[str, bool | None]) -> ConfigValueError:
    """That some moments have a zone and others none, so that they cannot be compared."""
    return ConfigValueError(
        setting,
        Message(
            "data.mixed_zones",
            zoned=tuple(name for name, has in zoned.items() if has),
            plain=tuple(name for name, has in zoned.items() if has is False),
        ),
        Message("data.one_zone"),
    )
