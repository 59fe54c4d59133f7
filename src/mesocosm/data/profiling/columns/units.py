"""Which unit stands beside a column's figures: one for all, or several that convert into it. Knows
units and currencies, and how large the figures of each are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from mesocosm.core.values.chinese_units import TRADITIONAL
from mesocosm.core.values.shown_units import show_unit
from mesocosm.core.values.units import (
    CURRENCIES,
    HAN,
    WORDS,
    find_factor,
    is_common,
    names_several_sizes,
)
from mesocosm.data.profiling.columns.column import AS_WRITTEN, FieldSettings

UNITS = {
    "克": ("g", 1.0),
    "千克": ("kg", 1.0),
    "公斤": ("kg", 1.0),
    "斤": ("kg", 0.5),
    "两": ("kg", 0.05),
    "毫克": ("mg", 1.0),
    "吨": ("t", 1.0),
    "米": ("m", 1.0),
    "厘米": ("cm", 1.0),
    "毫米": ("mm", 1.0),
    "公里": ("km", 1.0),
    "千米": ("km", 1.0),
    "里": ("km", 0.5),
    "平方米": ("m**2", 1.0),
    "平米": ("m**2", 1.0),
    "㎡": ("m**2", 1.0),
    "公顷": ("hectare", 1.0),
    "亩": ("亩", 1.0),
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
    "岁": ("year", 1.0),
    "℃": ("degC", 1.0),
    "摄氏度": ("degC", 1.0),
    "毫摩尔": ("mmol", 1.0),
    "毫米汞柱": ("mmHg", 1.0),
}
UNITS |= {word.translate(TRADITIONAL): unit for word, unit in UNITS.items()}
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


SHOWN = 8  # units in a sentence
Named: TypeAlias = dict[str, tuple[str, float]]  # the unit of a text, and how many of it it is


@dataclass(frozen=True)
class Measure:
    """One value of a column: the text beside its figure, the figure, its rows, and whether a space
    stands between.
    """

    beside: str
    number: float
    rows: int
    spaced: bool


@dataclass(frozen=True)
class Units:
    """What the values prove of their units: settings of a field, how many of its unit each text
    stands for, and a sentence; or why they prove nothing (`open`).
    """

    settings: FieldSettings = field(default_factory=lambda: {})
    factors: dict[str, float] = field(default_factory=lambda: {})
    why: str = ""
    open: str = ""


class _Groups:
    """The figures of a column by the text beside them, with their rows, and whether a space always
    stands between.
    """

    def __init__(self, measures: Iterable[Measure]) -> None:
        self.figures: dict[str, list[float]] = {}
        self.rows = Counter[str]()
        self.spaced: dict[str, bool] = {}
        for one in measures:
            self.figures.setdefault(one.beside, []).append(one.number)
            self.rows[one.beside] += one.rows
            self.spaced[one.beside] = self.spaced.get(one.beside, True) and one.spaced
        self.named = [text for text in self.figures if text]
        self.bare = self.figures.get("", [])

    @property
    def shown(self) -> str:
        """The texts, those of the most rows first, with their rows."""
        ranked = sorted(self.named, key=lambda text: -self.rows[text])
        return ", ".join(f"'{text}' ({self.rows[text]} rows)" for text in ranked[:SHOWN])


@lru_cache(maxsize=1)
def list_currencies() -> dict[str, tuple[str, float]]:
    """The texts that name a currency, each with its code and how many of it they stand for."""
    found: dict[str, tuple[str, float]] = {}
    for name in CURRENCIES:
        for word in (name, *WORDS.get(name, ())):
            found.setdefault(word, (name, 1.0))
            for han, many in HAN.items():
                found.setdefault(han + word, (name, many))
        found.setdefault(f"k{name}", (name, 1000.0))
    return found


def identify_unit(text: str, spaced: bool) -> tuple[str, float] | None:
    """The unit that a text names and how many of it it is; None where it is not known.

    Args:
        spaced: whether a space stands between the figure and the text.

    >>> identify_unit("months", True), identify_unit("千克", False), identify_unit("kDM", True)
    (('month', 1.0), ('kg', 1.0), ('DM', 1000.0))
    >>> identify_unit("万元", False), identify_unit("A", False), identify_unit("℃", False)
    (('CNY', 10000.0), None, ('degC', 1.0))
    """
    known = list_currencies().get(text) or UNITS.get(text)
    if known:
        return known
    name = PLURAL.get(text, text)
    if is_common(name) or (spaced and len(text) > 1 and find_factor(name, name) is not None):
        return name, 1.0
    return None if text.isascii() or text.count("/") != 1 else _identify_ratio(text)


def _identify_ratio(text: str) -> tuple[str, float] | None:
    """The unit of two with a slash between, one of them Chinese, and how many of it they are.

    >>> _identify_ratio("元/斤"), _identify_ratio("公里/小时"), _identify_ratio("次/分")
    (('CNY/kg', 2.0), ('km/hour', 1.0), None)
    """
    above, per = text.split("/")
    one, other = identify_unit(above, False), identify_unit(per, False)
    if not one or not other:
        return None
    return f"{one[0]}/{other[0]}", one[1] / other[1]


def find_common_unit(measures: Iterable[Measure]) -> Units:
    """Find the one unit of all values."""
    groups = _Groups(measures)
    if not groups.named:
        return Units()
    units = _identify_units(groups)
    if len(units) < len(groups.named):
        return _accept_one_word(groups)
    bases = _rank_bases(groups, units)
    if any(find_factor(base, bases[0]) is None for base in bases):
        return Units(open=_explain_inconvertible(groups, bases))
    if "" in groups.figures:
        return _convert_bare(groups, units, bases)
    base, _ = units[max(units, key=lambda text: (groups.rows[text], text))]
    return _convert(groups, units, base)


def _identify_units(groups: _Groups) -> Named:
    """The unit of each text that names one."""
    units: Named = {}
    for text in groups.named:
        unit = identify_unit(text, groups.spaced[text])
        if unit:
            units[text] = unit
    return units


def _convert_bare(groups: _Groups, units: Named, bases: list[str]) -> Units:
    """The settings where some figures have no unit and the others have some that are known; or why
    the unit of the bare ones is not.
    """
    base = _find_base_of_bare(groups, units, bases)
    if base is None:
        return Units(
            open=(
                f"{groups.rows['']} figures have no unit and the others have {groups.shown}; the"
                f" sizes do not tell which unit is meant; {AS_WRITTEN}"
            )
        )
    fractions = _count_fractions(groups) if base == "%" else 0
    if fractions:
        return Units(
            open=(
                f"{groups.rows['']} figures have no unit and the others have {groups.shown};"
                f" {fractions} of the different ones without a unit, such as"
                f" {min(groups.bare):g}, may be fractions, a hundredth of what stands beside %;"
                f" {AS_WRITTEN}"
            )
        )
    return _convert(groups, units, base)


def _accept_one_word(groups: _Groups) -> Units:
    """A word that is no known unit, where it stands beside all figures; else why none is proven."""
    word = groups.named[0]
    is_word = len(word) > 1 or not word.isascii()
    if len(groups.named) > 1 or not is_word or not are_alike(groups.figures[word], groups.bare):
        return Units(
            open=(
                f"figures with {groups.shown} beside them, and which of these are units is not"
                f" known; {AS_WRITTEN}"
            )
        )
    why = f"; beside them stands {groups.shown}, one word for all"
    if groups.rows[""]:
        why += f", and the {groups.rows['']} figures without it are of the same size"
    if names_several_sizes(word):
        why += "; of which size it is stays open: 'unit' says it"
    return Units({"spellings": {word: 1.0}}, why=why)


def _rank_bases(groups: _Groups, units: Named) -> list[str]:
    """The units that the texts name, that of the most rows first."""
    rows = Counter[str]()
    for text, (base, _) in units.items():
        rows[base] += groups.rows[text]
    return sorted(rows, key=lambda base: (-rows[base], base))


def _explain_inconvertible(groups: _Groups, bases: list[str]) -> str:
    kinds, hint = "kinds of units", ""
    if all(base in CURRENCIES for base in bases):
        kinds, hint = "currencies", f"; 'rates' in the field would turn them into {bases[0]}"
    return (
        f"its amounts are in {len(bases)} {kinds} that do not convert into each other:"
        f" {groups.shown}{hint}; {AS_WRITTEN}"
    )


def _find_base_of_bare(groups: _Groups, units: Named, bases: list[str]) -> str | None:
    """The unit of the figures without one, by their size; None where that is not known."""
    fits = [base for base in bases if _are_of_size(groups, units, base)]
    if not fits and len(units) == 1:
        fits = bases[:1]
    if len(fits) == 1 and _are_of_plain_size(groups, units, fits[0]):
        return fits[0]
    return None


def _are_of_plain_size(groups: _Groups, units: Named, base: str) -> bool:
    """Whether the figures without a unit are of the size of those in a base itself."""
    plain = {text: unit for text, unit in units.items() if unit == (base, 1.0)}
    return _are_of_size(groups, plain, base)


def _are_of_size(groups: _Groups, units: Named, base: str) -> bool:
    """Whether the figures without a unit are of the size of those in some of a base."""
    return are_alike(_list_sizes(groups, units, base), groups.bare)


def _list_sizes(groups: _Groups, units: Named, base: str) -> list[float]:
    """The figures whose unit stands for some of a base, as so many of it."""
    sizes: list[float] = []
    for text, (of, many) in units.items():
        if of == base:
            sizes += [figure * many for figure in groups.figures[text]]
    return sizes


def _count_fractions(groups: _Groups) -> int:
    """How many figures without a unit would be of the size of the percentages only if they were
    fractions.
    """
    figures = chain.from_iterable(groups.figures[text] for text in groups.named)
    percent = [abs(x) for x in figures if x]
    low, high = min(percent, default=0.0), max(percent, default=0.0)
    return sum(_is_fraction(abs(figure), low, high) for figure in groups.bare)


def _is_fraction(figure: float, low: float, high: float) -> bool:
    """Whether a figure below some percentages lies among them as a fraction."""
    return 0 < figure <= 1 and figure < low and low <= 100 * figure <= high * 1.001


def _convert(groups: _Groups, units: Named, base: str) -> Units:
    """The settings of a field whose unit is `base`."""
    factors: dict[str, float] = {}
    for text, (of, many) in units.items():
        factors[text] = many * float(find_factor(of, base) or 1.0)
    settings: FieldSettings = {"unit": base}
    odd = sorted(UNITS.keys() & factors.keys() | HAN.keys() & factors.keys())
    if odd:
        settings["spellings"] = {text: factors[text] for text in odd}
    return Units(settings, factors, _explain_base(groups, factors, base))


def _explain_base(groups: _Groups, factors: Mapping[str, float], base: str) -> str:
    """The evidence for the unit of a column."""
    shown = show_unit(base)
    others = [f"1 {u} = {f:g} {shown}" for u, f in sorted(factors.items()) if f != 1.0]
    why = f" in {shown}: beside them stands {groups.shown}"
    if others:
        why += f"; {', '.join(others)}"
    if "" in groups.figures:
        why += f"; the {groups.rows['']} figures without a unit are of the size of those in {shown}"
    return why


def are_alike(some: list[float], others: list[float]) -> bool:
    """Whether two lists of figures are of one size: their medians within a factor of three."""
    if not some or not others:
        return True
    a, b = _median(some), _median(others)
    return a == b or (min(a, b) > 0 and 1 / 3 <= a / b <= 3)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
