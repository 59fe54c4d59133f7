"""Whether a field of a request was missing. Knows the words that sources write for a missing value;
imports nothing, since each request may need it.
"""

from __future__ import annotations

# what sources write for a missing value
WORDS = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "-", "nil", "missing", "unknown"})


def spell(value: object) -> str:
    """A value of a category as training counts it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def is_missing(raw: object, clean: object) -> bool:
    """Whether a field of a request was missing, though the recipe may have imputed it.

    >>> is_missing("n/a", 2255.0), is_missing(0, 0.0), is_missing("none", "none")
    (True, False, False)
    """
    if clean is None or raw is None:
        return True
    if not isinstance(raw, str):
        return False
    word = raw.strip().lower()
    return word in WORDS and spell(clean).lower() != word
