"""The rows of a source that adds columns, for each leading row: those of its key that are not after
its moment, so that nothing of the future is joined.

Knows the tables of the sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.lookup import Moments, Partner
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.pipeline.joins.keys import key_sql
from mesocosm.data.pipeline.joins.refused_values import check_column, refuse_unread, written_sql
from mesocosm.data.sources.path_utils import text
from mesocosm.data.sources.query_results import describe_columns, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TYPED = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"}
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?"
WITHOUT_ZONE = rf"{_DAY}({_CLOCK})?"
WITH_ZONE = rf"{_DAY}{_CLOCK} ?(Z|[+-]\d{{2}}(:?\d{{2}})?)"
LEAD = ("_lead", "_lead_file", "_lead_line")  # where a leading row stands
AT = "_joined_at"  # the moment of a row that is joined


def pair_rows(
    con: DuckDBPyConnection, leads: Sequence[str], partner: str, how: Partner, moments: Moments
) -> str:
    """Create the table of the pairs of a leading row (`LEAD`) and each row of a partner that has
    its key, is not after its moment, and is within the time given; its quoted name. Where a source
    leads and adds columns too, a row is not paired with itself.

    Raises:
        ConfigValueError: a moment is no date or moment of ISO 8601.
    """
    setting, pairs = f"from.lookup.{partner}", quote("pairs_" + partner)
    zoned = {lead: _check_moments(con, lead, moments.left, f"{setting}.at") for lead in leads}
    zoned[partner] = _check_moments(con, partner, moments.right, f"{setting}.time")
    if {True, False} <= set(zoned.values()):
        raise _explain_zones(f"{setting}.time", zoned)
    rows = " union all ".join(_lead_sql(con, lead, how, moments) for lead in leads)
    at = _moment(con, partner, moments.right)
    joined = f"l._key = {key_sql('s', how.right, how.match)} and {at} <= l._at"
    if moments.within:
        joined += f" and {at} > l._at - {moments.interval}"
    if partner in leads:  # a row is no earlier one of its own key
        own = f"l._lead = {text(partner)} and l._lead_file = s._file and l._lead_line = s._line"
        joined += f" and not ({own})"
    con.execute(
        f"create temp table {pairs} as select {', '.join(f'l.{name}' for name in LEAD)}, {at} as"
        f" {AT}, s.* from ({rows}) l join {quote('src_' + partner)} s on {joined}"
    )
    return pairs


def latest_sql(pairs: str) -> str:
    """SQL of the latest pair of each leading row; of equal moments the last one written."""
    return (
        f"select * from {pairs} qualify row_number() over (partition by {', '.join(LEAD)} order by"
        f" {AT} desc, _file desc, _line desc) = 1"
    )


def _lead_sql(con: DuckDBPyConnection, lead: str, how: Partner, moments: Moments) -> str:
    """SQL of the places, keys and moments of the rows of a lead source."""
    return (
        f"select {text(lead)} as _lead, s._file as _lead_file, s._line as _lead_line,"
        f" {key_sql('s', how.left, how.match)} as _key, {_moment(con, lead, moments.left)} as _at"
        f" from {quote('src_' + lead)} s"
    )


def _columns_of(con: DuckDBPyConnection, source: str) -> Mapping[str, str]:
    return describe_columns(con, quote("src_" + source))


def _moment(con: DuckDBPyConnection, source: str, column: str) -> str:
    """SQL of a moment of the table `s`; of a date its beginning."""
    if _columns_of(con, source).get(column) in TYPED:
        return f"s.{quote(column)}::timestamp"
    written = written_sql(column)
    return (
        f"case when {_has_form(written, WITH_ZONE)} then"
        f" make_timestamp(epoch_us(try_cast(replace({written}, ',', '.') as timestamptz)))"
        f" else {plain_moment(written)} end"
    )


def plain_moment(written: str) -> str:
    """SQL of a moment without a zone, written in ISO 8601; null where it is none."""
    moment = f"try_cast(replace({written}, ',', '.') as timestamp)"
    return f"case when {_has_form(written, WITHOUT_ZONE)} then {moment} end"


def _has_form(written: str, form: str) -> str:
    return f"regexp_full_match({written}, {text(form)})"


def _check_moments(con: DuckDBPyConnection, source: str, column: str, setting: str) -> bool | None:
    """Refuse a column of moments that is not there, or holds what is none, with the first place.

    Returns:
        Whether its moments have a zone; None where it holds none.
    """
    check_column(setting, source, column, _columns_of(con, source))
    written = written_sql(column)
    unread = f"{written} is not null and {_moment(con, source, column)} is null"
    place = (setting, source, column)
    refuse_unread(con, place, unread, "data.no_moments", Message("data.iso_moments"))
    zoned, every = read_counts(
        con,
        f"select count(*) filter ({_has_form(written, WITH_ZONE)}), count({written}) from"
        f" {quote('src_' + source)} s",
    )
    if 0 < zoned < every:
        raise _explain_zones(setting, {source: True, f"{source} ({every - zoned})": False})
    return bool(zoned) if every else None


def _explain_zones(setting: str, zoned: Mapping[str, bool | None]) -> ConfigValueError:
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
