"""Moments as a reader writes them. Knows Babel, which is loaded for other languages only."""

from __future__ import annotations

from datetime import UTC, datetime

from mesocosm.core.messages.language import SOURCE, current_language


def format_moment(at: float, language: str | None = None) -> str:
    """A moment in UTC to the minute, in a language, by default the reader's.

    >>> format_moment(0, "en"), format_moment(0, "zh")
    ('1970-01-01 00:00 UTC', '1970年1月1日 00:00 UTC')
    """
    language = language or current_language()
    moment = datetime.fromtimestamp(at, UTC)
    if language == SOURCE:
        return moment.strftime("%Y-%m-%d %H:%M UTC")
    from babel.dates import format_date, format_time

    day = format_date(moment, "long", locale=language)
    return f"{day} {format_time(moment, 'HH:mm', locale=language)} UTC"
