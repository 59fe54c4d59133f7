"""English sentences without an id, such as those that the store holds, in another language.

Knows the catalogue `sentences`: each of its texts is a sentence as the code writes it, with its
parameters in braces. A sentence is known by its words; parts of it that are sentences themselves
are translated too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache, reduce
from string import Formatter
from typing import NamedTuple

from mesocosm.core.confidential.row_values import END, START
from mesocosm.core.messages.catalogues import find_template, list_ids
from mesocosm.core.messages.language import SOURCE

ROOM = "sentences"
# rooms whose messages the store holds as English too
STORED = ("lifecycle", "monitoring", "serving", "data")
WORDS_OF = ("monitoring.drill_prefix", "monitoring.remedy")  # short, and stored in sentences
# letters, among which a marked value of a row stands whole: one of its parts beside a mark that
# another order took from it would be shown
LETTER = f"(?:[^{START}{END}]|{START}[^{END}]*{END})"
OUTSIDE = f"(?![^{START}{END}]*{END})"  # of such a value
LEAST = 9  # letters that such a message has besides its parameters
SHORTEST = 3  # letters; shorter texts are no sentence
LONGEST = 2000  # letters; longer ones are no sentence either
DEEPEST = 8  # sentences within each other that are looked for
# what a parameter `n_...` stands for; `N` where reasons are counted whatever their numbers
NUMBER = r"(?:[-+]?\d[\d.,]*(?:e[-+]?\d+)?(?: ?%)?|N\b)"
# parameters that hold sentences; those with other names hold words of the user's data, which are
# never translated
SENTENCES = frozenset(
    (
        *("advice", "change", "detail", "error", "evidence", "expected", "fault", "found"),
        *(
            "hint",
            "line",
            "message",
            "named",
            "note",
            "problem",
            "reason",
            "reasons",
            "remedy",
            "says",
        ),
        *("second", "sentence", "sentences", "task", "text", "warning", "what", "why"),
    )
)
# groups of a sentence that hold words of the user's data
OF_DATA = frozenset(
    (
        *("bound", "column", "field", "fields", "file", "folder", "id", "key", "label", "metric"),
        *("model", "name", "names", "pattern", "question", "rule", "service", "source", "subject"),
        *("target", "unit", "value", "values", "version", "word"),
    )
)
# parameters that hold a key of ours that has a name in other languages, and where the names are;
# `baselines` are several, each with a metric
NAMES = "learning"
NAMED = ("metric", "baseline")
SCORES = "baselines"
JOINED = "; "  # between the sentences of one line
LISTED = ", "  # between the parts of a list
SEVERAL = (JOINED, "), ", "', '")  # what a parameter of several parts has
MOST_WORDS, MOST_UNQUOTED = 12, 5  # of a name
QUOTES = ("'", '"', "“", "（")
LISTS = ("classes", "columns", "fields", "names")  # groups of several names
FORMS = "forms"  # the group of several formats, each a key of ours or a format of Python
EITHER = " or "  # between them
WORD = re.compile(r"[A-Za-z]{2,}")
RUN = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")  # English words
NO_WORDS = re.compile(r"'[^']*'|[\"`][^\"`]*[\"`]")  # what is quoted


class Pattern(NamedTuple):
    """A sentence of the catalogue: its id, what it has besides its parameters, in order, and both
    as an expression with a group for each parameter.
    """

    id: str
    literals: tuple[str, ...]
    longest: str  # of them: most texts lack it, which is told at once
    words: re.Pattern[str]

    def read(self, text: str) -> dict[str, str] | None:
        """The parameters that a text has in this sentence; None where it is another one."""
        if not _has_in_order(text, self.literals):
            return None  # a quicker no than that of the expression
        found = self.words.fullmatch(text)
        return found.groupdict() if found else None


def translate_sentence(text: str, language: str) -> str:
    """A sentence in a language; as it is where the catalogue does not know it.

    >>> translate_sentence("passes all gates", "zh"), translate_sentence("as it is", "zh")
    ('通过全部门槛', 'as it is')
    """
    return text if language == SOURCE else _translate_within(text, language, DEEPEST)


def _translate_within(text: str, language: str, depth: int) -> str:
    """A sentence with at most some sentences within each other; as it is where it has more."""
    if not depth or not SHORTEST <= len(text) <= LONGEST or not _is_printable(text):
        return text
    return _translate(text, language, depth)


def translate_param(name: str, value: str, language: str) -> str:
    """A parameter of a message in a language, where its name says that it is a sentence.

    >>> translate_param("why", "by hand", "zh"), translate_param("label", "by hand", "zh")
    ('手动', 'by hand')
    """
    if name in NAMED:
        return _translate_key(name, value, language)
    return translate_sentence(value, language) if name in SENTENCES else value


def _translate_key(kind: str, key: str, language: str) -> str:
    """A key that has a name in other languages, such as that of a metric; others as they are.

    >>> _translate_key("metric", "macro F1", "zh"), _translate_key("baseline", "mine", "zh")
    ('宏平均 F1（macro_f1）', 'mine')
    """
    if language == SOURCE:
        return key
    id = f"{NAMES}.{kind}.{key.lower().replace(' ', '_')}"
    return find_template(id, language) if id in _list_names() else key


@cache
def _list_names() -> frozenset[str]:
    return frozenset(list_ids(NAMES))


def _is_printable(text: str) -> bool:
    """Whether a text is printable; values of rows may be marked in it."""
    return text.replace(START, "").replace(END, "").isprintable()


@lru_cache(maxsize=4096)
def _translate(text: str, language: str, depth: int) -> str:
    """A sentence by the pattern with the most words; else its parts, and at last by a pattern whose
    parameters have several parts. Nothing is translated in half.
    """
    return (
        _find_translation(text, language, depth, SEVERAL)
        or _translate_parts(text, language, depth, JOINED)
        or _translate_parts(text, language, depth, LISTED)
        or _find_translation(text, language, depth, ())
        or _translate_parts(text, language, depth, JOINED, some=True)
        or text
    )


def _find_translation(text: str, language: str, depth: int, without: tuple[str, ...]) -> str:
    """A sentence by the first pattern that reads it, with no parameter that has some marks; empty
    where there is none.
    """
    for pattern in _list_patterns():
        values = pattern.read(text) if pattern.longest in text else None
        if values is None or any(mark in " ".join(values.values()) for mark in without):
            continue
        written = _write(pattern.id, values, language, depth - 1)
        if written is not None:
            return written
    return ""


def _translate_parts(text: str, language: str, depth: int, mark: str, *, some: bool = False) -> str:
    """The parts of a text; empty where one of them, with `some` each of them, is not known."""
    parts = re.split(re.escape(mark) + OUTSIDE, text)
    if len(parts) == 1:
        return ""
    translated = [_translate_within(part, language, depth - 1) for part in parts]
    known = [part != other for part, other in zip(parts, translated, strict=True)]
    joined = "；" if mark == JOINED else find_template("core.list", language)
    return joined.join(translated) if all(known) or (some and any(known)) else ""


def _write(id: str, values: Mapping[str, str], language: str, depth: int) -> str | None:
    """The sentence of an id with values as the English one has them; None where a value is a
    sentence that is not known.
    """
    words = []
    for literal, name, _, _ in Formatter().parse(find_template(id, language)):
        words.append(literal)
        if name is not None:
            if name in (*NAMED, SCORES):
                value = _write_key(name, values[name], language)
            elif name == FORMS:
                value = _write_forms(values[name], language)
            elif name in OF_DATA:
                value = _write_name(name, values[name], language, literal.endswith(QUOTES))
            else:
                value = _write_sentence(values[name], language, depth)
            if value is None:
                return None
            words.append(value)
    return "".join(words)


def _write_key(name: str, value: str, language: str) -> str | None:
    """A key of ours, or several with numbers; None where it is neither."""
    if name != SCORES:
        return _translate_key(name, value, language) if _is_short(value) else None
    parts = [part.rpartition(" ") for part in value.split(LISTED)]
    named = [f"{_translate_key(NAMED[1], key, language)} {score}" for key, _, score in parts]
    return find_template("core.list", language).join(named).strip()


def _is_short(value: str) -> bool:
    return len(WORD.findall(value)) <= MOST_UNQUOTED and ": " not in value


def _write_name(name: str, value: str, language: str, is_quoted: bool) -> str | None:
    """A parameter of the user's words; None where it is no name."""
    most = MOST_WORDS if is_quoted else MOST_UNQUOTED
    if len(WORD.findall(value)) > most or not (is_quoted or _is_whole(value)):
        return None
    return value.replace(LISTED, find_template("core.list", language)) if name in LISTS else value


def _is_whole(value: str) -> bool:
    """Whether a value may be one: part of a sentence has a colon, or one of two brackets only."""
    return ": " not in value and value.count("(") == value.count(")")


def _write_forms(value: str, language: str) -> str | None:
    """Formats one or the other; None where one of them is no format.

    >>> _write_forms("iso or dmy or %d %b %Y", "zh"), _write_forms("iso: or so, they say", "zh")
    ('iso 或 dmy 或 %d %b %Y', None)
    """
    forms = value.split(EITHER)
    if any(RUN.search(form) or ": " in form for form in forms):
        return None
    either = find_template("core.either", language)
    return reduce(lambda first, second: either.format(first=first, second=second), forms)


def _write_sentence(value: str, language: str, depth: int) -> str | None:
    """A parameter that may be a sentence; None where it is one that is not known."""
    written = _translate_within(value, language, depth)
    if written == value and RUN.search(NO_WORDS.sub("", value)):
        return None
    return written


@cache
def _list_patterns() -> tuple[Pattern, ...]:
    """The patterns of all sentences, those with the most words first."""
    templates = {id: find_template(id, SOURCE) for id in list_ids(ROOM)}
    for id in (id for room in STORED for id in list_ids(room)):
        template = find_template(id, SOURCE)
        if _count_letters(template) >= LEAST or id.startswith(WORDS_OF):
            templates[id] = template
    ranked = sorted(templates, key=lambda id: -_count_letters(templates[id]))
    return tuple(_read_pattern(id, templates[id]) for id in ranked)


def _read_pattern(id: str, template: str) -> Pattern:
    literals = tuple(filter(None, _split_template(template)[0]))
    others = f"{LETTER}+?"
    if not id.startswith(f"{ROOM}."):
        others = f"{LETTER}*?"  # a parameter of a message may be empty
    words = re.compile("".join(_list_words(template, others)))
    return Pattern(id, literals, max(literals, key=len), words)


def _has_in_order(text: str, literals: tuple[str, ...]) -> bool:
    """Whether a text has some parts one after the other.

    >>> _has_in_order("3 of 5 rows", (" of ", " rows")), _has_in_order("rows of", (" of", "rows"))
    (True, False)
    """
    at = 0
    for literal in literals:
        at = text.find(literal, at)
        if at < 0:
            return False
        at += len(literal)
    return True


def _count_letters(template: str) -> int:
    """How many letters of a text are in no parameter."""
    return sum(map(len, _split_template(template)[0]))


def _list_words(template: str, others: str) -> Iterator[str]:
    """A text as parts of a regular expression; `others` is what parameters are that no number
    is.

    Where another such parameter follows, the nearest end of one is as good as any later one and is
    kept (`(?>`), so that a hostile text is not parted in every way.
    """
    literals, names = _split_template(template)
    once = len(set(names)) == len(names)
    yield re.escape(literals[0])
    for at, name in enumerate(names):
        literal, after = re.escape(literals[at + 1]), names[at + 1 : at + 2]
        if name in names[:at]:
            yield f"(?P={name}){literal}"
        elif _is_number(name):
            yield f"(?P<{name}>{NUMBER}){literal}"
        elif once and literal and after and not _is_number(after[0]):
            yield f"(?>(?P<{name}>{others}){literal})"
        else:
            yield f"(?P<{name}>{others}){literal}"


def _is_number(name: str) -> bool:
    return name.startswith("n_")


def _split_template(template: str) -> tuple[list[str], list[str]]:
    """The texts around the parameters of a template, and the parameters' names.

    >>> _split_template("{file}: {{a}} {n_rows} rows")
    (['', ': {a} ', ' rows'], ['file', 'n_rows'])
    """
    literals, names = [""], list[str]()
    for literal, name, _, _ in Formatter().parse(template):
        literals[-1] += literal
        if name is not None:
            names.append(name)
            literals.append("")
    return literals, names
