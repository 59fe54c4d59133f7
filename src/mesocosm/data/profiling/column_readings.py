"""What the distinct values of one column prove about how it is written: its decimal mark, its order
of day and month, its units.

Pure functions over texts: nothing is guessed. What the values do not prove stays open, and the
caller stops or asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mesocosm.data.parsing.digits import are_groups

MOST_EXAMPLES = 10
ENOUGH = 0.05  # of the values that two readings fit, so many must prove one
CORE = re.compile(r"\d[\d.,]*")
POWER = re.compile(r"[eE][-+]?\d+")
GAP = re.compile(r"(?<=\d)['\u2019 \u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))")
SHORT_ORDERS = {
    "dmy": ("dmy", "/.-"),
    "mdy": ("mdy", "/.-"),
    "us": ("mdy", "/"),
    "eu": ("dmy", "./"),
}  # of day and month by a format's short name, and the marks between them
DAY = re.compile(r"^\D*(\d{1,4})(?:\s*[/.\-]\s*|\s+)(\d{1,2})(?:\s*[/.\-]\s*|\s+)(\d{1,4})(?!\d)")


@dataclass(frozen=True)
class Proof:
    """What a column's values prove.

    Args:
        reading: the one reading that is proven, None where none is or several are.
        proofs: readings that single values prove, each with up to ten of these values.
        open: up to ten values that two readings fit.
        counts: how many values prove each reading.
        few: up to ten values that would prove a reading, were they not too few beside those that
            two readings fit.

    >>> prove_decimal_mark(["1.234,56", "7"]).reading
    ','
    >>> prove_decimal_mark(["1,234"]).ambiguous
    True
    """

    reading: str | None = None
    proofs: dict[str, tuple[str, ...]] = field(default_factory=lambda: {})
    open: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=lambda: {})
    few: tuple[str, ...] = ()

    @property
    def mixed(self) -> bool:
        """Whether some values prove one reading and others another."""
        return len(self.proofs) > 1

    @property
    def ambiguous(self) -> bool:
        """Whether values are there that two readings fit, and none proves one of them."""
        return not self.proofs and bool(self.open)


def prove_decimal_mark(values: Iterable[str]) -> Proof:
    """Which decimal mark ("." or ",") the values of a column of numbers prove.

    A mark proves itself where it cannot group digits in threes: `12,5`, `0,123`, `1234,567`,
    `1.234,56`; two or more marks that group (`1.234.567`, `12,34,567`) prove the other mark.
    `1,234` and `1.234` alone leave both readings open.

    Many values with three digits after their mark look like thousands. That the mark is a decimal
    one all the same is not proven by one value in more than twenty that has another number of
    digits after it, as `5,00` may be of another hand.

    >>> prove_decimal_mark(["12,5"]).reading
    ','
    >>> prove_decimal_mark(["1.5"]).reading
    '.'
    >>> prove_decimal_mark(["12,34,567"]).reading
    '.'
    >>> print(prove_decimal_mark(["12"]).reading)
    None
    >>> prove_decimal_mark(["12,5", "12.5"]).mixed
    True
    >>> prove_decimal_mark([*(f"{n},100" for n in range(1, 99)), "5,00"]).few
    ('5,00',)
    >>> prove_decimal_mark([*(f"{n},100" for n in range(1, 99)), "1.000,50"]).reading
    ','
    """
    readings = [(value, _read_mark(value)) for value in values]
    proof = _decide(readings)
    if proof.reading is None or _is_proven(proof, proof.reading, readings):
        return proof
    return Proof(open=proof.open, few=proof.proofs[proof.reading])


def _is_proven(proof: Proof, mark: str, readings: Sequence[tuple[str, str | None]]) -> bool:
    """Whether the values of a decimal mark are not too few beside those that two readings fit."""
    if any(_is_strong(value, mark) for value, read in readings if read == mark):
        return True
    alike = sum(mark in _find_core(value) for value, read in readings if read == "open")
    return proof.counts[mark] >= ENOUGH * alike


def prove_day_month_order(values: Iterable[str]) -> Proof:
    """Which order ("dmy", "mdy" or "ymd") the values of a column of dates in digits prove.

    A part above 12 is no month. `03/04/2024` alone leaves two orders open; a first part of four
    digits is a year.

    >>> prove_day_month_order(["31/01/2024", "03/04/2024"]).reading
    'dmy'
    >>> prove_day_month_order(["01/31/2024"]).reading
    'mdy'
    >>> prove_day_month_order(["03/04/2024"]).ambiguous
    True
    >>> prove_day_month_order(["2024-01-31"]).reading
    'ymd'
    """
    return _decide((value, _read_order(value)) for value in values)


def parse_order(form: str) -> tuple[str, str] | None:
    """The order of day and month of a format, and the marks between them; None where it has no such
    order.

    >>> parse_order("%d.%m.%Y"), parse_order("mdy"), parse_order("iso")
    (('dmy', '.'), ('mdy', '/.-'), None)
    """
    if form in SHORT_ORDERS:
        return SHORT_ORDERS[form]
    match = re.match(r"\s*%-?([dm])(.*?)%-?([dm])", form)
    if not match or match[1] == match[3]:
        return None
    order = "dmy" if match[1] == "d" else "mdy"
    return order, match[2].strip()


def have_both_orders(formats: Iterable[str]) -> bool:
    """Whether one text may fit two of the formats, with the day first and with the month first.

    >>> have_both_orders(["%d/%m/%Y", "%m/%d/%Y"])
    True
    >>> have_both_orders(["%d.%m.%Y", "%m/%d/%Y"])
    False
    >>> have_both_orders(["dmy", "us"])
    True
    """
    marks: dict[str, set[str]] = {"dmy": set(), "mdy": set()}
    for form in formats:
        if found := parse_order(form):
            order, between = found
            marks[order].update(between or " ")
    return bool(marks["dmy"] & marks["mdy"])


def filter_by_order(formats: Iterable[str], order: str | None) -> tuple[str, ...]:
    """The formats less those that read a text in the other order of day and month.

    >>> filter_by_order(["iso", "dmy", "mdy"], "mdy")
    ('iso', 'mdy')
    >>> filter_by_order(["%d.%m.%Y", "%m/%d/%Y"], None)
    ('%d.%m.%Y', '%m/%d/%Y')
    """
    if order is None:
        return tuple(formats)
    return tuple(f for f in formats if (found := parse_order(f)) is None or found[0] == order)


def _decide(readings: Iterable[tuple[str, str | None]]) -> Proof:
    """What the readings of single values prove of a column."""
    proofs: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    undecided: list[str] = []
    for value, reading in readings:
        if reading is None:
            continue
        examples = undecided
        if reading != "open":
            counts[reading] += 1
            examples = proofs.setdefault(reading, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(value)
    return _make_proof(proofs, undecided, counts)


def _make_proof(
    proofs: Mapping[str, Sequence[str]], undecided: Sequence[str], counts: Mapping[str, int]
) -> Proof:
    """The proof of a column's readings by their examples and counts."""
    only = next(iter(proofs)) if len(proofs) == 1 else None
    return Proof(
        only,
        {reading: tuple(examples) for reading, examples in sorted(proofs.items())},
        tuple(undecided),
        dict(sorted(counts.items())),
    )


def _join_groups(value: str) -> str:
    """A value without the spaces and apostrophes that group its digits."""
    return GAP.sub("", unicodedata.normalize("NFKC", value[:200]).strip())


def _find_core(value: str) -> str:
    """The figure of a value, with its marks."""
    match = CORE.search(_join_groups(value))
    if match:
        return match[0].rstrip(".,")
    return ""


def _is_strong(value: str, mark: str) -> bool:
    """Whether a value proves a decimal mark beyond another hand's writing: it has both marks, or
    three digits after one that cannot group.
    """
    core = _find_core(value)
    return core.count(".") + core.count(",") > 1 or len(core.split(mark)[-1]) == 3


def _read_mark(value: str) -> str | None:
    """The decimal mark that one value proves, `open` where it fits both, None where it tells
    nothing.
    """
    text = _join_groups(value)
    match = CORE.search(text)
    if not match:
        return None
    core, rest = match[0].rstrip(".,"), text[match.end() :]
    power = POWER.match(rest)
    if power:
        rest = rest[power.end() :]
    if _has_figure(rest):
        return None
    if power and re.fullmatch(r"\d+\.\d+", core):
        return "."  # no point groups digits before an exponent
    return _read_core(core)


def _read_core(core: str) -> str | None:
    """The decimal mark that a figure proves by its marks."""
    if "." in core and "," in core:
        return _read_last_mark(core)
    if "." in core:
        return _read_one_mark(core, ".", ",")
    if "," in core:
        return _read_one_mark(core, ",", ".")
    return None


def _read_one_mark(core: str, mark: str, other: str) -> str | None:
    """The decimal mark of a figure that has one kind of mark, once or more often."""
    if core.count(mark) > 1:
        if are_groups(core, mark):
            return other
        return None
    before, after = core.split(mark)
    if len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0":
        return "open"
    return mark


def _has_figure(rest: str) -> bool:
    """Whether another figure follows; digits of a unit, as in m2, are none."""
    before_letters = re.split(r"[^\W\d_]", rest, maxsplit=1)[0]
    return bool(re.search(r"\d[.,]\d", rest) or re.search(r"\d", before_letters))


def _read_last_mark(core: str) -> str | None:
    """The last mark of a figure with both, where it stands once and the other groups the digits
    before it.
    """
    last = max(".", ",", key=core.rfind)
    whole, _, after = core.partition(last)
    other = "," if last == "." else "."
    if last in after or not are_groups(whole, other):
        return None
    return last


def _read_order(value: str) -> str | None:
    """The order that one value proves, `open` where it fits two, None where it is no date in
    digits.
    """
    match = DAY.match(unicodedata.normalize("NFKC", value[:60]).strip())
    if not match:
        return None
    first, second, third = match.groups()
    if len(first) == 4:
        return _read_year_first(second, third)
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    if "-" in value and len(first) == len(third) == 2 and _may_begin_with_year(match):
        return "open"
    return _decide_order(int(first), int(second))


def _read_year_first(month: str, day: str) -> str | None:
    """The order of a date that begins with a year of four digits."""
    if int(month) <= 12 and len(day) <= 2:
        return "ymd"
    return None


def _may_begin_with_year(match: re.Match[str]) -> bool:
    """Whether a date such as 23-01-05 may be of the year 2023 or of the year 2005."""
    first, second, third = map(int, match.groups())
    return first <= 31 and third <= 31 and second <= 12


def _decide_order(first: int, second: int) -> str | None:
    """The order of a day and a month, `open` where it may be either, None where it does not
    matter or neither is a month.
    """
    if first == second <= 12:
        return None
    if max(first, second) > 31 or min(first, second) > 12:
        return None
    if first > 12:
        return "dmy"
    if second > 12:
        return "mdy"
    return "open"
