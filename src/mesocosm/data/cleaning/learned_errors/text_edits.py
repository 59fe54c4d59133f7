"""How one text was made into another, as an edit that fits other texts as well."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesocosm.data.cleaning.learned_errors.text_table import GAP_WORDS, NUMBER, to_number

CASES = {"lower": str.lower, "upper": str.upper, "title": str.title, "capital": str.capitalize}
_LENGTHS = (2.54, 0.45359237, 1.609344, 0.3048, 0.9144, 28.349523, 3.785412, 4.184, 60.0, 12.0, 7.0)
_OTHERS = (1.8, 24.0, 3.6, 16.0, 1024.0, 1.852, 2.471054, 0.746)
_UNITS = (*_LENGTHS, *_OTHERS)
_TENS = tuple(10.0**power for power in range(-6, 7) if power)
_WRITTEN = tuple(float(f"{factor:.4g}") for unit in _UNITS for factor in (unit, 1 / unit))
UNIT_FACTORS = tuple(dict.fromkeys((*_TENS, *_UNITS, *(1 / u for u in _UNITS), *_WRITTEN)))
PART = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Edit:
    """One edit, as a corrected cell shows it.

    Args:
        kind: `value`, `case`, `affix`, `sign`, `factor` or `order`.
        found: what stood there: a value, the start and the end, or a sign.
        right: what was to stand there.
        factor: by which a number is multiplied.
    """

    kind: str
    found: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    factor: float = 1.0

    def do(self, text: str) -> str | None:
        """The corrected text; None where the edit does not fit it."""
        return _change(self, text, self.found, self.right, 1 / self.factor)

    def back(self, text: str) -> str | None:
        """A right text made wrong as this one was; None where it does not fit."""
        if self.kind in ("case", "order"):
            return None if self.kind == "order" else _unchange_case(self, text)
        return _change(self, text, self.right, self.found, self.factor)


def _unchange_case(edit: Edit, text: str) -> str | None:
    if not edit.found or CASES[edit.right[0]](text) != text:
        return None
    return CASES[edit.found[0]](text)


def _change(
    edit: Edit, text: str, old: tuple[str, ...], new: tuple[str, ...], factor: float
) -> str | None:
    if edit.kind == "value":
        return new[0] if text == old[0] else None
    if edit.kind == "case":
        return CASES[new[0]](text)
    if edit.kind == "affix":
        return _change_ends(text, old, new)
    if edit.kind == "sign":
        return text.replace(old[0], new[0]) if old[0] and old[0] in text else None
    if edit.kind == "order":
        return _reorder(text, edit.right)
    number = to_number(text)
    digits = len(text.partition(".")[2])
    return None if number != number else f"{number * factor:.{digits}f}"


def _change_ends(text: str, old: tuple[str, ...], new: tuple[str, ...]) -> str | None:
    start, end = old
    if len(text) < len(start) + len(end):
        return None
    if not (text.startswith(start) and text.endswith(end)):
        return None
    return f"{new[0]}{text[len(start) : len(text) - len(end)]}{new[1]}"


def _reorder(text: str, order: tuple[str, ...]) -> str | None:
    """The figures of a text in another order, with other signs between; each as `place,length`."""
    digits = "".join(c for c in text if c.isdigit())
    out = []
    for part in order:
        if part.startswith("\x00"):
            at, long = (int(n) for n in part[1:].split(","))
            if at + long > len(digits):
                return None
            out.append(digits[at : at + long])
        else:
            out.append(part)
    used = sum(len(p) for p in out if p.isdigit())
    return "".join(out) if used == len(digits) else None


def learn_edits(found: str, right: str) -> list[Edit]:
    """Every edit that makes one text of the other, the most general first."""
    if found == right:
        return []
    if found.strip().lower() in GAP_WORDS:
        return []
    edits = [] if NUMBER.fullmatch(found) else [Edit("value", (found,), (right,))]
    if found.lower() == right.lower():
        was = [n for n, case in CASES.items() if case(found) == found]
        edits += [Edit("case", tuple(was[:1]), (n,)) for n, c in CASES.items() if c(found) == right]
    edits += _learn_ends(found, right) + _learn_sign(found, right) + _learn_order(found, right)
    a, b = to_number(found), to_number(right)
    if a == a and b == b and a and b and abs(a / b) != 1:
        factor = _round_factor(a / b)
        edits += [] if factor is None else [Edit("factor", factor=factor)]
    return edits


def _round_factor(factor: float) -> float | None:
    """The factor between two units that this one is almost; None where it is none."""
    nearest = min(UNIT_FACTORS, key=lambda known: abs(factor / known - 1))
    return nearest if abs(factor / nearest - 1) < 0.005 else None


def _learn_ends(found: str, right: str) -> list[Edit]:
    if right and right in found:
        start, _, end = found.partition(right)
        return [Edit("affix", (start, end), ("", ""))] if _is_added(start, end) else []
    if len(found) >= len(right) / 2 and found in right:
        start, _, end = right.partition(found)
        return [Edit("affix", ("", ""), (start, end))] if _is_added(start, end) else []
    return []


def _is_added(start: str, end: str) -> bool:
    """Whether ends are signs, units or words that were put on, and not letters of a word."""
    marked = (start[-1:], end[:1])
    return not any(mark.isalnum() for mark in marked) or end[:1].isalpha() and len(end) > 1


def _learn_sign(found: str, right: str) -> list[Edit]:
    edits = []
    for old in {c for c in found if not c.isalnum()} - set(right):
        for new in {c for c in right if not c.isalnum()} | {""}:
            if found.replace(old, new) == right:
                edits.append(Edit("sign", (old,), (new,)))
    return edits


def _learn_order(found: str, right: str) -> list[Edit]:
    """Figures that only stand in another order, as those of a date."""
    digits = "".join(c for c in found if c.isdigit())
    starts = _group_starts(found)
    order, used = [], list[int]()
    for part in PART.findall(right):
        if not part.isdigit():
            order.append(part)
            continue
        at = _find_unused(digits, part, used, starts)
        if at < 0:
            return []
        used += range(at, at + len(part))
        order.append(f"\x00{at},{len(part)}")
    if len(used) != len(digits) or len(digits) < 4:
        return []
    return [Edit("order", right=tuple(order))]


def _group_starts(text: str) -> list[int]:
    """At which digit each group of digits begins."""
    starts, at = [], 0
    for part in PART.findall(text):
        if part.isdigit():
            starts.append(at)
            at += len(part)
    return starts


def _find_unused(digits: str, part: str, used: list[int], starts: list[int]) -> int:
    """Where a part stands, at the start of a group of digits if it can."""
    places = [
        at
        for at in range(len(digits) - len(part) + 1)
        if digits.startswith(part, at) and not set(range(at, at + len(part))) & set(used)
    ]
    return next((at for at in places if at in starts), places[0] if places else -1)
