"""Which decimal mark reads all figures of a column: by the figures alone, by other columns of the
file, or by the sizes of figures in several units.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mesocosm.data.parsing.numbers import Figure, parse_figure
from mesocosm.data.profiling.column_readings import prove_decimal_mark
from mesocosm.data.profiling.columns.column import AS_WRITTEN, quote_some
from mesocosm.data.profiling.columns.units import are_alike, identify_unit

LEAST_PLAIN = 10  # values that read one way, from which on their size tells
MARKS = {".": "point", ",": "comma"}


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


def list_able_marks(figures: Collection[str]) -> list[str]:
    """The decimal marks under which all figures are read."""
    return [mark for mark in MARKS if _reads_all(figures, mark)]


def _reads_all(figures: Collection[str], mark: str) -> bool:
    """Whether all figures are read under a decimal mark."""
    return all(read_figure(figure, mark) is not None for figure in figures)


def choose_mark(values: Sequence[Parts], marks: frozenset[str]) -> tuple[str, str]:
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
    able = list_able_marks(figures)
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
    if not factors or len(plain) < LEAST_PLAIN or not all(p.beside for p in odd):
        return ""
    return _choose_alike(odd, _convert(plain, ".", factors), factors)


def _choose_alike(odd: Sequence[Parts], sizes: list[float], factors: dict[str, float]) -> str:
    """The one decimal mark under which values are of the size of others; empty for none."""
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
