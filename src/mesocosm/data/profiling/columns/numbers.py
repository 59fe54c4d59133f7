"""What a column's values prove of numbers: which decimal mark reads all of them, with the unit that
stands beside them.

A reading is taken only where every value has it and no other reading gives another figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mesocosm.data.parsing.numbers import Figure, parse_figure
from mesocosm.data.pipeline.ingest import DECIMAL
from mesocosm.data.profiling.column_readings import decimal_mark
from mesocosm.data.profiling.columns.column import Column
from mesocosm.data.profiling.columns.units import Numbers, alike, currencies, unit_of, united

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


def split(value: str) -> tuple[str, str, str, str] | None:
    """Sign, figure and the text before and behind it; None where there is no single figure.

    >>> split("CNY 123.53"), split("36 months"), split("5 ± 1"), split("12.03.2024")
    (('', '123.53', 'CNY', ''), ('', '36', '', 'months'), None, ('', '12.03.2024', '', ''))
    """
    match = VALUE.fullmatch(value)
    if not match or (match[1] and match[3]):
        return None
    behind = (match[5] or "").strip()
    if (match[2] and (behind or match[2] not in currencies())) or (
        behind and not WORD.fullmatch(behind)
    ):
        return None
    return match[1] or match[3] or "", match[4], match[2] or "", behind


def figure(said: str, mark: str) -> float | None:
    """A figure under a decimal mark, None where it is none: groups stand only where groups stand.

    >>> figure("1,234.5", "."), figure("1.234,5", ","), figure("1,23", "."), figure("1,23", ",")
    (1234.5, 1234.5, None, 1.23)
    """
    read = parse_figure(said, mark)
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
    made = united(
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
        if alike([float(figure(p[1], m) or 0.0) * many[p[2] or p[3]] for p in odd], plain)
    ]
    return fits[0] if len(fits) == 1 and len(plain) >= 10 else ""


def _shown(values: list[str]) -> str:
    return ", ".join(repr(v[:24]) for v in values[:3])
