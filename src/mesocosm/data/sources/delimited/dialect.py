"""How cells of a delimited text are separated, and the regular expressions that read such lines.
Knows no file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PAIRS = {"“": "”", "‘": "’", "「": "」", "『": "』", "«": "»"}  # quotes that close otherwise


@dataclass(frozen=True)
class Dialect:
    """How cells are separated.

    Args:
        quote: the quote character; empty where there is none. One of `PAIRS` is closed by its
            partner.
        escape: what stands before a quote inside of quotes: the quote itself, or another character.
        comment: what a line that is not a row begins with; empty where there is none.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    comment: str = ""

    @property
    def closing(self) -> str:
        """The character that closes a quoted value."""
        return PAIRS.get(self.quote, self.quote)

    def patterns(self) -> Patterns:
        """The dialect as regular expressions."""
        d, q, e = re.escape(self.delimiter), re.escape(self.quote), re.escape(self.escape)
        c = re.escape(self.closing)
        pad = "" if self.delimiter == " " else " *"
        if not self.quote:
            return self._unquoted_patterns()
        body = rf"(?:[^{c}{e}]|{e}(?:.|\Z))*+"
        if self.escape == self.quote:
            body = rf"(?:[^{c}]|{c}{c})*+"
        quoted = rf"{pad}{q}{body}{c}{pad}"
        bare, strict = rf"(?!{pad}{q})[^{d}]*+", rf"[^{d}{q}]*+"
        cells, tight = (
            rf"(?:{quoted}(?={d}|\Z)|{bare})",
            rf"(?:{quoted}(?={d}|\Z)|{strict}(?={d}|\Z))",
        )
        rest = rf"{body}{c}{pad}(?:{d}{tight})*+"
        opening = rf"(?:{cells}{d})*{pad}{q}{body}"
        return _compile(
            rf"{cells}(?:{d}{cells})*+",
            rf"{tight}(?:{d}{tight})*+",
            opening,
            rest,
            rf"{body}(?:{c}{pad}{d}(?:{tight}{d})*{pad}{q}{body})?",
            rf"(?:\A|{d})(?:{pad}{q}(?P<q>{body}){c}{pad}(?={d}|\Z)|({bare}))",
        )

    def _unquoted_patterns(self) -> Patterns:
        """The same of a dialect without quotes, in which no line is open."""
        d, e = re.escape(self.delimiter), re.escape(self.escape)
        cell = rf"[^{d}]*+"
        if self.escape:
            cell = rf"(?:[^{d}{e}]|{e}(?:.|\Z))*+"
        record, never = rf"{cell}(?:{d}{cell})*+", r"(?!)"
        return _compile(record, record, never, never, never, rf"(?:\A|{d})(?P<q>(?!))?({cell})")


@dataclass(frozen=True)
class Patterns:
    """Of a whole line: a record; one without a stray quote; the start of a record whose quote stays
    open; the end of a record from inside of quotes; a line that stays inside of quotes. And of one
    cell of a record."""

    whole: re.Pattern[str]
    strict: re.Pattern[str]
    opening: re.Pattern[str]
    ending: re.Pattern[str]
    inside: re.Pattern[str]
    cell: re.Pattern[str]


def _compile(*expressions: str) -> Patterns:
    return Patterns(*(re.compile(expression, re.S) for expression in expressions))
