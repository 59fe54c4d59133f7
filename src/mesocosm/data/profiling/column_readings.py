"""What the distinct values of one column prove about how it is written: its decimal mark, its order
of day and month, its units.

Pure functions over texts: nothing is guessed. What the values do not prove stays open, and the
caller stops or asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_EXAMPLES = 10
ENOUGH = 0.05  # of the values that two readings fit, so many must prove one
CORE = re.compile(r"\d[\d.,]*")
POWER = re.compile(r"[eE][-+]?\d+")
GAP = re.compile(r"(?<=\d)['\u2019 \u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))")
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

    >>> decimal_mark(["1.234,56", "7"]).reading, decimal_mark(["1,234"]).ambiguous
    (',', True)
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


def decimal_mark(values: Iterable[str]) -> Proof:
    """Which decimal mark ("." or ",") the values of a column of numbers prove.

    A mark proves itself where it cannot group digits in threes: `12,5`, `0,123`, `1234,567`,
    `1.234,56`; two or more marks that group (`1.234.567`, `12,34,567`) prove the other mark.
    `1,234` and `1.234` alone leave both readings open.

    Many values with three digits after their mark look like thousands. That the mark is a decimal
    one all the same is not proven by one value in more than twenty that has another number of
    digits after it, as `5,00` may be of another hand.

    >>> decimal_mark(["12,5"]).reading
    ','
    >>> decimal_mark(["1.5"]).reading
    '.'
    >>> decimal_mark(["12,34,567"]).reading
    '.'
    >>> print(decimal_mark(["12"]).reading)
    None
    >>> decimal_mark(["12,5", "12.5"]).mixed
    True
    >>> decimal_mark([*(f"{n},100" for n in range(1, 99)), "5,00"]).few
    ('5,00',)
    >>> decimal_mark([*(f"{n},100" for n in range(1, 99)), "1.000,50"]).reading
    ','
    """
    each = [(one, _mark(one)) for one in values]
    proof = _decided(each)
    mark = proof.reading
    if mark is None or any(reading == mark and _is_strong(one, mark) for one, reading in each):
        return proof
    alike = sum(reading == "open" and mark in _core(one) for one, reading in each)
    return (
        Proof(open=proof.open, few=proof.proofs[mark])
        if proof.counts[mark] < ENOUGH * alike
        else proof
    )


def day_month_order(values: Iterable[str]) -> Proof:
    """Which order ("dmy", "mdy" or "ymd") the values of a column of dates in digits prove.

    A part above 12 is no month. `03/04/2024` alone leaves two orders open; a first part of four
    digits is a year.

    >>> day_month_order(["31/01/2024", "03/04/2024"]).reading
    'dmy'
    >>> day_month_order(["01/31/2024"]).reading
    'mdy'
    >>> day_month_order(["03/04/2024"]).ambiguous, day_month_order(["2024-01-31"]).reading
    (True, 'ymd')
    """
    return _decided((one, _order(one)) for one in values)


def order_of(form: str) -> tuple[str, str] | None:
    """The order of day and month of a format, and the marks between them; None where it has no such
    order.

    >>> order_of("%d.%m.%Y"), order_of("mdy"), order_of("iso")
    (('dmy', '.'), ('mdy', '/.-'), None)
    """
    if form in ("dmy", "mdy"):
        return form, "/.-"
    if form in ("us", "eu"):
        return ("mdy", "/") if form == "us" else ("dmy", "./")
    found = re.match(r"\s*%-?([dm])(.*?)%-?([dm])", form)
    if not found or found[1] == found[3]:
        return None
    return ("dmy" if found[1] == "d" else "mdy"), found[2].strip()


def both_orders(formats: Iterable[str]) -> bool:
    """Whether one text may fit two of the formats, with the day first and with the month first.

    >>> both_orders(["%d/%m/%Y", "%m/%d/%Y"])
    True
    >>> both_orders(["%d.%m.%Y", "%m/%d/%Y"])
    False
    >>> both_orders(["dmy", "us"])
    True
    """
    marks = {
        order: {m for f in formats if (o := order_of(f)) and o[0] == order for m in o[1] or " "}
        for order in ("dmy", "mdy")
    }
    return bool(marks["dmy"] & marks["mdy"])


def in_order(formats: Iterable[str], order: str | None) -> tuple[str, ...]:
    """The formats less those that read a text in the other order of day and month.

    >>> in_order(["iso", "dmy", "mdy"], "mdy"), in_order(["%d.%m.%Y", "%m/%d/%Y"], None)
    (('iso', 'mdy'), ('%d.%m.%Y', '%m/%d/%Y'))
    """
    return tuple(f for f in formats if order is None or (o := order_of(f)) is None or o[0] == order)


def units(values: Iterable[str]) -> dict[str, int]:
    """The texts that stand beside one figure, each with how many of the values have it; "" is none.

    >>> units(["5 kg", "7kg", "12", "3-5 kg"])
    {'kg': 2, '': 1}
    """
    from mesocosm.data.parsing.numbers import Figure, parse_figure

    found: Counter[str] = Counter()
    for one in values:
        read = parse_figure(one, ",") if _mark(one) == "," else parse_figure(one, ".")
        if isinstance(read, Figure):
            found[read.unit] += 1
    return dict(found.most_common())


def _decided(each: Iterable[tuple[str, str | None]]) -> Proof:
    proofs: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    undecided: list[str] = []
    for value, reading in each:
        if reading is None:
            continue
        counts[reading] += reading != "open"
        kept = undecided if reading == "open" else proofs.setdefault(reading, [])
        if len(kept) < MOST_EXAMPLES:
            kept.append(value)
    only = next(iter(proofs)) if len(proofs) == 1 else None
    return Proof(
        only,
        {k: tuple(v) for k, v in sorted(proofs.items())},
        tuple(undecided),
        {k: n for k, n in sorted(counts.items()) if n},
    )


def _core(value: str) -> str:
    """The figure of a value, with its marks."""
    found = CORE.search(GAP.sub("", unicodedata.normalize("NFKC", value[:200]).strip()))
    return found[0].rstrip(".,") if found else ""


def _is_strong(value: str, mark: str) -> bool:
    """Whether a value proves a decimal mark beyond another hand's writing: it has both marks, or
    three digits after one that cannot group.
    """
    core = _core(value)
    return core.count(".") + core.count(",") > 1 or len(core.split(mark)[-1]) == 3


def _mark(value: str) -> str | None:
    """The decimal mark that one value proves, `open` where it fits both, None where it tells
    nothing.
    """
    text = GAP.sub("", unicodedata.normalize("NFKC", value[:200]).strip())
    found = CORE.search(text)
    if not found:
        return None
    core, rest = found[0].rstrip(".,"), text[found.end() :]
    power = POWER.match(rest)
    rest = rest[power.end() :] if power else rest
    if re.search(r"\d[.,]\d", rest) or re.search(r"\d", re.split(r"[^\W\d_]", rest, maxsplit=1)[0]):
        return None  # more than one figure
    if power and re.fullmatch(r"\d+\.\d+", core):
        return "."  # no point groups digits before an exponent
    points, commas = core.count("."), core.count(",")
    if not points and not commas:
        return None
    if points and commas:
        last = "." if core.rfind(".") > core.rfind(",") else ","
        return (
            last
            if core.count(last) == 1 and _grouped(core.split(last)[0], "," if last == "." else ".")
            else None
        )
    mark, other = (".", ",") if points else (",", ".")
    if points + commas > 1:
        return other if _grouped(core, mark) else None
    before, after = core.split(mark)
    return "open" if len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0" else mark


def _grouped(whole: str, mark: str) -> bool:
    """Whether a mark stands where groups stand: in threes, or as in India in twos before the last
    three.
    """
    if mark not in whole:
        return whole.isdigit()
    thirds = re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", whole)
    return bool(thirds or (mark == "," and re.fullmatch(r"[1-9]\d?(?:,\d{2})+,\d{3}", whole)))


def _order(value: str) -> str | None:
    """The order that one value proves, `open` where it fits two, None where it is no date in
    digits.
    """
    found = DAY.match(unicodedata.normalize("NFKC", value[:60]).strip())
    if not found:
        return None
    first, second, third = found.groups()
    if len(first) == 4:
        return "ymd" if int(second) <= 12 and len(third) <= 2 else None
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    day, month = int(first), int(second)
    if (
        len(third) == 2
        and day <= 31
        and int(third) <= 31
        and month <= 12
        and len(first) == 2
        and "-" in value
    ):
        return "open"  # 23-01-05 may begin with its year
    if day == month <= 12:
        return None  # both readings are one day
    if day > 12:
        return "dmy" if day <= 31 and month <= 12 else None
    return "mdy" if 12 < month <= 31 else "open" if month <= 12 else None
