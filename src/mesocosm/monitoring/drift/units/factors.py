"""Factors and offsets between units that sources mix up, and which of them to try. Knows units."""

from __future__ import annotations

import math

Factors = tuple[tuple[float, str, str], ...]
# a factor, what it is between, and words of the units it may happen to
FACTORS: Factors = (
    (1.95583, "DM given as EUR or the other way", "DM DEM EUR"),
    (2.20462, "kg and lb", "kg g t lb lbs oz"),
    (1.60934, "km and miles", "km m mi mile miles km/h mph"),
    (3.28084, "m and feet", "km m cm ft feet"),
    (2.54, "cm and inches", "m cm mm in inch inches"),
    (12.0, "months and years", "year years month months"),
    (30.0, "days and months", "day days month months"),
    (
        60.0,
        "minutes and hours, or seconds and minutes",
        "hour hours h minute minutes min second seconds s",
    ),
    (24.0, "hours and days", "day days hour hours h"),
    (7.0, "days and weeks", "week weeks day days"),
    (365.25, "days and years", "year years day days"),
    (3600.0, "seconds and hours", "hour hours h second seconds s"),
    (3.6, "m/s and km/h", "km/h m/s"),
    (10.0, "tens", ""),
    (100.0, "hundreds: cents, percent or centimetres", ""),
    (1000.0, "thousands", ""),
    (10_000.0, "ten thousands", ""),
    (1_000_000.0, "millions", ""),
)
# those that are tried only where the field declares one of their units
RARE: Factors = (
    (28.3495, "g and oz", "kg g lb oz"),
    (453.592, "g and lb", "g lb lbs"),
    (10.7639, "m2 and square feet", "m2 m² sqft ft2"),
    (3.78541, "litres and gallons", "l L litre litres gal gallon gallons"),
    (4.184, "kcal and kJ", "kcal kJ cal J"),
    (52.18, "weeks and years", "year years week weeks"),
    (30.4375, "days and months", "day days month months"),
    (1.852, "knots and km/h", "knots kn km/h"),
    (7.50062, "kPa and mmHg", "kPa mmHg"),
    (6.89476, "kPa and psi", "kPa psi"),
    (18.0182, "mmol/L and mg/dL of glucose", "mmol/L mg/dL"),
    (38.67, "mmol/L and mg/dL of cholesterol", "mmol/L mg/dL"),
    (88.57, "mmol/L and mg/dL of triglycerides", "mmol/L mg/dL"),
    (88.42, "umol/L and mg/dL of creatinine", "umol/L µmol/L mg/dL"),
    (6.55957, "FRF and EUR", "FRF EUR"),
    (13.7603, "ATS and EUR", "ATS EUR"),
    (166.386, "ESP and EUR", "ESP EUR"),
    (1936.27, "ITL and EUR", "ITL EUR"),
)
OFFSETS: tuple[tuple[float, float, str, str], ...] = (  # live = times * before + plus
    (1.8, 32.0, "C given as F", "C F °C °F celsius fahrenheit"),
    (1 / 1.8, -32 / 1.8, "F given as C", "C F °C °F celsius fahrenheit"),
    (1.0, 273.15, "C given as K", "C K °C celsius kelvin"),
    (1.0, -273.15, "K given as C", "C K °C celsius kelvin"),
    (1.8, -459.67, "K given as F", "K F °F kelvin fahrenheit"),
    (1 / 1.8, 459.67 / 1.8, "F given as K", "K F °F kelvin fahrenheit"),
)

# how large a factor of no known unit is at least, as a logarithm
FAR = 0.5


def list_candidates(unit: str | None, wide: float) -> list[tuple[float, float, str]]:
    """The changes to try: a factor, an offset and the name of each.

    Args:
        unit: what the field declares.
        wide: the interquartile range of the training numbers.
    """
    words: set[str] = set()
    # where no unit is declared, numbers that grew a little are in no other unit
    least, narrow = FAR, 0.5
    if unit:
        words = {unit, *unit.replace("/", " ").split()}
        least, narrow = 0.0, 0.2
    tried = _list_factors(words, least)
    for times, plus, named, units in OFFSETS:
        if _is_possible(words, units) and abs(plus) > narrow * wide:
            tried.append((times, plus, named))
    return tried


def _list_factors(words: set[str], least: float) -> list[tuple[float, float, str]]:
    """The factors to try, both ways; rare ones only where the field declares one of their units."""
    rare = [factor for factor in RARE if words & set(factor[2].split())]
    tried: list[tuple[float, float, str]] = []
    for factor, named, units in [*FACTORS, *rare]:
        if _is_possible(words, units) and math.log(factor) >= least:
            tried += [(factor, 0.0, named), (factor**-1, 0.0, named)]
    return tried


def _is_possible(words: set[str], units: str) -> bool:
    """Whether a change between units may happen to a field that declares these words."""
    return not words or not units or bool(words & set(units.split()))
