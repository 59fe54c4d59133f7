"""Which columns hold private values, by their content and by their name, whatever their type.

A name alone is not believed: values must be able to be what it says. Values are never kept or
shown.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mesocosm.data.privacy.detector import find_spans
from mesocosm.data.profiling.columns.column import Column
from mesocosm.data.profiling.columns.given_names import are_people
from mesocosm.data.profiling.columns.personal_names import NAMES, PERSON

STRONG = frozenset(["e-mail", "national id", "card", "iban"])
MASKED = frozenset(["phone", "card", "iban", "ip", "address", "card or account"])
SHARED = 20  # rows of one value from which on it is that of a shop rather than of a person
LOOKED = 500
PERSONAL = STRONG | {"name", "salary", "date of birth", "card or account"}  # hidden however often
MOSTLY = 0.6  # share of the values that must have the form of what a column holds
LONG_TEXT = 12  # letters of a text that may be a sentence
REDACTED = "each is replaced by its kind in brackets, and what is not found stays"


@dataclass(frozen=True)
class Private:
    """How a column is hidden, empty where it is only reported, and why."""

    how: str
    why: str


def find_private(column: Column, kind: str) -> Private | None:
    """What private values a column holds; None where nothing says so.

    Args:
        kind: the type of the drafted field.
    """
    values = list(column.counts)[:LOOKED]
    if not values:
        return None
    if kind not in ("date", "time", "number"):
        by_content = _find_by_content(column, values)
        if by_content:
            return by_content
    return _find_by_name(column, kind, values)


def _find_by_name(column: Column, kind: str, values: list[str]) -> Private | None:
    """What its name says that it holds, where the values are able to be that."""
    is_words = kind in ("text", "category")
    spaced = re.sub(r"([a-z])([A-Z])", r"\1_\2", column.name)
    what = _find_named_kind(spaced, values, is_words)
    if what:
        return _hide(column, what, f"its name says that it is {_add_article(what)}")
    if is_words and PERSON.search(spaced) and are_people(values):
        return _hide(column, "name", "its values are names of people")
    return None


def _find_named_kind(spaced: str, values: list[str], is_words: bool) -> str:
    """The first kind that a name says and whose form most values have; empty where there is
    none.
    """
    for what, form, name in NAMES:
        if what == "name" and not is_words:
            continue
        if name.search(spaced) and _count_forms(what, form, values) >= MOSTLY * len(values):
            return what
    return ""


def _count_forms(what: str, form: str, values: list[str]) -> int:
    """How many values are able to be what the name says."""
    if what == "e-mail":
        return sum("@" in v for v in values)
    return sum(bool(re.match(form, v, re.S)) for v in values)


def find_private_in_text(column: Column) -> Private | None:
    """Private values inside the sentences of a column; None where too few are found."""
    values = [v for v in list(column.counts)[:LOOKED] if _measure_length(v) >= LONG_TEXT]
    if len(values) < 5 or sum(map(_is_sentence, values)) < 0.5 * len(values):
        return _find_in_few_values(column)
    found = _count_frequent(values)
    if not found:
        return None
    # as many of them hold a name as not, names are told last
    found.sort(key=lambda pair: (-pair[1], pair[0] == "name"))
    return Private("redact", f"of {len(values)} texts {_describe_held(found)}; {REDACTED}")


def _is_sentence(value: str) -> bool:
    """Whether a text has several words, or is long."""
    return " " in value or _measure_length(value) > 20


def _count_frequent(texts: list[str]) -> list[tuple[str, int]]:
    """The kinds of private values that enough of some texts hold, and how many do."""
    held = Counter[str]()
    for text in texts:
        held.update(_list_kinds(text))
    least = {"name": max(3, 0.1 * len(texts))}
    some = max(2, 0.01 * len(texts))
    return [(what, n) for what, n in held.items() if n >= least.get(what, some)]


def _list_kinds(value: str) -> set[str]:
    """The kinds of private values in a text; a day of the calendar alone is none."""
    day = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*")
    return {s.what for s in find_spans(value[:2000]) if not day.fullmatch(value[s.start : s.end])}


def _find_in_few_values(column: Column) -> Private | None:
    """Private values among a column's few texts: those that a form proves, as an e-mail address."""
    held = Counter[str]()
    for value, rows in list(column.counts.items())[:LOOKED]:
        for what in {s.what for s in find_spans(value[:2000])} & STRONG:
            held[what] += rows
    if not held or held.total() < max(2, 0.01 * column.seen):
        return None
    return Private("redact", f"of {column.seen} rows {_describe_held(held.items())}; {REDACTED}")


def _describe_held(held: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{n} hold {_add_article(what)}" for what, n in held)


def _add_article(what: str) -> str:
    """A kind of private value with its article.

    >>> _add_article("address"), _add_article("phone")
    ('an address', 'a phone')
    """
    if what[0] in "aei":
        return f"an {what}"
    return f"a {what}"


def _measure_length(value: str) -> int:
    """Letters of a text; a Chinese one counts for three."""
    return len(value) + 2 * sum("\u4e00" <= c <= "\u9fff" for c in value)


def _find_by_content(column: Column, values: list[str]) -> Private | None:
    """What most values have the form of as a whole."""
    hits = Counter(filter(None, map(_classify_whole, values)))
    if not hits:
        return None
    best, count = hits.most_common(1)[0]
    if count < _least_share(best, values) * len(values):
        return None
    return _hide(
        column, best, f"{count} of {len(values)} values have the form of {_add_article(best)}"
    )


def _least_share(what: str, values: list[str]) -> float:
    """The share of the values that must have a form; digits alone have many forms by chance."""
    if len(values) < 3 and what not in STRONG:
        return math.inf
    if not all(map(str.isdigit, values)):
        return MOSTLY
    if what == "card" and len(values) < 5:
        return math.inf
    return 0.9


def _classify_whole(value: str) -> str:
    """What a value as a whole has the form of, empty where it has none."""
    whole = (s.what for s in find_spans(value[:200]) if s.end - s.start >= 0.8 * len(value))
    return next(whole, "")


def _hide(column: Column, what: str, why: str) -> Private:
    often = column.seen / max(1, column.distinct)
    if what not in PERSONAL and often >= SHARED:
        return Private(
            "",
            f"{why}, but {column.distinct} values stand in {column.seen} rows, so it is not"
            " proposed as private",
        )
    return Private("mask" if what in MASKED else "pseudonymise", why)
