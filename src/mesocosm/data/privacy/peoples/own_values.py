"""Redaction by a file's own patterns and lists, with a least score. Knows texts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from mesocosm.data.privacy.detector import Span, find_spans

LONGEST_PATTERN = 500
# of an expression: an escaped character, a class of characters, an exact count, a bracket, or what
# varies
PART = re.compile(
    r"\\.|\{\d+\}|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|[:a-zA-Z-]+:?|P<\w+>))?|[)*+?{|]",
    re.S,
)
REPEATS = re.compile(r"[*+]|\{\d*,")


def may_not_end(form: str) -> bool:
    """Whether an expression repeats a group of varying length or of choices: its time may double
    with each character of a text.

    >>> [may_not_end(form) for form in ("(a+)+", "((a|a))*", "(?:x{2,})+")]
    [True, True, True]
    >>> [may_not_end(form) for form in ("(AB|CD)-[0-9]{4}", r"[(+)]*\\(a+\\)+", "([0-9]{4}-){3}")]
    [False, False, False]
    """
    groups = [False]  # whether each open group varies
    for part in PART.finditer(form):
        sign = part[0][0]
        if sign == "(":
            groups.append(False)
        elif sign == ")" and len(groups) > 1:
            varies = groups.pop()
            if varies and REPEATS.match(form, part.end()):
                return True
            groups[-1] = groups[-1] or varies
        elif sign in "*+?|" or part[0] == "{":
            groups[-1] = True
    return False


@dataclass(frozen=True)
class OwnValues:
    """What a file says is private beside what is known, what is not, and the least score.

    Args:
        forms: each own kind with the form of its values.
        never: texts, in small letters, that are not private.
        least: findings with a lower score stay.
    """

    forms: tuple[tuple[str, re.Pattern[str]], ...]
    never: frozenset[str]
    least: float

    def find(self, text: str) -> list[Span]:
        """Private values in a text, in order; the file's own go before those that are known."""
        own = [
            Span(match.start(), match.end(), what, 1.0)
            for what, form in self.forms
            for match in form.finditer(text)
            if match[0]
        ]
        found: list[Span] = []
        for span in (*own, *self._find_known(text)):
            if all(span.end <= other.start or other.end <= span.start for other in found):
                found.append(span)
        return sorted(found, key=lambda span: span.start)

    def _find_known(self, text: str) -> list[Span]:
        return [
            span
            for span in find_spans(text)
            if span.score >= self.least and text[span.start : span.end].lower() not in self.never
        ]


@lru_cache(maxsize=64)
def read_own_values(settings: str) -> OwnValues:
    """The own values of a field, from their JSON.

    >>> own = read_own_values('{"lists": {"project": ["Falcon"]}, "patterns": {}}')
    >>> [(s.what, s.start) for s in own.find("about falcon")]
    [('project', 6)]
    """
    given = json.loads(settings)
    patterns = [(what, re.compile(form)) for what, form in given.get("patterns", {}).items()]
    lists = [(what, _list_form(words)) for what, words in given.get("lists", {}).items()]
    never = frozenset(text.lower() for text in given.get("never", ()))
    return OwnValues((*patterns, *lists), never, float(given.get("min_score", 0.0)))


def _list_form(words: list[str]) -> re.Pattern[str]:
    """A form of some words, the longest first, in any case; letters of Latin script end them."""
    longest = sorted(words, key=len, reverse=True)
    either = "|".join(map(re.escape, longest))
    return re.compile(rf"(?<![^\W_\u3040-\uffff])(?:{either})(?![^\W_\u3040-\uffff])", re.I)


def redact_by(text: str, settings: str) -> str:
    """The text with each private value as its kind in brackets, by a field's own settings.

    >>> redact_by("badge AB-12, ann@example.org", '{"patterns": {"badge": "[A-Z]{2}-[0-9]+"}}')
    'badge [badge], [e-mail]'
    """
    for span in reversed(read_own_values(settings).find(text)):
        text = f"{text[: span.start]}[{span.what}]{text[span.end :]}"
    return text
