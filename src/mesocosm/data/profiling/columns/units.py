"""Which unit stands beside a column's figures: one for all, or several that convert into it. Knows
units and currencies, and how large the figures of each are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mesocosm.core.units import CURRENCIES, HAN, WORDS, factor, known

UNITS = {
    "克": ("g", 1.0),
    "千克": ("kg", 1.0),
    "公斤": ("kg", 1.0),
    "斤": ("kg", 0.5),
    "毫克": ("mg", 1.0),
    "吨": ("t", 1.0),
    "米": ("m", 1.0),
    "厘米": ("cm", 1.0),
    "毫米": ("mm", 1.0),
    "公里": ("km", 1.0),
    "千米": ("km", 1.0),
    "升": ("L", 1.0),
    "毫升": ("mL", 1.0),
    "秒": ("second", 1.0),
    "分钟": ("minute", 1.0),
    "小时": ("hour", 1.0),
    "天": ("day", 1.0),
    "日": ("day", 1.0),
    "周": ("week", 1.0),
    "个月": ("month", 1.0),
    "月": ("month", 1.0),
    "年": ("year", 1.0),
}
PLURAL = {
    "years": "year",
    "months": "month",
    "weeks": "week",
    "days": "day",
    "hours": "hour",
    "minutes": "minute",
    "seconds": "second",
    "miles": "mile",
}


@dataclass
class Numbers:
    """What the values prove: settings of a field and a sentence, or why they prove nothing
    (`open`).
    """

    settings: dict[str, object] = field(default_factory=lambda: {})
    why: str = ""
    open: str = ""


@lru_cache(maxsize=1)
def currencies() -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for name in CURRENCIES:
        for word in (name, *WORDS.get(name, ())):
            found.setdefault(word, (name, 1.0))
            for han, many in HAN.items():
                found.setdefault(han + word, (name, many))
        found.setdefault(f"k{name}", (name, 1000.0))
    return found


def unit_of(said: str, apart: bool) -> tuple[str, float] | None:
    """The unit that a text names and how many of it it is; None where it is not known.

    Args:
        apart: whether a space stands between the figure and the text.

    >>> unit_of("months", True), unit_of("千克", False), unit_of("kDM", True), unit_of("万元", False), unit_of("A", False)
    (('month', 1.0), ('kg', 1.0), ('DM', 1000.0), ('CNY', 10000.0), None)
    """
    if said in currencies():
        return currencies()[said]
    if said in UNITS:
        return UNITS[said]
    name = PLURAL.get(said, said)
    if known(name) or (apart and len(said) > 1 and factor(name, name) is not None):
        return name, 1.0
    return None


def united(values: Mapping[str, tuple[str, float, int, bool]]) -> Numbers:
    """The one unit of all values: each with the text beside it, its figure, its rows, and whether a
    space is between.
    """
    groups: dict[str, list[float]] = {}
    rows: Counter[str] = Counter()
    apart: dict[str, bool] = {}
    for beside, number, count, spaced in values.values():
        groups.setdefault(beside, []).append(number)
        rows[beside] += count
        apart[beside] = apart.get(beside, True) and spaced
    named = [u for u in groups if u]
    if not named:
        return Numbers({"_factors": {}})
    units = {u: unit_of(u, apart[u]) for u in named}
    shown = ", ".join(f"'{u}' ({rows[u]} rows)" for u in sorted(named, key=lambda u: -rows[u])[:8])
    unknown = [u for u, unit in units.items() if unit is None]
    if unknown:
        if (
            len(named) == 1
            and (len(named[0]) > 1 or not named[0].isascii())
            and alike(groups[named[0]], groups.get("", []))
        ):
            return Numbers(
                {"spellings": {named[0]: 1.0}, "_factors": {}},
                f"; beside them stands {shown}, one word for all"
                + (
                    f", and the {rows['']} figures without it are of the same size"
                    if rows[""]
                    else ""
                ),
            )
        return Numbers(
            open=(
                f"figures with {shown} beside them, and which of these are units is not known; it"
                " stays as it is written"
            )
        )
    found = {u: unit for u, unit in units.items() if unit}
    first = max(found, key=lambda u: (rows[u], u))
    bases = sorted(
        {unit[0] for unit in found.values()},
        key=lambda b: -sum(rows[u] for u in found if found[u][0] == b),
    )
    base = bases[0]
    if any(factor(b, base) is None for b in bases):
        money = [b for b in bases if b in CURRENCIES]
        more = (
            f"; 'rates' in the field would turn them into {base}"
            if len(money) == len(bases)
            else ""
        )
        return Numbers(
            open=(
                f"its amounts are in {len(bases)} {'currencies' if more else 'kinds of units'} that"
                f" do not convert into each other: {shown}{more}; it stays as it is written"
            )
        )
    if "" in groups:
        fits = [
            b
            for b in bases
            if alike(
                [
                    x * found[u][1] * float(factor(found[u][0], b) or 1.0)
                    for u in found
                    if found[u][0] == b
                    for x in groups[u]
                ],
                groups[""],
            )
        ]
        fits = fits or [b for b in bases if b == base and len(found) == 1]
        if len(fits) != 1 or not alike(
            [x for u in found if found[u] == (fits[0], 1.0) for x in groups[u]], groups[""]
        ):
            return Numbers(
                open=(
                    f"{rows['']} figures have no unit and the others have {shown}; the sizes do not"
                    " tell which unit is meant; it stays as it is written"
                )
            )
        base = fits[0]
        if base == "%" and (parts := _fractions(groups, found)):
            return Numbers(
                open=(
                    f"{rows['']} figures have no unit and the others have {shown}; {parts} of the"
                    f" different ones without a unit, such as {min(groups['']):g}, may be"
                    " fractions, a hundredth of what stands beside %; it stays as it is written"
                )
            )
    elif found[first][0] != base:
        base = found[first][0]
    factors = {u: unit[1] * float(factor(unit[0], base) or 1.0) for u, unit in found.items()}
    odd = {u: f for u, f in factors.items() if u in UNITS or (u in HAN)}
    settings: dict[str, object] = {"unit": base, "_factors": factors}
    if odd:
        settings["spellings"] = {u: odd[u] for u in sorted(odd)}
    others = [f"1 {u} = {f:g} {base}" for u, f in sorted(factors.items()) if f != 1.0]
    bare = (
        f"; the {rows['']} figures without a unit are of the size of those in {base}"
        if "" in groups
        else ""
    )
    return Numbers(
        settings,
        f" in {base}: beside them stands {shown}{'; ' + ', '.join(others) if others else ''}{bare}",
    )


def _fractions(groups: Mapping[str, list[float]], found: Mapping[str, tuple[str, float]]) -> int:
    """How many figures without a unit would be of the size of the percentages only if they were
    fractions.
    """
    percent = [abs(x) for u in found for x in groups[u] if x]
    low, high = (min(percent), max(percent)) if percent else (0.0, 0.0)
    return sum(
        0 < abs(x) <= 1 and abs(x) < low and low <= 100 * abs(x) <= high * 1.001 for x in groups[""]
    )


def alike(some: list[float], others: list[float]) -> bool:
    """Whether two lists of figures are of one size: their medians within a factor of three."""
    if not some or not others:
        return True
    a, b = sorted(some)[len(some) // 2], sorted(others)[len(others) // 2]
    return a == b or (a > 0 and b > 0 and 1 / 3 <= a / b <= 3)
