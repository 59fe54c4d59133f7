"""Numbers within values of any type, as rows and JSON hold them. Knows Python's numbers."""

from __future__ import annotations

from typing import SupportsFloat


def to_float(value: object) -> float:
    """A value of a row as a number, read as `float` reads it.

    Raises:
        TypeError: it is neither a number nor a text.
        ValueError: it is a text that is not a number.

    >>> to_float(3), to_float("0.5")
    (3.0, 0.5)
    """
    if isinstance(value, str | SupportsFloat):
        return float(value)
    raise TypeError(f"expected a number, got {type(value).__name__}")


def to_int(value: object) -> int:
    """A value of a row as a whole number, read as `int` reads it; of a float its whole part.

    Raises:
        TypeError: it is neither a number nor a text.

    >>> to_int(3.0), to_int("4"), to_int(True)
    (3, 4, 1)
    """
    if isinstance(value, str | int | float):
        return int(value)
    raise TypeError(f"expected a whole number, got {type(value).__name__}")
