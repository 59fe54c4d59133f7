"""What a column's values prove of numbers: which decimal mark reads all of them, and which unit
stands beside them.

A reading is taken only where every value has it and no other reading gives another figure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mesocosm.base.units import CURRENCIES, HAN, WORDS, factor, known
from mesocosm.govern.drafts.columns import Column, share
from mesocosm.govern.figures import Figure
from mesocosm.govern.figures import figure as exactly
from mesocosm.govern.raw import DECIMAL
from mesocosm.govern.readings import decimal_mark

SIGN = r"[-+\u2212]?"
POWER = r"(?:[eE][-+]?\d+)?"
CODE = re.compile(r"\d+[eE]\d+")  # 1E3: no decimal mark, and no sign of the exponent
MOST_SCALE = 37  # digits behind the mark of a `decimal`
VALUE = re.compile(
    rf"({SIGN})\s*([^\d\s.,+-]{{1,4}})?\s*({SIGN})((?:\d[\d.,'’"
    rf" \u00a0\u2009\u202f]*)?[.,]?\d{POWER}|\d+[.,])\s*([^\d\s].*)?",
    re.S,
)
WORD = re.compile(r"[^\W\d_]+(?:[./][^\W\d_]+)*|[%‰°€$£¥]+|US\$")
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


@dataclass
class Numbers:
    """What the values prove: settings of a field and a sentence, or why they prove nothing
    (`open`).
    """

    settings: dict[str, object] = field(default_factory=lambda: {})
    why: str = ""
    open: str = ""


def split(value: str) -> tuple[str, str, str, str] | None:
    """Sign, figure and the text before and behind it; None where there is no single figure.

    >>> split("CNY 123.53"), split("36 months"), split("5 ± 1"), split("12.03.2024")
    (('', '123.53', 'CNY', ''), ('', '36', '', 'months'), None, ('', '12.03.2024', '', ''))
    """
    match = VALUE.fullmatch(value)
    if not match or (match[1] and match[3]):
        return None
    behind = (match[5] or "").strip()
    if (match[2] and (behind or match[2] not in _currencies())) or (
        behind and not WORD.fullmatch(behind)
    ):
        return None
    return match[1] or match[3] or "", match[4], match[2] or "", behind


def figure(said: str, mark: str) -> float | None:
    """A figure under a decimal mark, None where it is none: groups stand only where groups stand.

    >>> figure("1,234.5", "."), figure("1.234,5", ","), figure("1,23", "."), figure("1,23", ",")
    (1234.5, 1234.5, None, 1.23)
    """
    read = exactly(said, mark)
    return float(read.number) if isinstance(read, Figure) and not read.unit else None


def numbers(column: Column, marks: frozenset[str] = frozenset()) -> Numbers | None:
    """What a column's values prove; None where they are no numbers.

    Args:
        marks: decimal marks that other columns of the file prove; of two readings the one that they
            prove is taken.
    """
    if given := DECIMAL.fullmatch(column.kind):
        precision, scale = int(given[1]), int(given[2])
        if scale > MOST_SCALE:
            return Numbers(
                open=(
                    f"the source gives a decimal of {scale} digits behind the mark, and"
                    f" {MOST_SCALE} are kept exactly; it stays as it is written"
                )
            )
        return Numbers(
            {"type": "decimal", "precision": precision, "scale": scale},
            f"the source gives a decimal of {precision} digits, {scale} of them behind the mark",
        )
    words = {v: n for v, n in column.counts.items() if v.lower() in ABSENT}
    parts = {v: split(v) for v in column.counts if v not in words}
    told = {v: p for v, p in parts.items() if p}
    seen, read = sum(column.counts.values()), sum(column.counts[v] for v in told)
    if not told or read < 0.8 * seen or len(words) > 3:
        return None
    if codes := [v for v in column.counts if CODE.fullmatch(v)]:
        return Numbers(
            open=(
                f"{_shown(codes)} may be a code or a number with an exponent, and nothing tells"
                " which; it stays as it is written until 'type: number' is given"
            )
        )
    odd = [v for v, p in parts.items() if p is None]
    if odd:
        return Numbers(
            open=(
                f"{read} of {seen} values are numbers, and {seen - read - sum(words.values())} are"
                f" not, such as {_shown(odd)}; it stays as it is written"
            )
        )
    mark, why = _mark({p[1] for p in told.values()}, marks)
    if not mark and (sized := _sized(told)):
        mark, why = (
            sized,
            (
                f"; with a decimal {'point' if sized == '.' else 'comma'} the figures of all units"
                " are of one size, and with the other mark they are not"
            ),
        )
    if not mark:
        return Numbers(open=why) if why else None
    if any(p[1].isdigit() and len(p[1]) > 15 for p in told.values()):
        return None
    values = {
        v: (-1 if p[0] in ("-", "\u2212") else 1) * float(figure(p[1], mark) or 0.0)
        for v, p in told.items()
    }
    made = _united(
        {
            v: (
                p[2] or p[3],
                values[v],
                column.counts[v],
                bool(p[2]) or v[: len(v) - len(p[3])].endswith((" ", "\u00a0")),
            )
            for v, p in told.items()
        }
    )
    if made.open:
        return made
    factors: dict[str, float] = made.settings.pop("_factors")  # type: ignore[assignment]
    whole = all(
        (values[v] * factors.get(p[2] or p[3], 1.0)).is_integer()
        and (values[v].is_integer() or factors.get(p[2] or p[3], 1.0) == 1.0)
        for v, p in told.items()
    )
    settings: dict[str, object] = {"type": "integer" if whole else "number", **made.settings}
    if mark == "," or why:  # a point that was chosen, where the values alone read two ways
        settings["decimal"] = mark
    sentence = (
        f"{'all ' if not words else ''}{read} {'values' if not words else f'of {seen} values'} are"
        f" {'whole ' if whole else ''}numbers{why}{made.why}"
    )
    if words:
        settings["absent"] = sorted(words)
        sentence += (
            f"; {', '.join(repr(w) for w in sorted(words))} ({sum(words.values())} rows) says that"
            " there is none"
        )
    return Numbers(settings, sentence)


def proven_mark(column: Column) -> str:
    """The decimal mark that a column proves by itself, empty where it proves none."""
    found = [p[1] for v in column.counts if (p := split(v))]
    if len(found) < 0.9 * len(column.counts) or not found:
        return ""
    able = [m for m in ".," if all(figure(f, m) is not None for f in found)]
    return able[0] if len(able) == 1 and not decimal_mark(found).few else ""


def _mark(figures: set[str], marks: frozenset[str]) -> tuple[str, str]:
    """The decimal mark under which all figures are read, and what that rests on; empty where it is
    not known.
    """
    able = [m for m in ".," if all(figure(f, m) is not None for f in figures)]
    if len(able) == 1 and (few := decimal_mark(figures).few):
        return (
            "",
            (
                f"most of its numbers read two ways, and only {_shown(sorted(few))} shows the"
                " decimal mark, which is too few; it stays as it is written until 'type: number'"
                " and 'decimal' are given"
            ),
        )
    if len(able) == 1:
        return able[0], (
            " with a decimal comma, which alone reads all of them" if able[0] == "," else ""
        )
    if not able:
        return (
            "",
            (
                ""
                if any(re.fullmatch(r"\d+\.\d+\.\d+.*", f) for f in figures)
                else (
                    "no one decimal mark reads all its numbers (such as"
                    f" {_shown(sorted(figures))}), so it stays as it is written; 'decimal'"
                    " settles it"
                )
            ),
        )
    differ = [f for f in figures if figure(f, ".") != figure(f, ",")]
    if not differ:
        return ".", ""
    if len(marks) == 1:
        (mark,) = marks
        return (
            mark,
            (
                f"; {_shown(differ)} would read two ways, and other columns of the file have a"
                f" decimal {'point' if mark == '.' else 'comma'}"
            ),
        )
    return (
        "",
        (
            f"its numbers read two ways: {_shown(differ)} has either a decimal mark or a mark of"
            " thousands, and no value tells which; it stays as it is written until 'type: number'"
            " and 'decimal' are given"
        ),
    )


def _sized(told: Mapping[str, tuple[str, str, str, str]]) -> str:
    """The one decimal mark under which figures in several units are of one size once converted;
    empty where that does not tell.
    """
    units = {p[2] or p[3]: unit_of(p[2] or p[3], True) for p in told.values() if p[2] or p[3]}
    bases = {u[0] for u in units.values() if u}
    odd = [p for p in told.values() if figure(p[1], ".") != figure(p[1], ",")]
    if (
        len(bases) != 1
        or any(u is None for u in units.values())
        or not all(p[2] or p[3] for p in odd)
    ):
        return ""
    many = {u: unit[1] for u, unit in units.items() if unit} | {"": 1.0}
    plain = [
        float(figure(p[1], ".") or 0.0) * many[p[2] or p[3]] for p in told.values() if p not in odd
    ]
    fits = [
        m
        for m in ".,"
        if _alike([float(figure(p[1], m) or 0.0) * many[p[2] or p[3]] for p in odd], plain)
    ]
    return fits[0] if len(fits) == 1 and len(plain) >= 10 else ""


@lru_cache(maxsize=1)
def _currencies() -> dict[str, tuple[str, float]]:
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
    if said in _currencies():
        return _currencies()[said]
    if said in UNITS:
        return UNITS[said]
    name = PLURAL.get(said, said)
    if known(name) or (apart and len(said) > 1 and factor(name, name) is not None):
        return name, 1.0
    return None


def _united(values: Mapping[str, tuple[str, float, int, bool]]) -> Numbers:
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
            and _alike(groups[named[0]], groups.get("", []))
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
            if _alike(
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
        if len(fits) != 1 or not _alike(
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


def _alike(some: list[float], others: list[float]) -> bool:
    """Whether two lists of figures are of one size: their medians within a factor of three."""
    if not some or not others:
        return True
    a, b = sorted(some)[len(some) // 2], sorted(others)[len(others) // 2]
    return a == b or (a > 0 and b > 0 and 1 / 3 <= a / b <= 3)


def _shown(values: list[str]) -> str:
    return ", ".join(repr(v[:24]) for v in values[:3])


__all__ = ["ABSENT", "Numbers", "figure", "numbers", "proven_mark", "share", "split", "unit_of"]
