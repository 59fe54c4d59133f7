"""Units as people write them: `m**2` of a file reads m². Knows texts only."""

from __future__ import annotations

import re

_POWER = re.compile(r"\s*(?:\*\*|\^)\s*(?:(-?\d+)|\((-?\d+)\))(?![\d.])")
_TIMES = re.compile(r"(?:(?<=[^\W\d_])|(?<=[⁰¹²³⁴⁵⁶⁷⁸⁹)]))\s*\*\s*(?=[^\W\d_(])")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def show_unit(unit: str) -> str:
    """A unit with raised powers and a dot between factors, which a file may write too.

    >>> show_unit("m**2"), show_unit("kg*m/s**2"), show_unit("s ** -1"), show_unit("EUR/month")
    ('m²', 'kg·m/s²', 's⁻¹', 'EUR/month')
    >>> show_unit("m**0.5"), show_unit("m**2*kg"), show_unit("1000*kg")
    ('m**0.5', 'm²·kg', '1000*kg')
    """
    raised = _POWER.sub(lambda power: (power[1] or power[2]).translate(_RAISED), unit)
    return _TIMES.sub("·", raised)
