"""Units of measure through pint, with currencies as dimensions of their own.

Knows how many of one unit make another. Knows no exchange rates: EUR and USD do not convert.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, product
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message
from mesocosm.core.values.chinese_units import (
    CHINESE_UNITS,
    DEGREE,
    DEGREES,
    SEVERAL_CHINESE,
)

if TYPE_CHECKING:
    import pint

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "CNY", "JPY", "DM")
FAMILIES: tuple[tuple[str, ...], ...] = (
    *((name, f"k{name}") for name in CURRENCIES),
    (
        "year",
        "years",
        "month",
        "months",
        "week",
        "weeks",
        "day",
        "days",
        "hour",
        "hours",
        "h",
        "minute",
        "minutes",
        "min",
        "second",
        "seconds",
        "s",
        "ms",
    ),
    ("kg", "g", "mg", "ug", "t", "lb", "oz", "kilogram", "gram"),
    ("km", "m", "cm", "mm", "mile", "miles", "ft", "inch"),
    ("L", "l", "dL", "mL", "ml", "litre"),
    ("mmol", "mol", "umol"),
    ("percent", "%"),
)
WORDS = {
    "EUR": ("€", "euro", "euros", "Euro", "欧元"),
    "USD": ("$", "US$", "dollar", "dollars", "美元"),
    "GBP": ("£", "pound", "pounds", "英镑"),
    "CHF": ("Fr.", "SFr.", "瑞士法郎"),
    "CNY": ("¥", "元", "人民币", "RMB", "CN¥", "块"),
    "JPY": ("円", "日元", "yen", "JP¥"),
    "DM": ("DEM",),
}
HAN = {"千": 1e3, "万": 1e4, "萬": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "億": 1e8}
SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "元": "CNY"}


SCALES = {
    "degC": (
        "degC",
        "°C",
        "℃",
        "° C",
        "ºC",
        "celsius",
        "Celsius",
        "degree_Celsius",
        "degrees Celsius",
        "deg C",
        "摄氏度",
        "攝氏度",
    ),
    "degF": (
        "degF",
        "°F",
        "℉",
        "° F",
        "ºF",
        "fahrenheit",
        "Fahrenheit",
        "degree_Fahrenheit",
        "degrees Fahrenheit",
        "deg F",
        "华氏度",
        "華氏度",
    ),
    "K": ("K", "kelvin", "Kelvin"),
}
SEVERAL = frozenset(
    [
        "ton",
        "tons",
        "gr",
        "gal",
        "gallon",
        "gallons",
        "quart",
        "quarts",
        "pint",
        "pints",
        "cup",
        "cups",
        "bushel",
        "bushels",
        "floz",
    ]
)  # one name, several sizes
# pint has no dimension of an angle: 度 would be a share, too
ANGLES = ("degree", "degrees", "deg", "°", "rad", "radian", "radians")
SQUARE = {"㎡": "m**2", "㎥": "m**3"}
OFFSET_WORDS = tuple(chain.from_iterable(SCALES.values()))
SHIFTS = {
    ("degF", "degC"): (-32.0, 5 / 9, 0.0),
    ("degC", "degF"): (0.0, 1.8, 32.0),
    ("K", "degC"): (-273.15, 1.0, 0.0),
    ("degC", "K"): (273.15, 1.0, 0.0),
    ("degF", "K"): (-32.0, 5 / 9, 273.15),
    ("K", "degF"): (-273.15, 1.8, 32.0),
}


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    for name in CURRENCIES:
        registry.define(f"{name} = [currency_{name}]")
        registry.define(f"k{name} = 1000 * {name}")
    for word, size in CHINESE_UNITS.items():
        registry.define(f"{word} = {size}")
    return registry


def parse_unit(text: str) -> pint.Unit:
    """The unit that a text names.

    Raises:
        ValueError: pint knows no such unit.
    """
    import tokenize

    import pint

    unit = text.strip()
    for sign, name in SIGNS.items():
        unit = unit.replace(sign, name)
    for sign, power in SQUARE.items():
        unit = unit.replace(sign, power)
    unit = unit.replace(" per ", "/").replace("p.a.", "/year").replace("p.m.", "/month")
    try:
        return _registry().parse_units(unit)
    except (
        pint.errors.UndefinedUnitError,
        pint.errors.DefinitionSyntaxError,
        ValueError,
        TypeError,
    ) as error:
        raise ValueError(Message("core.a_unit")) from error
    except (tokenize.TokenError, AttributeError, AssertionError) as error:
        raise ValueError(Message("core.a_unit")) from error


def _scale(name: str) -> str | None:
    """The temperature scale that a text names: K, degC or degF."""
    return next((scale for scale, words in SCALES.items() if name.strip() in words), None)


def find_shift(found: str, wanted: str) -> tuple[float, float, float] | None:
    """How a temperature of one scale becomes one of another: `(x + a) * b + c`; None for other
    units and equal scales.

    >>> find_shift("°F", "degC"), find_shift("K", "°C"), find_shift("kg", "g") is None
    ((-32.0, 0.5555555555555556, 0.0), (-273.15, 1.0, 0.0), True)
    """
    pair = (_scale(found), _scale(wanted))
    if pair[0] is None or pair[1] is None or pair[0] == pair[1]:
        return None
    return SHIFTS[pair[0], pair[1]]


def find_factor(found: str, wanted: str) -> float | None:
    """How many `wanted` make one `found`, or None where one does not convert to the other.

    >>> find_factor("EUR/month", "EUR/year")
    12.0
    >>> find_factor("kg", "EUR"), find_factor("gr", "kg"), find_factor("mEUR", "EUR")
    (None, None, None)
    """
    import pint

    if found == DEGREE:
        return _find_degree(wanted)
    if found != wanted and _is_ambiguous(found):
        return None
    scales = _scale(found), _scale(wanted)
    if all(scales):
        return 1.0 if scales[0] == scales[1] else None
    try:
        unit = parse_unit(found)
        if float(_registry().Quantity(0.0, unit).to(parse_unit(wanted)).magnitude) != 0.0:
            return None  # a unit with an offset has no factor
        return _exact(float(_registry().Quantity(1.0, unit).to(parse_unit(wanted)).magnitude))
    except (ValueError, pint.errors.DimensionalityError, pint.errors.OffsetUnitCalculusError):
        return None


def _find_degree(wanted: str) -> float | None:
    """How many `wanted` make one 度, which is a unit of what the field measures."""
    units = (unit for unit in DEGREES if unit != "degree" or wanted.strip() in ANGLES)
    factors = (find_factor(unit, wanted) for unit in units)
    return next((times for times in factors if times is not None), None)


def names_several_sizes(word: str) -> bool:
    """Whether a Chinese word is one of units of several sizes, which only `spellings` tell apart.

    >>> names_several_sizes("尺"), names_several_sizes("度"), names_several_sizes("米")
    (True, True, False)
    """
    return word == DEGREE or word in SEVERAL_CHINESE


def _is_ambiguous(unit: str) -> bool:
    """Whether a unit has several sizes: m€ is a million for some and a thousandth for others."""
    if any(part.strip() in SEVERAL | SEVERAL_CHINESE for part in unit.split("/")):
        return True
    currencies = "|".join(map(re.escape, (*CURRENCIES, *SIGNS)))
    return bool(re.fullmatch(rf"[^kMGT](?:{currencies})", unit.partition("/")[0].strip()))


def _exact(times: float) -> float:
    """A factor without the rounding errors of doubles: the short decimal, or the reciprocal of a
    short decimal, that it is.

    >>> _exact(0.30000000000000004), _exact(0.016666666666666663) == 1 / 60
    (0.3, True)
    """
    candidates = [float(f"{times:.12g}")]
    if times:
        candidates.append(1.0 / float(f"{1.0 / times:.12g}"))
    for short in candidates:
        if abs(short - times) <= 1e-14 * abs(times):
            return short
    return times


def is_common(text: str) -> bool:
    """Whether a unit is made of the common ones; a fast yes, without pint."""
    common = set(chain.from_iterable(FAMILIES))
    if text in CHINESE_UNITS:
        return True
    return _scale(text) is not None or all(part.strip() in common for part in text.split("/"))


def list_spellings(wanted: str) -> dict[str, float]:
    """Common spellings of units that convert to `wanted`, each with its factor.

    A row alone must be read as it is in a batch, so serving knows these beside what training saw.
    """
    head, _, _ = wanted.partition("/")
    found: dict[str, float] = {}
    for spelling in _combine_families(wanted):
        times = find_factor(spelling, wanted)
        if times is not None:
            found[spelling] = times
    scale = _scale(wanted)
    if scale:
        found |= {word: 1.0 for word in OFFSET_WORDS if _scale(word) == scale}
    if head in CURRENCIES:
        found[head] = 1.0  # a bare currency: the period is the field's own
    signs = dict(SIGNS)
    if head == "JPY":
        signs["¥"] = "JPY"
    for sign, name in signs.items():
        for spelling, times in list(found.items()):
            if spelling.startswith(name):
                found[spelling.replace(name, sign)] = times
    return found


def _combine_families(unit: str) -> Iterator[str]:
    """The common units of the same dimension as a unit, or as a ratio of two."""
    head, slash, per = unit.partition("/")
    if not slash:
        yield from dict.fromkeys([*_family(head.strip()), *_list_chinese(head.strip())])
        return
    pairs = chain(
        product(_family(head.strip()), _family(per.strip())),
        product(_list_heads(head.strip()), _list_chinese(per.strip())),
    )
    yield from (f"{left}/{right}" if right else left for left, right in pairs)


def _list_heads(unit: str) -> tuple[str, ...]:
    """What stands before a Chinese word in a ratio: Chinese words, or a currency."""
    if unit in CURRENCIES:
        return (unit,)
    return _list_chinese(unit)


def list_amounts(currency: str, rates: dict[str, float]) -> dict[str, float]:
    """Spellings of amounts in several currencies, each with how many of `currency` one of it is
    worth.

    Args:
        rates: how many of `currency` one of another is worth.

    >>> found = list_amounts("CNY", {"USD": 7.1})
    >>> found["万元"], found["$"], found["亿美元"]
    (10000.0, 7.1, 710000000.0)
    """
    found: dict[str, float] = {}
    for name, times in {currency: 1.0, **rates}.items():
        for word in (name, *WORDS.get(name, ())):
            found.setdefault(word, float(times))
            for han, many in HAN.items():
                found.setdefault(han + word, float(times) * many)
        found.setdefault(f"k{name}", 1000.0 * float(times))
    if {"CNY", "JPY"} <= {currency, *rates}:  # both are written with one sign
        found = {
            spelling: times
            for spelling, times in found.items()
            if not spelling.endswith("¥") or spelling.startswith(("CN", "JP"))
        }
    return found


def _family(unit: str) -> list[str]:
    """The common units of one dimension, `unit` among them."""
    family = next((f for f in FAMILIES if unit in f), ())
    return list(dict.fromkeys([unit, *family]))


@lru_cache(maxsize=256)
def _list_chinese(unit: str) -> tuple[str, ...]:
    """The Chinese words of units that convert to a unit."""
    if not unit:
        return ()
    words = (*CHINESE_UNITS, *SQUARE, DEGREE)
    return tuple(word for word in words if find_factor(word, unit) is not None)
