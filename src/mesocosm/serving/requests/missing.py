"""Whether a field of a request was missing. Knows the words that sources write for nothing; loads
nothing, since each request may ask.
"""

from __future__ import annotations

from typing import Any

WORDS = frozenset(
    {"", "?", "na", "n/a", "nan", "null", "none", "-", "nil", "missing", "unknown"}
)  # what sources write for nothing


def spell(value: Any) -> str:
    """A value of a category as training counts it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_missing(raw: Any, clean: Any) -> bool:
    """Whether a field of a request was missing, though the recipe may have filled it.

    >>> is_missing("n/a", 2255.0), is_missing(0, 0.0), is_missing("none", "none")
    (True, False, False)
    """
    if clean is None or raw is None:
        return True
    return (
        isinstance(raw, str)
        and raw.strip().lower() in WORDS
        and spell(clean).lower() != raw.strip().lower()
    )
