"""Moments read by the engine's strptime, which reads `%Y%m%d` of seven digits too: such formats read texts of their full width alone."""

from __future__ import annotations

from collections.abc import Sequence

from mesocosm.govern.expr import Column, cases, functions, literal, null
from mesocosm.govern.moments import COUNTED, width_of


def counted_once(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The formats, where at most one of them is a count.

    Raises:
        ValueError: two are, and a number would have two readings.
    """
    if len(counts := [f for f in formats if f in COUNTED]) > 1:
        raise ValueError(f"one of {' and '.join(counts)}: a number would have two readings")
    return formats


def moment(said: Column, forms: Sequence[str]) -> Column:
    """The moment of a text by the first of the formats that reads it, null where none does."""
    call = functions()["try_strptime"]
    said = cases((said.re_search("[0-9]"), said), other=null())  # the engine reads `epoch` and `infinity` as days
    widths = {form: width_of(form) for form in forms}
    found = []
    loose = [f for f in forms if widths[f] is None]
    if loose:
        found.append(call(said, literal(loose, "array<string>")))
    for width in sorted({w for w in widths.values() if w is not None}):
        text = cases((said.length() == width, said), other=null())
        found.append(call(text, literal([f for f in forms if widths[f] == width], "array<string>")))
    first = found[0] if found else null("timestamp")
    for other in found[1:]:
        first = first.coalesce(other)
    return first
