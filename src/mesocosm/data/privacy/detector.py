"""Private data found in columns and in free text, in English, German, French, Spanish and Chinese.

Knows which form goes before which. Values are never kept or printed: a finding is a kind and a
span.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mesocosm.data.privacy.context_cues import NUMBERS, TOLD_BY
from mesocosm.data.privacy.names import (
    CHINESE,
    ENGLISH,
    FIRST,
    HAN_NAMED,
    LOUD,
    NAMED,
    NOT_NAMES,
    TITLED,
)
from mesocosm.data.privacy.patterns import FORMS, LED_BY


@dataclass(frozen=True)
class Span:
    """A private value in a text: from `start` to before `end`."""

    start: int
    end: int
    what: str


@dataclass(frozen=True)
class ColumnKind:
    """What a column holds, how much of it, and how it would be hidden."""

    what: str
    share: float
    how: str


HAN = re.compile(r"[\u4e00-\u9fff]")


def spans(said: str) -> list[Span]:
    """Private values in a text, in order, none over another; the first form in the list that fits
    wins.

    >>> [(s.what, s.start) for s in spans("write to ann@example.org")]
    [('e-mail', 9)]
    """
    found: list[Span] = []

    def free(start: int, end: int) -> bool:
        return all(end <= s.start or start >= s.end for s in found)

    digits, han, low = any(map(str.isdigit, said)), HAN.search(said) is not None, said.lower()
    for what, form, holds in NUMBERS if digits else ():
        if form in TOLD_BY and not any(word in low for word in TOLD_BY[form]):
            continue
        for match in form.finditer(said):
            if free(*match.span(1)) and holds(match[1]):
                found.append(Span(*match.span(1), what))
    for what, form, holds in FORMS:
        if (
            not digits
            and what != "e-mail"
            and not (han and what == "address")
            or what == "e-mail"
            and "@" not in said
        ):
            continue
        if form.pattern.startswith("(?:(?<=") and not any(word in low for word in LED_BY):
            continue
        for match in form.finditer(said):
            start, end = match.span()
            lead = len(match[0]) - len(match[0].lstrip())
            if free(start + lead, end) and holds(match[0].strip()):
                found.append(Span(start + lead, end, what))
    for form in (
        TITLED,
        ENGLISH,
        LOUD,
        FIRST,
        *(f for words, f in NAMED if any(word in low for word in words)),
        *((CHINESE, *HAN_NAMED) if han else ()),
    ):
        for match in form.finditer(said):
            words = match[1].split()
            if (
                match[1]
                and free(*match.span(1))
                and not any(w in NOT_NAMES or w.capitalize() in NOT_NAMES for w in words)
            ):
                found.append(Span(match.start(1), match.end(1), "name"))
    return sorted(found, key=lambda s: s.start)


def redact(said: str) -> str:
    """The text with each private value as its kind in brackets.

    >>> redact("call +49 30 1234567 now")
    'call [phone] now'
    """
    for span in reversed(spans(said)):
        said = f"{said[: span.start]}[{span.what}]{said[span.end :]}"
    return said


COLUMN_NAMES = (
    ("e-mail", "pseudonymise", re.compile(r"e-?mail|邮箱", re.I)),
    ("phone", "mask", re.compile(r"phone|mobile|telephone|(^|_)tel(_|$)|电话|手机", re.I)),
    (
        "name",
        "pseudonymise",
        re.compile(
            r"(first|last|full|sur|given|family|person|customer|patient|applicant)_?name|姓名", re.I
        ),
    ),
    ("national id", "pseudonymise", re.compile(r"ssn|passport|national_?id|身份证", re.I)),
    ("card", "mask", re.compile(r"card_?(no|num)|iban|银行卡", re.I)),
    ("address", "mask", re.compile(r"street|home_?address|住址|地址", re.I)),
)


def column_kind(name: str, counts: Mapping[str, int]) -> ColumnKind | None:
    """What private values a column holds, by its values' forms and by its name; None where it holds
    none.
    """
    looked = list(counts)[:500]
    if not looked:
        return None
    hits: dict[str, int] = {}
    for value in looked:
        mine = [s for s in spans(value) if s.end - s.start >= 0.8 * len(value)]
        if mine:
            hits[mine[0].what] = hits.get(mine[0].what, 0) + 1
    best = max(hits, key=lambda k: hits[k], default=None)
    if best and hits[best] >= 0.6 * len(looked):
        return ColumnKind(
            "an " + best if best[0] in "aei" else "a " + best,
            hits[best] / len(looked),
            "mask" if best in ("phone", "card", "iban", "ip", "address") else "pseudonymise",
        )
    for what, how, form in COLUMN_NAMES:
        if form.search(name):
            return ColumnKind(
                f"a {what}, by the column's name", max(hits.get(what, 0), 1) / len(looked), how
            )
    return None
