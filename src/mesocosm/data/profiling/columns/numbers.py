"""What a column's values prove of numbers: which decimal mark reads all of them, with the unit that
stands beside them.

A reading is taken only where every value has it and no other reading gives another figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mesocosm.data.pipeline.expressions.source_types import DECIMAL
from mesocosm.data.profiling.column_readings import prove_decimal_mark
from mesocosm.data.profiling.columns.chinese import NULL_WORDS, to_plain_figure
from mesocosm.data.profiling.columns.column import (
    AS_WRITTEN,
    Column,
    FieldSettings,
    Reading,
    quote_some,
)
from mesocosm.data.profiling.columns.decimal_marks import (
    Parts,
    choose_mark,
    list_able_marks,
    read_figure,
)
from mesocosm.data.profiling.columns.units import (
    Measure,
    Units,
    find_common_unit,
    list_currencies,
)

SIGN = r"[-+\u2212]?"
POWER = r"(?:[eE][-+]?\d+)?"
CODE = re.compile(r"\d+[eE]\d+")  # 1E3: no decimal mark, and no sign of the exponent
MOST_SCALE = 37  # digits behind the mark of a `decimal`
MOST_DIGITS = 15  # that a double holds exactly
MOST_ABSENT = 3  # different words that say that there is no value
MOSTLY = 0.8  # share of the rows from which on a column is one of numbers
VALUE = re.compile(
    rf"({SIGN})\s*([^\d\s.,+-]{{1,4}})?\s*({SIGN})((?:\d[\d.,'’"
    rf" \u00a0\u2009\u202f]*)?[.,]?\d{POWER}|\d+[.,])\s*([^\d\s].*)?",
    re.S,
)
WORD = re.compile(r"[^\W\d_]+(?:[./][^\W\d_]+)*|[%‰°€$£¥]+|US\$|[㎡㎥℃]")
ABSENT = frozenset(
    [
        "unknown",
        "missing",
        "n.a.",
        "n/k",
        "not available",
        "not known",
        "unbekannt",
        "k.a.",
        "-",
        "--",
        ".",
        "#n/a",
        "缺失",
        *NULL_WORDS,
    ]
)


@dataclass
class _Split:
    """The values of a column that are numbers, those that say that there is none, and the others;
    the rows of all, and of the numbers.
    """

    values: dict[str, Parts] = field(default_factory=lambda: {})
    absent: list[str] = field(default_factory=lambda: [])
    odd: list[str] = field(default_factory=lambda: [])
    seen: int = 0
    read: int = 0


def split_value(value: str) -> Parts | None:
    """Split a value into its figure and what stands beside it; None where there is no single
    figure.

    >>> tuple(split_value("CNY 123.53")), tuple(split_value("36 months"))
    (('', '123.53', 'CNY', ''), ('', '36', '', 'months'))
    >>> tuple(split_value("三千二百元")), tuple(split_value("1.5亿"))
    (('', '3200', '', '元'), ('', '150000000', '', ''))
    >>> split_value("5 ± 1"), tuple(split_value("12.03.2024"))
    (None, ('', '12.03.2024', '', ''))
    """
    match = VALUE.fullmatch(to_plain_figure(value))
    if not match:
        return None
    sign, before, second_sign, figure, behind = match.groups(default="")
    behind = behind.strip()
    if (sign and second_sign) or not _names_unit(before, behind):
        return None
    return Parts(sign or second_sign, figure, before, behind)


def _names_unit(before: str, behind: str) -> bool:
    """Whether the texts around a figure are able to name its unit: a currency before it, or a word
    behind it.
    """
    if before:
        return not behind and before in list_currencies()
    return not behind or bool(WORD.fullmatch(behind))


def profile_numbers(column: Column, marks: frozenset[str] = frozenset()) -> Reading | None:
    """What a column's values prove of numbers; None where they are no numbers.

    Args:
        marks: decimal marks that other columns of the file prove; of two readings the one that they
            prove is taken.
    """
    if given := DECIMAL.fullmatch(column.kind):
        return _profile_decimal(int(given[1]), int(given[2]))
    split = _split_column(column)
    if not _are_numbers(split):
        return None
    if why := _explain_codes(column) or _explain_odd(column, split):
        return Reading(open=why)
    return _profile_split(column, split, marks)


def _profile_split(column: Column, split: _Split, marks: frozenset[str]) -> Reading | None:
    """What values prove of which each is a number, or says that there is none."""
    mark, why = choose_mark(list(split.values.values()), marks)
    if not mark:
        return _leave_open(why)
    if any(_is_too_long(parts.figure) for parts in split.values.values()):
        return None
    return _describe_numbers(column, split, mark, why)


def _are_numbers(split: _Split) -> bool:
    """Whether most values are numbers, and few words say that there is none."""
    if not split.values or split.read < MOSTLY * split.seen:
        return False
    return len(split.absent) <= MOST_ABSENT


def _is_too_long(figure: str) -> bool:
    """Whether a whole number has more digits than a double holds exactly."""
    return figure.isdigit() and len(figure) > MOST_DIGITS


def _leave_open(why: str) -> Reading | None:
    """What is not proven of a column, where it is one of numbers."""
    if not why:
        return None
    return Reading(open=why)


def _split_column(column: Column) -> _Split:
    split = _Split(seen=sum(column.counts.values()))
    for value, rows in column.counts.items():
        if value.lower() in ABSENT:
            split.absent.append(value)
        elif parts := split_value(value):
            split.values[value] = parts
            split.read += rows
        else:
            split.odd.append(value)
    split.absent.sort()
    return split


def _profile_decimal(precision: int, scale: int) -> Reading:
    """A column whose source gives it the type decimal."""
    if scale > MOST_SCALE:
        return Reading(
            open=(
                f"the source gives a decimal of {scale} digits behind the mark, and"
                f" {MOST_SCALE} are kept exactly; {AS_WRITTEN}"
            )
        )
    return Reading(
        {"type": "decimal", "precision": precision, "scale": scale},
        f"the source gives a decimal of {precision} digits, {scale} of them behind the mark",
    )


def _explain_codes(column: Column) -> str:
    """Why values such as 1E3 leave the type open; empty where there are none."""
    codes = [v for v in column.counts if CODE.fullmatch(v)]
    if not codes:
        return ""
    return (
        f"{quote_some(codes)} may be a code or a number with an exponent, and nothing tells"
        f" which; {AS_WRITTEN} until 'type: number' is given"
    )


def _explain_odd(column: Column, split: _Split) -> str:
    """Why values that are no numbers leave the type open; empty where there are none."""
    if not split.odd:
        return ""
    others = sum(column.counts[v] for v in split.odd)
    return (
        f"{split.read} of {split.seen} values are numbers, and {others} are not, such as"
        f" {quote_some(split.odd)}; {AS_WRITTEN}"
    )


def _describe_numbers(column: Column, split: _Split, mark: str, why: str) -> Reading:
    """The settings of a field of numbers, all of which one decimal mark reads.

    Args:
        why: the evidence for the mark.
    """
    measures = [
        Measure(p.beside, _read_signed(p, mark), column.counts[v], _is_spaced(v, p))
        for v, p in split.values.items()
    ]
    units = find_common_unit(measures)
    if units.open:
        return Reading(open=units.open)
    kind, settings = "numbers", FieldSettings(type="number")
    if _are_whole(measures, units):
        kind, settings = "whole numbers", FieldSettings(type="integer")
    settings |= units.settings
    if mark == "," or why:  # a point that was chosen, where the values alone read two ways
        settings["decimal"] = mark
    if not split.absent:
        return Reading(settings, f"all {split.read} values are {kind}{why}{units.why}")
    settings["absent"] = list(split.absent)
    sentence = (
        f"{split.read} of {split.seen} values are {kind}{why}{units.why};"
        f" {', '.join(map(repr, split.absent))} ({split.seen - split.read} rows) marks a"
        " missing value"
    )
    return Reading(settings, sentence)


def _are_whole(measures: list[Measure], units: Units) -> bool:
    """Whether all figures are integers in the one unit."""
    return all(_is_whole(one.number, units.factors.get(one.beside, 1.0)) for one in measures)


def _read_signed(parts: Parts, mark: str) -> float:
    number = float(read_figure(parts.figure, mark) or 0.0)
    if parts.sign in ("-", "\u2212"):
        return -number
    return number


def _is_spaced(value: str, parts: Parts) -> bool:
    """Whether a space stands between a figure and its unit; before a figure none is needed."""
    head = value[: len(value) - len(parts.behind)]
    return bool(parts.before) or head.endswith((" ", "\u00a0"))


def _is_whole(number: float, factor: float) -> bool:
    """Whether a number is an integer once converted, and, where it is converted, was one before."""
    return (number * factor).is_integer() and (number.is_integer() or factor == 1.0)


def prove_mark(column: Column) -> str:
    """The decimal mark that a column proves by itself, empty where it proves none."""
    figures = [parts.figure for parts in map(split_value, column.counts) if parts]
    if len(figures) < 0.9 * len(column.counts) or not figures:
        return ""
    able = list_able_marks(figures)
    if len(able) != 1 or prove_decimal_mark(figures).few:
        return ""
    return able[0]
