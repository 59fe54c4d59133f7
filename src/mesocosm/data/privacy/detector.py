"""Private data found in columns and in free text, in English, German, French, Spanish and Chinese.

Knows which form goes before which. Values are never kept or printed: a finding is a kind and a
span.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesocosm.data.parsing.chinese.words import is_word
from mesocosm.data.privacy.context_cues import NUMBERS, TOLD_BY
from mesocosm.data.privacy.names import (
    CHINESE,
    DOTTED,
    ENGLISH,
    FIRST,
    HAN_NAMED,
    LOUD,
    NAMED,
    NOT_NAMES,
    TITLED,
)
from mesocosm.data.privacy.patterns import FIGURES, FORMS, LED_BY, NO_PERSON
from mesocosm.data.privacy.peoples.find import find_values


@dataclass(frozen=True)
class Span:
    """A private value in a text: from `start` to before `end`, and how sure it is, from 0 to 1."""

    start: int
    end: int
    what: str
    score: float = 0.9


@dataclass(frozen=True)
class ColumnKind:
    """What a column holds, how much of it, and how it would be hidden."""

    what: str
    share: float
    how: str


TOLD_BY_FORM = 0.85  # a score up to which figures may be a thing's
KINDS = frozenset(what for what, *_ in FORMS)
WEAK = frozenset("由给和与找向让请叫")  # words before a name that stand before things too
HAN = re.compile(r"[\u4e00-\u9fff]")
WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ＠．－＿＋]")  # full-width characters of numbers and addresses
NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F) if WIDE.match(chr(wide))}


def find_spans(text: str) -> list[Span]:
    """Private values in a text, in order, none over another; the first form in the list that fits
    wins.

    >>> [(s.what, s.start) for s in find_spans("write to ann@example.org")]
    [('e-mail', 9)]
    """
    found: list[Span] = []
    if WIDE.search(text):
        text = text.translate(NARROW)  # character for character, so that places stay
    if any(map(str.isdigit, text)):
        _find_numbers(text, found)
    _find_forms(text, found)
    _find_names(text, found)
    for start, end, what, score in find_values(text):
        if score <= TOLD_BY_FORM and _is_of_thing(what, text, start):
            continue
        _merge(found, Span(start, end, what, score))
    return sorted(found, key=lambda span: span.start)


def _merge(found: list[Span], new: Span) -> None:
    """Add a value, in place of the ones that it covers where they are of its kind, or parts of a
    number or of an address that is known better by now.
    """
    under = [s for s in found if s.start < new.end and new.start < s.end]
    if all(_is_covered(s, new) for s in under):
        found[:] = [s for s in found if s not in under]
        found.append(new)


def _is_covered(old: Span, new: Span) -> bool:
    """Whether a value gives way to one that lies over it."""
    if old.start < new.start or new.end < old.end:
        return False
    longer = new.end - new.start > old.end - old.start
    if old.what == new.what:
        return longer
    return new.what == "address" or (old.what in FIGURES and new.what not in ("phone", "name"))


def _is_free(found: Sequence[Span], start: int, end: int) -> bool:
    """Whether a span lies over none that was found before."""
    return all(end <= span.start or start >= span.end for span in found)


def _find_numbers(text: str, found: list[Span]) -> None:
    """Add numbers that the words before them show to be private."""
    low = text.lower()
    for what, form, holds in NUMBERS:
        if form in TOLD_BY and not _holds_word(low, TOLD_BY[form]):
            continue
        for match in form.finditer(text):
            start, end = match.span(1)
            if _is_free(found, start, end) and holds(match[1]):
                found.append(Span(start, end, what))


def _holds_word(low: str, words: Iterable[str]) -> bool:
    """Whether one of some words stands in a text in small letters."""
    return any(word in low for word in words)


def _find_forms(text: str, found: list[Span]) -> None:
    """Add values that are private by their form."""
    possible = _possible_kinds(text)
    led = _holds_word(text.lower(), LED_BY)
    for what, form, holds in FORMS:
        if what not in possible or (form.pattern.startswith("(?:(?<=") and not led):
            continue
        for match in form.finditer(text):
            start, end = match.span()
            start += len(match[0]) - len(match[0].lstrip())
            if not _is_free(found, start, end) or _is_of_thing(what, text, start):
                continue
            if holds(match[0].strip()):
                found.append(Span(start, end, what))


def _is_of_thing(what: str, text: str, start: int) -> bool:
    """Whether the words before some figures say that they number a thing, such as an order."""
    return what in FIGURES and bool(NO_PERSON.search(text, max(0, start - 24), start))


def _possible_kinds(text: str) -> set[str]:
    """The kinds whose forms a text can hold: most need a digit, an e-mail needs an @."""
    kinds: set[str] = set()
    if any(map(str.isdigit, text)):
        kinds |= KINDS
    elif HAN.search(text):
        kinds.add("address")
    if "@" not in text:
        return kinds - {"e-mail"}
    return kinds | {"e-mail"}


def _find_names(text: str, found: list[Span]) -> None:
    """Add names of people."""
    for form in _list_name_forms(text):
        for match in form.finditer(text):
            start, end = match.span(1)
            if not match[1] or _holds_other_word(match[1]) or _is_chinese_word(text, match):
                continue
            if _is_free(found, start, end):
                found.append(Span(start, end, "name"))


def _is_chinese_word(text: str, match: re.Match[str]) -> bool:
    """Whether what looks like a Chinese name is a word; behind a word such as 和, which names
    nobody, it is enough that it begins with one.
    """
    start, name = match.start(1), match[1]
    if not HAN.match(name):
        return False
    return is_word(name, begins=text[start - 1 : start] in WEAK)


def _list_name_forms(text: str) -> list[re.Pattern[str]]:
    """The forms of names that a text can hold."""
    low = text.lower()
    forms = [TITLED, ENGLISH, LOUD, FIRST]
    forms += [form for words, form in NAMED if _holds_word(low, words)]
    if HAN.search(text):
        forms += [DOTTED, CHINESE, *HAN_NAMED]
    return forms


def _holds_other_word(name: str) -> bool:
    """Whether a word of what looks like a name is none of a name."""
    return any(word in NOT_NAMES or word.capitalize() in NOT_NAMES for word in name.split())


def redact(text: str) -> str:
    """The text with each private value as its kind in brackets.

    >>> redact("call +49 30 1234567 now")
    'call [phone] now'
    """
    for span in reversed(find_spans(text)):
        text = f"{text[: span.start]}[{span.what}]{text[span.end :]}"
    return text


LOOKED = 500  # different values of a column
WHOLE = 0.8  # of a value's characters that are private, for it to be a private value itself
MOST_OF = 0.6  # of a column's values that are, for it to be a private column
MASKED = ("phone", "card", "iban", "ip", "address")  # the others get pseudonyms
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
    ("national id", "pseudonymise", re.compile(r"ssn|passport|national_?id|身份证|护照", re.I)),
    ("plate", "pseudonymise", re.compile(r"licen[cs]e_?plate|车牌", re.I)),
    ("card", "mask", re.compile(r"card_?(no|num)|iban|银行卡", re.I)),
    ("address", "mask", re.compile(r"street|home_?address|住址|地址", re.I)),
)


def column_kind(name: str, counts: Mapping[str, int]) -> ColumnKind | None:
    """What private values a column holds, by its values' forms and by its name; None where it holds
    none.
    """
    values = list(counts)[:LOOKED]
    if not values:
        return None
    hits = _count_whole(values)
    best = max(hits, key=lambda kind: hits[kind], default=None)
    if best and hits[best] >= MOST_OF * len(values):
        article = "an" if best[0] in "aei" else "a"
        how = "mask" if best in MASKED else "pseudonymise"
        return ColumnKind(f"{article} {best}", hits[best] / len(values), how)
    return _find_by_name(name, hits, len(values))


def _count_whole(values: Sequence[str]) -> Counter[str]:
    """How many values are private as a whole, by kind."""
    hits: Counter[str] = Counter()
    for value in values:
        whole = [s.what for s in find_spans(value) if s.end - s.start >= WHOLE * len(value)]
        hits.update(whole[:1])
    return hits


def _find_by_name(name: str, hits: Counter[str], values: int) -> ColumnKind | None:
    """What the name of a column says that it holds."""
    for what, how, form in COLUMN_NAMES:
        if form.search(name):
            share = max(hits[what], 1) / values
            return ColumnKind(f"a {what}, by the column's name", share, how)
    return None
