"""How one text was made into another, as an edit that fits other texts as well."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesocosm.data.cleaning.learned_errors.text_table import to_number

CASES = {"lower": str.lower, "upper": str.upper, "title": str.title, "capital": str.capitalize}
PART = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Edit:
    """One edit, learnt from a corrected cell.

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
    edits = [Edit("value", (found,), (right,))] if found else []
    if found.lower() == right.lower():
        was = [n for n, case in CASES.items() if case(found) == found]
        edits += [Edit("case", tuple(was[:1]), (n,)) for n, c in CASES.items() if c(found) == right]
    edits += _learn_ends(found, right) + _learn_sign(found, right) + _learn_order(found, right)
    a, b = to_number(found), to_number(right)
    if a == a and b == b and a and b and abs(a / b) != 1:
        edits.append(Edit("factor", factor=_round_factor(a / b)))
    return edits


def _round_factor(factor: float) -> float:
    """A power of ten where it is almost one."""
    for power in range(-6, 7):
        if abs(factor / 10.0**power - 1) < 0.01:
            return 10.0**power
    return factor


def _learn_ends(found: str, right: str) -> list[Edit]:
    if right and right in found:
        start, _, end = found.partition(right)
        return [Edit("affix", (start, end), ("", ""))]
    if found and found in right:
        start, _, end = right.partition(found)
        return [Edit("affix", ("", ""), (start, end))]
    return []


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
    order, used = [], list[int]()
    for part in PART.findall(right):
        if not part.isdigit():
            order.append(part)
            continue
        at = _find_unused(digits, part, used)
        if at < 0:
            return []
        used += range(at, at + len(part))
        order.append(f"\x00{at},{len(part)}")
    if len(used) != len(digits) or len(digits) < 4:
        return []
    return [Edit("order", right=tuple(order))]


def _find_unused(digits: str, part: str, used: list[int]) -> int:
    at = digits.find(part)
    while at >= 0 and set(range(at, at + len(part))) & set(used):
        at = digits.find(part, at + 1)
    return at
