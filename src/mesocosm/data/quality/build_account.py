"""The row counts of a build: what became of every row and line that was read.

Knows the tables of a finished run. The row counts of single sources are in `row_account`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message, combine
from mesocosm.data.quality.report import count_reasons
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class RowCounts:
    """Rows and lines of a build, counted on the way.

    Args:
        staged: rows that were read and are not too old.
        erased: rows and lines of erased subjects.
        expired: rows that are too old.
        unreadable: why each line that is no row cannot be read.
    """

    staged: int
    erased: int
    expired: int
    unreadable: list[str]


def account_rows(con: DuckDBPyConnection, counts: RowCounts) -> dict[str, int]:
    """What became of every row and line: kept, quarantined, duplicate, erased or expired.

    Raises:
        MesocosmError: the counts do not add up.
        ConfigValueError: no row is kept.
    """
    quarantined, raw, bad = (
        count_rows(con, "_set_aside"),
        count_rows(con, "_raw"),
        counts.unreadable,
    )
    account = {
        "in": raw + counts.erased + len(bad),
        "kept": count_rows(con, "_parted") - quarantined,
        "quarantined": quarantined + len(bad),
        "duplicates": count_rows(con, "_drops"),
    }
    if counts.erased:
        account["forgotten"] = counts.erased
    if counts.expired:
        account["expired"] = counts.expired
    total = sum(account.values()) - account["in"]
    if account["in"] != total or raw != counts.staged + counts.expired:
        raise MesocosmError(Message("data.counts_do_not_add_up", account=str(account)))
    if not account["kept"] and account["in"]:
        raise _explain_none_kept(con, counts, account["in"])
    return account


def _explain_none_kept(
    con: DuckDBPyConnection, counts: RowCounts, rows_in: int
) -> ConfigValueError:
    """Why no row is kept, by the most frequent reasons."""
    reasons = list(count_reasons(con, counts.unreadable).items())[:3]
    parts = [Message("data.rows_because", rows=rows, reason=reason) for reason, rows in reasons]
    why = combine("core.semicolon", parts)
    return ConfigValueError(
        "",
        Message("data.no_rows_kept", rows=rows_in, why=why or Message("data.all_dropped")),
        Message("data.rows_that_fit"),
    )
