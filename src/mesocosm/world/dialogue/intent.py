"""What a visitor asks an inhabitant: after an element of the world, or what a supposed row would
get. Words in English and Chinese.

Knows scenes and texts; makes up nothing: what is said of an element is the sentence that the
element itself shows, and a question is never said back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mesocosm.core.records import Json
from mesocosm.core.values.words import has_unspaced, is_unspaced, word_end, word_start
from mesocosm.world.dialogue.question_words import is_filler, split_question
from mesocosm.world.wire import Element, Scene

SECTIONS = {
    "sources": ("source", "sources", "spring", "springs", "数据源", "泉"),
    "datasets": ("dataset", "datasets", "lake", "lakes", "数据集", "湖"),
    "models": ("model", "models", "tree", "trees", "模型", "树"),
    "services": ("service", "services", "lighthouse", "lighthouses", "服务", "灯塔"),
    "monitors": ("monitor", "monitors", "vane", "vanes", "监控", "监测", "风向标"),
}
STATE = (
    "status",
    "state",
    "doing",
    "healthy",
    "health",
    "quality",
    "accuracy",
    "accurate",
    "score",
    "version",
    "rows",
    "requests",
    "latency",
    "drift",
    "drifted",
    "low",
    "how",
    "状态",
    "怎么样",
    "如何",
    "质量",
    "准确",
    "版本",
    "多少",
    "请求",
    "漂移",
)
OPEN = ("open", "any", "many", "what", "有", "吗", "哪些")
ALERTS = ("alert", "alerts", "alarm", "alarms", "告警", "警报")
BACK = ("it", "its", "that", "它", "那")
SUPPOSE = ("if", "would", "suppose", "supposing", "如果", "假如", "若", "会")
FILLERS = frozenset(
    [
        "and",
        "so",
        "then",
        "how",
        "long",
        "much",
        "many",
        "when",
        "why",
        "where",
        "what",
        "about",
        "is",
        "it",
        "that",
        "this",
        "does",
        "take",
        "do",
        "i",
        "can",
        "you",
        "will",
        "be",
        "for",
        "please",
        "again",
        "more",
        "days",
        "exactly",
        "the",
    ]
)
SHORT = 6  # words of a question that is understood from the one before
BEGINNING = 8  # words of the question before that are looked at
NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
MOST = 4  # elements described in one answer
LINKS = (
    r"(?:\s*(?:=|:|,|\bis\b|\bof\b|\bat\b|\bto\b|\bwas\b|为|是|等于"
    r"|[改换变]成|[改变设]为)\s*|\s+|)"
)


def _spoken(text: str) -> str:
    """A name or question as it would be said: words and single spaces, lower case.

    >>> _spoken("How is the Credit-Desk?")
    ' how is the credit desk '
    """
    words: list[str] = re.findall(r"[^\W_]+", text.lower())
    return f" {' '.join(words)} "


def _has(spoken: str, words: Sequence[str]) -> bool:
    return any(_contains(spoken, word) for word in words)


def _contains(spoken: str, word: str) -> bool:
    """Whether a word is in a text; Chinese has no spaces around its words."""
    if word.isascii():
        return f" {word} " in spoken
    return word in spoken


def _names(spoken: str, name: str) -> bool:
    words = _spoken(name)
    if name.isascii():
        return words in spoken
    return words.strip() in spoken


def find_elements(question: str, scene: Scene, *, loosely: bool = False) -> list[Element]:
    """The elements whose state a question asks after; none where it asks for something else.

    An element is meant where its address is written, or its name beside what it is ("the credit
    lake"). Loosely, also where a name of two words or a whole kind comes with a word of state ("how
    is the credit desk", "how are the models"), or where alerts are asked for, which the monitors
    have.
    """
    spoken = _spoken(question)
    kinds = [section for section, words in SECTIONS.items() if _has(spoken, words)]
    meant = _find_named(question, kinds, scene)
    if not meant and loosely:
        meant = _find_loosely(spoken, kinds, scene)
    meant = _keep_longest_name(spoken, meant)
    return sorted(meant, key=lambda e: (e.state not in ("alarm", "watch"), e.depth))[:MOST]


def _find_named(question: str, kinds: Sequence[str], scene: Scene) -> list[Element]:
    """The elements whose address is written, or whose name is beside what they are."""
    spoken, addresses = _spoken(question), question.lower().split()
    return [
        element
        for element in scene.elements
        if element.id in addresses or (_section(element) in kinds and _names(spoken, element.name))
    ]


def _section(element: Element) -> str:
    return element.id.partition(".")[0]


def _list_kinds(scene: Scene, kinds: Sequence[str]) -> list[Element]:
    """The elements of some sections."""
    return [element for element in scene.elements if _section(element) in kinds]


def _find_loosely(spoken: str, kinds: Sequence[str], scene: Scene) -> list[Element]:
    """The elements of a long name or of a kind, beside a word of state; or the monitors, where
    alerts are asked for.
    """
    meant: list[Element] = []
    if _has(spoken, STATE):
        meant = [element for element in scene.elements if _has_long_name(spoken, element)]
        meant = meant or _list_kinds(scene, kinds)
    if not meant and _has(spoken, ALERTS) and _has(spoken, OPEN):
        return _list_kinds(scene, ["monitors"])
    return meant


def _has_long_name(spoken: str, element: Element) -> bool:
    """Whether a text has the name of an element, of two words or more."""
    is_long = len(_spoken(element.name).split()) > 1 or len(split_question(element.name)) > 1
    return is_long and _section(element) in SECTIONS and _names(spoken, element.name)


def _keep_longest_name(spoken: str, meant: list[Element]) -> list[Element]:
    """Of elements with several names, those of the longest: "credit desk" means no "credit"."""
    several = len({element.name for element in meant}) > 1
    if not several or not any(_names(spoken, element.name) for element in meant):
        return meant
    longest = max(len(element.name) for element in meant)
    return [element for element in meant if len(element.name) == longest]


def upstream(ident: str, scene: Scene, through: str = "") -> list[str]:
    """The path from an element up to a spring, each the next one's neighbour; `through` is taken
    where the path forks there.
    """
    by_id = {element.id: element for element in scene.elements}
    path = [ident]
    while needs := [need for need in by_id[path[-1]].needs if need in by_id and need not in path]:
        path.append(_choose_need(needs, through))
    return path


def _choose_need(needs: Sequence[str], through: str) -> str:
    if through in needs:
        return through
    return next((need for need in needs if need.startswith("datasets.")), needs[0])


def expand_question(before: str, last: str) -> list[str]:
    """What a short question may mean after another one: the other's beginning with this one's
    words.

    >>> expand_question("How do I change my PIN?", "and my phone number?")[-2]
    'How do I change my phone number'
    >>> expand_question("How do I change my PIN?", "Is it true that the moon is of green cheese?")
    []
    """
    linking = ("and", "what", "about", "then")
    words = [word for word in split_question(last) if word.lower() not in linking]
    if not 0 < len(words) <= SHORT:
        return []
    beginning = split_question(before)[:BEGINNING]
    between = "" if is_unspaced(before) and is_unspaced(last) else " "
    return [between.join([*beginning[:count], *words]) for count in range(2, len(beginning))]


def continues(last: str) -> bool:
    """Whether a question asks nothing new, so that the answer before still answers it.

    >>> continues("and how long?"), continues("and my dog?"), continues("那要多久呢？")
    (True, False, True)
    """
    if has_unspaced(last):
        return is_filler(last)
    return set(_spoken(last).split()) <= FILLERS


def refers_back(last: str) -> bool:
    """Whether a question speaks of what the one before named.

    >>> refers_back("and its accuracy?"), refers_back("它的准确率呢？")
    (True, True)
    >>> refers_back("and my phone?")
    False
    """
    return _has(_spoken(last), BACK)


class SupposedValue(NamedTuple):
    """The value that a question gives an input, and whether by the input's name."""

    value: Json
    by_name: bool


def read_supposed_row(
    questions: Sequence[str], inputs: Sequence[Mapping[str, object]]
) -> dict[str, Json]:
    """The row that a question supposes: values of inputs by name ("duration 48") or unit ("48
    months"); those of earlier questions stay.

    Empty where the last question supposes nothing. Private inputs take no value.

    >>> inputs = [{"name": "duration", "low": 1, "unit": "month", "whole": True}]
    >>> read_supposed_row(["would it be good with duration 48?", "and 12 months?"], inputs)
    {'duration': 12}
    >>> read_supposed_row(["How do I pay 12 months in advance?"], inputs)
    {}
    """
    row: dict[str, Json] = {}
    for number, question in enumerate(questions):
        values = _read_values(question, inputs)
        if values and (row or _is_supposition(question, values)):
            row |= {name: supposed.value for name, supposed in values.items()}
        elif number == len(questions) - 1:
            return {}
    return row


def _is_supposition(question: str, values: Mapping[str, SupposedValue]) -> bool:
    is_named = any(supposed.by_name for supposed in values.values())
    return is_named or _has(_spoken(question), SUPPOSE)


def _read_values(question: str, inputs: Sequence[Mapping[str, object]]) -> dict[str, SupposedValue]:
    """The value that a question gives each input."""
    found = {}
    for field in inputs:
        if field.get("private"):
            continue
        value = _read_number(field, question) if "low" in field else _read_choice(field, question)
        if value is not None:
            found[str(field["name"])] = value
    return found


def _pattern_of(field: Mapping[str, object]) -> str:
    name = str(field["name"])
    return word_start(name) + re.escape(name).replace("_", "[_ ]") + LINKS


def _read_number(field: Mapping[str, object], question: str) -> SupposedValue | None:
    hit = re.search(_pattern_of(field) + NUMBER, question, re.IGNORECASE)
    by_name = hit is not None
    if not hit and field.get("unit"):
        unit = str(field["unit"])
        end = f"s?{word_end(unit)}" if word_end(unit) else ""
        hit = re.search(rf"{NUMBER}\s*个?{re.escape(unit)}{end}", question, re.IGNORECASE)
    if not hit:
        return None
    value = float(str(hit[1]).replace(",", ""))
    if field.get("whole"):
        return SupposedValue(round(value), by_name)
    return SupposedValue(value, by_name)


def _read_choice(field: Mapping[str, object], question: str) -> SupposedValue | None:
    hit = re.search(_pattern_of(field) + "(.+)", question, re.IGNORECASE | re.DOTALL)
    if not hit:
        return None
    given, listed = str(hit[1]).lower(), field.get("choices")
    if not isinstance(listed, Sequence):
        return None
    choices: list[str] = [choice for choice in listed if given.startswith(str(choice).lower())]
    if not choices:
        return None
    return SupposedValue(max(choices, key=len), True)
