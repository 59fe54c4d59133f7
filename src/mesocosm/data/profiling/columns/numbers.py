"""What a column's values prove of numbers: which decimal mark reads all of them, with the unit that
stands beside them.

A reading is taken only where every value has it and no other reading gives another figure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mesocosm.data.parsing.numbers import Figure, parse_figure
from mesocosm.data.pipeline.ingest import DECIMAL
from mesocosm.data.profiling.column_readings import prove_decimal_mark
from mesocosm.data.profiling.columns.column import AS_WRITTEN, Column, Reading, quote_some
from mesocosm.data.profiling.columns.units import (
    Measure,
    are_alike,
    find_common_unit,
    identify_unit,
    list_currencies,
)

SIGN = r"[-+\u2212]?"
POWER = r"(?:[eE][-+]?\d+)?"
CODE = re.compile(r"\d+[eE]\d+")  # 1E3: no decimal mark, and no sign of the exponent
MOST_SCALE = 37  # digits behind the mark of a `decimal`
MOST_DIGITS = 15  # that a double holds exactly
LEAST_PLAIN = 10  # values that read one way, from which on their size tells
MOST_ABSENT = 3  # different words that say that there is no value
MOSTLY = 0.8  # share of the rows from which on a column is one of numbers
MARKS = {".": "point", ",": "comma"}
VALUE = re.compile(
    rf"({SIGN})\s*([^\d\s.,+-]{{1,4}})?\s*({SIGN})((?:\d[\d.,'’"
    rf" \u00a0\u2009\u202f]*)?[.,]?\d{POWER}|\d+[.,])\s*([^\d\s].*)?",
    re.S,
)
WORD = re.compile(r"[^\W\d_]+(?:[./][^\W\d_]+)*|[%‰°€$£¥]+|US\$")
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
        "未知",
        "不详",
        "缺失",
    ]
)


class Parts(NamedTuple):
    """A value as its sign, its figure and the text before and behind it."""

    sign: str
    figure: str
    before: str
    behind: str

    @property
    def beside(self) -> str:
        """The text beside the figure, empty for none."""
        return self.before or self.behind


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
    >>> split_value("5 ± 1"), tuple(split_value("12.03.2024"))
    (None, ('', '12.03.2024', '', ''))
    """
    match = VALUE.fullmatch(value)
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


def read_figure(text: str, mark: str) -> float | None:
    """Read a figure under a decimal mark, None where it is none: groups stand only where groups
    stand.

    >>> read_figure("1,234.5", "."), read_figure("1.234,5", ",")
    (1234.5, 1234.5)
    >>> read_figure("1,23", "."), read_figure("1,23", ",")
    (None, 1.23)
    """
    read = parse_figure(text, mark)
    if not isinstance(read, Figure) or read.unit:
        return None
    return float(read.number)


def profile_numbers(column: Column, marks: frozenset[str] = frozenset()) -> Reading | None:
    """What a column's values prove of numbers; None where they are no numbers.

    Args:
        marks: decimal marks that other columns of the file prove; of two readings the one that they
            prove is taken.
    """
    if given := DECIMAL.fullmatch(column.kind):
        return _profile_decimal(int(given[1]), int(given[2]))
    split = _split_column(column)
    if not split.values or split.read < MOSTLY * split.seen or len(split.absent) > MOST_ABSENT:
        return None
    if why := _explain_codes(column) or _explain_odd(column, split):
        return Reading(open=why)
    mark, why = _choose_mark(list(split.values.values()), marks)
    if not mark:
        return _leave_open(why)
    if any(p.figure.isdigit() and len(p.figure) > MOST_DIGITS for p in split.values.values()):
        return None
    return _describe_numbers(column, split, mark, why)


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
    numbers = {v: _read_signed(p, mark) for v, p in split.values.items()}
    units = find_common_unit(
        Measure(p.beside, numbers[v], column.counts[v], _is_spaced(v, p))
        for v, p in split.values.items()
    )
    if units.open:
        return Reading(open=units.open)
    whole = all(
        _is_whole(numbers[v], units.factors.get(p.beside, 1.0)) for v, p in split.values.items()
    )
    settings: dict[str, object] = {"type": "integer" if whole else "number", **units.settings}
    if mark == "," or why:  # a point that was chosen, where the values alone read two ways
        settings["decimal"] = mark
    kind = "whole numbers" if whole else "numbers"
    if not split.absent:
        return Reading(settings, f"all {split.read} values are {kind}{why}{units.why}")
    settings["absent"] = list(split.absent)
    sentence = (
        f"{split.read} of {split.seen} values are {kind}{why}{units.why};"
        f" {', '.join(map(repr, split.absent))} ({split.seen - split.read} rows) marks a"
        " missing value"
    )
    return Reading(settings, sentence)


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
    figures = [p.figure for v in column.counts if (p := split_value(v))]
    if len(figures) < 0.9 * len(column.counts) or not figures:
        return ""
    able = _list_able_marks(figures)
    if len(able) != 1 or prove_decimal_mark(figures).few:
        return ""
    return able[0]


def _list_able_marks(figures: Collection[str]) -> list[str]:
    """The decimal marks under which all figures are read."""
    return [m for m in MARKS if all(read_figure(f, m) is not None for f in figures)]


def _choose_mark(values: Sequence[Parts], marks: frozenset[str]) -> tuple[str, str]:
    """The decimal mark under which all values are read, and its evidence; no mark where it is
    not known, with the reason where they are numbers.
    """
    mark, why = _choose_mark_by_figures({p.figure for p in values}, marks)
    if mark:
        return mark, why
    mark = _choose_mark_by_size(values)
    if not mark:
        return "", why
    return (
        mark,
        f"; with a decimal {MARKS[mark]} the figures of all units are of one size, and with the"
        " other mark they are not",
    )


def _choose_mark_by_figures(figures: Collection[str], marks: frozenset[str]) -> tuple[str, str]:
    """The decimal mark by the figures alone, or by other columns of the file."""
    able = _list_able_marks(figures)
    if not able:
        return "", _explain_no_mark(figures)
    if len(able) == 1:
        return _choose_only_mark(figures, able[0])
    differ = _list_ambiguous(figures)
    if not differ:
        return ".", ""
    if len(marks) == 1:
        (mark,) = marks
        return (
            mark,
            f"; {quote_some(differ)} would read two ways, and other columns of the file have a"
            f" decimal {MARKS[mark]}",
        )
    return (
        "",
        f"its numbers read two ways: {quote_some(differ)} has either a decimal mark or a mark of"
        f" thousands, and no value tells which; {AS_WRITTEN} until 'type: number' and 'decimal' are"
        " given",
    )


def _choose_only_mark(figures: Collection[str], mark: str) -> tuple[str, str]:
    """The one decimal mark that reads all figures, unless too few of them show it."""
    if few := prove_decimal_mark(figures).few:
        return (
            "",
            f"most of its numbers read two ways, and only {quote_some(sorted(few))} shows the"
            f" decimal mark, which is too few; {AS_WRITTEN} until 'type: number' and 'decimal' are"
            " given",
        )
    if mark == ",":
        return mark, " with a decimal comma, which alone reads all of them"
    return mark, ""


def _explain_no_mark(figures: Collection[str]) -> str:
    """Why no decimal mark reads all figures; empty where they are dates or versions."""
    if any(re.fullmatch(r"\d+\.\d+\.\d+.*", f) for f in figures):
        return ""
    return (
        f"no one decimal mark reads all its numbers (such as {quote_some(sorted(figures))}), so"
        f" {AS_WRITTEN}; 'decimal' settles it"
    )


def _list_ambiguous(figures: Collection[str]) -> list[str]:
    return [f for f in figures if read_figure(f, ".") != read_figure(f, ",")]


def _choose_mark_by_size(values: Sequence[Parts]) -> str:
    """The one decimal mark under which figures in several units are of one size once converted;
    empty where that does not tell.
    """
    plain, odd = _split_by_ambiguity(values)
    factors = _list_factors({p.beside for p in values} - {""})
    if not factors or len(plain) < LEAST_PLAIN or any(p.beside == "" for p in odd):
        return ""
    sizes = _convert(plain, ".", factors)
    fits = [mark for mark in MARKS if are_alike(_convert(odd, mark, factors), sizes)]
    if len(fits) == 1:
        return fits[0]
    return ""


def _split_by_ambiguity(values: Sequence[Parts]) -> tuple[list[Parts], list[Parts]]:
    """The values that read one way, and those that read two ways."""
    ambiguous = set(_list_ambiguous({p.figure for p in values}))
    plain: list[Parts] = []
    odd: list[Parts] = []
    for parts in values:
        group = odd if parts.figure in ambiguous else plain
        group.append(parts)
    return plain, odd


def _list_factors(texts: Collection[str]) -> dict[str, float]:
    """How many of their one unit the texts beside figures stand for, none where they have several
    or none; figures without a text are of the unit itself.
    """
    factors = {"": 1.0}
    units = set[str]()
    for text in texts:
        found = identify_unit(text, spaced=True)
        if found is None:
            return {}
        unit, factors[text] = found
        units.add(unit)
    if len(units) == 1:
        return factors
    return {}


def _convert(values: Sequence[Parts], mark: str, factors: dict[str, float]) -> list[float]:
    return [float(read_figure(p.figure, mark) or 0.0) * factors[p.beside] for p in values]
