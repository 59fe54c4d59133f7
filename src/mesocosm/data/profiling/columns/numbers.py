"""What a column's values prove of numbers: which decimal mark reads all of them, with the unit that
stands beside them.

A reading is taken only where every value has it and no other reading gives another figure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mesocosm.data.parsing.numbers import Figure, parse_figure
from mesocosm.data.pipeline.ingest import DECIMAL
from mesocosm.data.profiling.column_readings import decimal_mark
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
MOST_DIGITS = 15  # that a double surely holds
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


def split_value(value: str) -> Parts | None:
    """Split a value into its figure and what stands beside it; None where there is no single
    figure.

    >>> tuple(split_value("CNY 123.53")), tuple(split_value("36 months"))
    (('', '123.53', 'CNY', ''), ('', '36', '', 'months'))
    >>> split_value("5 ± 1"), tuple(split_value("12.03.2024"))
    (None, ('', '12.03.2024', '', ''))
    """
    match = VALUE.fullmatch(value)
    if not match or (match[1] and match[3]):
        return None
    before, behind = match[2] or "", (match[5] or "").strip()
    if before and (behind or before not in list_currencies()):
        return None
    if behind and not WORD.fullmatch(behind):
        return None
    return Parts(match[1] or match[3] or "", match[4], before, behind)


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
    absent = sorted(v for v in column.counts if v.lower() in ABSENT)
    parts = {v: split_value(v) for v in column.counts if v not in absent}
    values = {v: p for v, p in parts.items() if p}
    seen, read = sum(column.counts.values()), sum(column.counts[v] for v in values)
    if not values or read < MOSTLY * seen or len(absent) > 3:
        return None
    if why := _explain_codes(column) or _explain_odd(column, parts, read, absent):
        return Reading(open=why)
    mark, why = _choose_mark({p.figure for p in values.values()}, marks)
    if not mark and (mark_by_size := _choose_mark_by_size(list(values.values()))):
        mark = mark_by_size
        why = (
            f"; with a decimal {MARKS[mark]} the figures of all units are of one size, and with the"
            " other mark they are not"
        )
    if not mark:
        return Reading(open=why) if why else None
    if any(p.figure.isdigit() and len(p.figure) > MOST_DIGITS for p in values.values()):
        return None
    return _describe_numbers(column, values, mark, why, absent)


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


def _explain_odd(
    column: Column, parts: dict[str, Parts | None], read: int, absent: Sequence[str]
) -> str:
    """Why values that are no numbers leave the type open; empty where there are none."""
    odd = [v for v, p in parts.items() if p is None]
    if not odd:
        return ""
    seen = sum(column.counts.values())
    others = seen - read - sum(column.counts[v] for v in absent)
    return (
        f"{read} of {seen} values are numbers, and {others} are not, such as {quote_some(odd)};"
        f" {AS_WRITTEN}"
    )


def _describe_numbers(
    column: Column, values: dict[str, Parts], mark: str, why: str, absent: Sequence[str]
) -> Reading:
    """The settings of a field of numbers, all of which one decimal mark reads.

    Args:
        why: what the mark rests on.
        absent: values that say that there is none.
    """
    numbers = {v: _read_signed(p, mark) for v, p in values.items()}
    units = find_common_unit(
        Measure(p.beside, numbers[v], column.counts[v], _is_spaced(v, p)) for v, p in values.items()
    )
    if units.open:
        return Reading(open=units.open)
    whole = all(_is_whole(numbers[v], units.factors.get(p.beside, 1.0)) for v, p in values.items())
    settings: dict[str, object] = {"type": "integer" if whole else "number", **units.settings}
    if mark == "," or why:  # a point that was chosen, where the values alone read two ways
        settings["decimal"] = mark
    kind = "whole numbers" if whole else "numbers"
    read = sum(column.counts[v] for v in values)
    if not absent:
        return Reading(settings, f"all {read} values are {kind}{why}{units.why}")
    settings["absent"] = list(absent)
    seen = sum(column.counts.values())
    sentence = (
        f"{read} of {seen} values are {kind}{why}{units.why}; {', '.join(map(repr, absent))}"
        f" ({seen - read} rows) says that there is none"
    )
    return Reading(settings, sentence)


def _read_signed(parts: Parts, mark: str) -> float:
    number = float(read_figure(parts.figure, mark) or 0.0)
    return -number if parts.sign in ("-", "\u2212") else number


def _is_spaced(value: str, parts: Parts) -> bool:
    """Whether a space stands between a figure and its unit; before a figure none is needed."""
    head = value[: len(value) - len(parts.behind)]
    return bool(parts.before) or head.endswith((" ", "\u00a0"))


def _is_whole(number: float, factor: float) -> bool:
    """Whether a number is whole once converted, and was before where it is converted at all."""
    return (number * factor).is_integer() and (number.is_integer() or factor == 1.0)


def prove_mark(column: Column) -> str:
    """The decimal mark that a column proves by itself, empty where it proves none."""
    figures = [p.figure for v in column.counts if (p := split_value(v))]
    if len(figures) < 0.9 * len(column.counts) or not figures:
        return ""
    able = _list_able_marks(figures)
    if len(able) != 1 or decimal_mark(figures).few:
        return ""
    return able[0]


def _list_able_marks(figures: Collection[str]) -> list[str]:
    """The decimal marks under which all figures are read."""
    return [m for m in MARKS if all(read_figure(f, m) is not None for f in figures)]


def _choose_mark(figures: Collection[str], marks: frozenset[str]) -> tuple[str, str]:
    """The decimal mark under which all figures are read, and what that rests on; empty where it is
    not known.
    """
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
    if few := decimal_mark(figures).few:
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
    ambiguous = set(_list_ambiguous({p.figure for p in values}))
    odd = [p for p in values if p.figure in ambiguous]
    factors = {"": 1.0}
    bases = set[str]()
    for text in {p.beside for p in values if p.beside}:
        unit = identify_unit(text, spaced=True)
        if unit is None:
            return ""
        bases.add(unit[0])
        factors[text] = unit[1]
    if len(bases) != 1 or not all(p.beside for p in odd):
        return ""

    def convert(parts: Parts, mark: str) -> float:
        return float(read_figure(parts.figure, mark) or 0.0) * factors[parts.beside]

    plain = [convert(p, ".") for p in values if p.figure not in ambiguous]
    fits = [m for m in MARKS if are_alike([convert(p, m) for p in odd], plain)]
    if len(fits) != 1 or len(plain) < 10:
        return ""
    return fits[0]
