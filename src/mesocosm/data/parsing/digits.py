"""Digits of one figure: digits of every script as ASCII, and its marks of groups taken out.

Pure. A mark groups digits only where groups stand: threes, or twos before the last three as in
India.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

SPACES = " \u00a0\u2007\u2009\u202f"
ARABIC_POINT, ARABIC_GROUP = "\u066b", "\u066c"
NAMES = {".": "point", ",": "comma"}


class NoFigure(ValueError):
    """A text is not one exact figure; says why."""


@dataclass(frozen=True)
class _Marks:
    """How a column writes numbers: its decimal mark, the other mark, and whether it shows both."""

    point: str
    other: str
    mixed: bool

    @property
    def name(self) -> str:
        """The decimal mark in words."""
        return NAMES[self.point]

    @property
    def other_name(self) -> str:
        """The other mark in words."""
        return NAMES[self.other]


MARKS = {
    ".": _Marks(".", ",", mixed=False),
    ",": _Marks(",", ".", mixed=False),
    "mixed": _Marks(".", ",", mixed=True),
}


def to_ascii_digits(text: str) -> str:
    """A text with the digits of every script as ASCII digits.

    >>> to_ascii_digits("٣ kg"), to_ascii_digits("½")
    ('3 kg', '½')
    """
    if text.isascii():
        return text
    return "".join(map(_to_ascii_digit, text))


def _to_ascii_digit(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    return letter if digit is None else str(digit)


def are_groups(whole: str, mark: str) -> bool:
    """Whether a mark stands only where groups of digits stand, and at least once.

    >>> are_groups("1.234.567", "."), are_groups("12,34,567", ","), are_groups("1.23", ".")
    (True, True, False)
    """
    if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", whole):
        return True
    return mark == "," and bool(re.fullmatch(r"[1-9]\d?(?:,\d{2})+,\d{3}", whole))


def remove_groups(body: str, decimal: str) -> str:
    """A figure without its group marks, its decimal mark a point.

    Args:
        decimal: the decimal mark, `.` or `,`; `mixed` where a column shows both.

    Raises:
        NoFigure: the marks do not stand where they may.
    """
    body, decimal = _translate_arabic_marks(body, decimal)
    marks = MARKS[decimal]
    whole, point, part = body.partition(marks.point)
    _check_part(body, whole, part, marks)
    if not whole and not part:
        raise NoFigure("it contains no number")
    if not re.fullmatch(r"\d*", whole):
        whole = _remove_group_mark(whole, bool(point), marks)
    whole = whole or "0"
    if not part:
        return whole
    return f"{whole}.{part}"


def _check_part(body: str, whole: str, part: str, marks: _Marks) -> None:
    """Refuse what stands behind the decimal mark where it is not digits, or may be a group."""
    if not re.fullmatch(r"\d*", part):
        raise NoFigure(_explain_two_points(body, marks))
    if marks.mixed and len(part) == 3 and re.fullmatch(r"[1-9]\d{0,2}", whole):
        raise NoFigure(_explain_two_readings(marks.name))


def _translate_arabic_marks(body: str, decimal: str) -> tuple[str, str]:
    """A figure with Arabic marks in its Latin ones, and its decimal mark: Arabic marks name
    themselves.
    """
    if {ARABIC_POINT, ARABIC_GROUP}.isdisjoint(body):
        return body, decimal
    if "." in body or "," in body:
        raise NoFigure("Arabic and other marks are mixed")
    body = body.replace(ARABIC_POINT, ".").replace(ARABIC_GROUP, ",")
    if "," in body and not re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", body):
        raise NoFigure("the group mark does not separate groups of 3 digits")
    return body, "."


def _remove_group_mark(whole: str, has_point: bool, marks: _Marks) -> str:
    """The digits before the decimal mark without the one mark that groups them."""
    mark, *others = _marks_in(whole)
    if others:
        raise NoFigure(_explain_two_marks(whole, has_point, marks))
    alone = not has_point and _stands_once(whole, mark, marks)
    if alone and _may_be_part(whole, marks):
        raise NoFigure(_explain_two_readings(marks.other_name))
    if not are_groups(whole, mark):
        raise NoFigure(_explain_no_groups(whole, mark, alone, marks))
    return whole.replace(mark, "")


def _marks_in(whole: str) -> list[str]:
    """The characters that are no digits, each once."""
    return list(dict.fromkeys(letter for letter in whole if not letter.isdigit()))


def _may_be_part(whole: str, marks: _Marks) -> bool:
    """Whether a column that shows both decimal marks leaves open if one mark groups digits."""
    return marks.mixed and re.fullmatch(r"[1-9]\d{0,2},\d{3}", whole) is not None


def _stands_once(whole: str, mark: str, marks: _Marks) -> bool:
    """Whether a mark is the one that is not the decimal mark, and stands once."""
    return mark == marks.other and whole.count(mark) == 1


def _explain_no_groups(whole: str, mark: str, alone: bool, marks: _Marks) -> str:
    """Why a mark before the decimal one groups no digits.

    Args:
        alone: whether it is the other mark, once, in a figure without a decimal mark.
    """
    if mark != marks.other:
        name = "a space" if mark in SPACES else f"'{mark}'"
        return f"{name} does not separate groups of 3 digits"
    if not alone:
        return (
            f"the {marks.other_name} does not separate groups of 3 digits, with a {marks.name} as"
            " the decimal mark"
        )
    place = _place_of(*whole.split(mark))
    return f'a {marks.other_name} {place} is not a group mark; set decimal: "{mark}"'


def _place_of(before: str, after: str) -> str:
    """Where a mark stands that groups no digits, in words."""
    if len(after) == 3:
        return f"after {before or 'nothing'}"
    return f"before {len(after)} digit{'s' * (len(after) != 1)}"


def _explain_two_marks(whole: str, has_point: bool, marks: _Marks) -> str:
    if whole.count(marks.other) == 1 and not has_point and _is_figure(whole, marks.other):
        return (
            f"with groups before it, the {marks.other_name} is the decimal mark; set decimal:"
            f' "{marks.other}"'
        )
    return "two kinds of group marks are mixed"


def _is_figure(body: str, decimal: str) -> bool:
    try:
        remove_groups(body, decimal)
    except NoFigure:
        return False
    return True


def _explain_two_readings(mark: str) -> str:
    return (
        f"the column shows both decimal marks, so a {mark} before 3 digits has two readings; set"
        ' decimal: "." or ","'
    )


def _explain_two_points(body: str, marks: _Marks) -> str:
    point, other = re.escape(marks.point), re.escape(marks.other)
    if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{point}\d{{3}})+(?:{other}\d+)?", body):
        return f'the {marks.name} groups digits here; set decimal: "{marks.other}"'
    return f"it has more than one decimal mark ({marks.name})"
