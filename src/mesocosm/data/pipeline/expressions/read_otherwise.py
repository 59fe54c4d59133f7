"""Whether a value is another than the text that it was read from says as it stands.

Knows expressions. A text that is a plain spelling of the value, as `12.50` of a number or
`2026-01-31` of a date, says it; `12,5 kg`, `31.01.2026` and a word for nothing do not. The marks of
a row are one text: `;` and an entry for each field.
"""

from __future__ import annotations

from mesocosm.data.pipeline.ibis_sql import Column, cases, literal
from mesocosm.data.pipeline.internal_names import name_entry

LOST = "\x1e"  # before the entry of a field whose text was read as no value


def other_entry(name: str) -> str:
    """What the marks of a row hold where a field has another value than its text says."""
    return f";{name_entry(name)}"


def lost_entry(name: str) -> str:
    """What they hold where a text was read as no value."""
    return f";{LOST}{name_entry(name)}"


def mark_of(original: Column, value: Column, name: str) -> Column:
    """The entry of a field; empty where its value is what the original says, or both are blank.

    Args:
        original: the cell as it came.
        value: what it was read as.
    """
    lost = value.isnull() & ~_is_blank(original)
    other = _differs(original, value)
    return cases(
        (lost, literal(lost_entry(name)[1:])),
        (other, literal(other_entry(name)[1:])),
        other=literal(""),
    )


def _differs(original: Column, value: Column) -> Column:
    """Whether a value is there, and the original does not say it as it stands."""
    there = value.notnull()
    if not original.type().is_string():
        if original.type().is_numeric() and value.type().is_numeric():
            return there & ~original.cast("float64").identical_to(value.cast("float64"))
        return there & literal(False)
    if value.type().is_string():
        return there & ~original.identical_to(value)
    if value.type().is_numeric() or value.type().is_temporal():
        return there & ~original.try_cast(str(value.type())).identical_to(value)
    return there & ~original.identical_to(value.cast("string"))


def _is_blank(original: Column) -> Column:
    """Whether a cell holds nothing."""
    if not original.type().is_string():
        return original.isnull()
    return original.isnull() | (original.strip() == "")
