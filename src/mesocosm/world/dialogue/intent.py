"""What an inhabitant takes a question for: a thing of the world that is asked after, or a supposed
row. Words in English and Chinese.

Knows scenes and texts; makes up nothing: what is said of a thing is the sentence that the thing
itself shows, and a question is never said back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

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
SHORT, BEGINNING = (
    6,
    8,
    # words of a question that is understood from the one before, and of the one before that are
    # looked at
)
NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
MOST = 4  # things told of in one answer
LINKS = r"(?:\s*(?:=|:|,|\bis\b|\bof\b|\bat\b|\bto\b|\bwas\b|为|是|等于|改成)\s*|\s+|)"


def _spoken(text: str) -> str:
    """A name or question as it would be said: words and single spaces, lower case.

    >>> _spoken("How is the Credit-Desk?")
    ' how is the credit desk '
    """
    words = " ".join(re.findall(r"[^\W_]+", text.lower()))
    return f" {words} "


def _has(spoken: str, words: Sequence[str]) -> bool:
    return any((f" {w} " in spoken) if w.isascii() else (w in spoken) for w in words)


def _names(spoken: str, name: str) -> bool:
    said = _spoken(name)
    return said in spoken if name.isascii() else said.strip() in spoken


def asked_after(question: str, scene: Scene, *, loosely: bool = False) -> list[Element]:
    """The things whose state a question asks after; none where it asks for something else.

    A thing is meant where its address is written, or its name beside what it is ("the credit
    lake"). Loosely, also where a name of two words or a whole kind comes with a word of state ("how
    is the credit desk", "how are the models"), or where alerts are asked for, of which the monitors
    tell.
    """
    spoken = _spoken(question)
    kinds = [section for section, words in SECTIONS.items() if _has(spoken, words)]
    section = {e.id: e.id.partition(".")[0] for e in scene.elements}
    meant = [
        e
        for e in scene.elements
        if e.id in question.lower().split() or (section[e.id] in kinds and _names(spoken, e.name))
    ]
    if not meant and loosely:
        state = _has(spoken, STATE)
        meant = [
            e
            for e in scene.elements
            if state
            and section[e.id] in SECTIONS
            and len(_spoken(e.name).split()) > 1
            and _names(spoken, e.name)
        ]
        meant = meant or [e for e in scene.elements if state and section[e.id] in kinds]
        meant = meant or [
            e
            for e in scene.elements
            if section[e.id] == "monitors" and _has(spoken, ALERTS) and _has(spoken, OPEN)
        ]
    longest = max((len(e.name) for e in meant), default=0)
    named = (
        [e for e in meant if len(e.name) == longest]
        if len({e.name for e in meant}) > 1 and any(_names(spoken, e.name) for e in meant)
        else meant
    )
    return sorted(named, key=lambda e: (e.state not in ("alarm", "watch"), e.depth))[:MOST]


def upstream(ident: str, scene: Scene, through: str = "") -> list[str]:
    """The way from a thing up to a spring, each the next one's neighbour; `through` is taken where
    the way forks there.
    """
    by = {e.id: e for e in scene.elements}
    way = [ident]
    while needs := [n for n in by[way[-1]].needs if n in by and n not in way]:
        way.append(
            through
            if through in needs
            else next((n for n in needs if n.startswith("datasets.")), needs[0])
        )
    return way


def continued(before: str, last: str) -> list[str]:
    """What a short question may mean after another one: the other's beginning with this one's
    words.

    >>> continued("How do I change my PIN?", "and my phone number?")[-2]
    'How do I change my phone number'
    >>> continued("How do I change my PIN?", "Is it true that the moon is made of green cheese and of nothing else?")
    []
    """
    words = [
        w
        for w in re.findall(r"[^\s?!.]+", last)
        if w.lower() not in ("and", "what", "about", "then")
    ]
    if not 0 < len(words) <= SHORT:
        return []
    begun = re.findall(r"[^\s?!.]+", before)[:BEGINNING]
    return [" ".join([*begun[:k], *words]) for k in range(2, len(begun))]


def goes_on(last: str) -> bool:
    """Whether a question asks for no new thing, so that what was said before still answers it.

    >>> goes_on("and how long?"), goes_on("and my dog?")
    (True, False)
    """
    return set(_spoken(last).split()) <= FILLERS


def refers_back(last: str) -> bool:
    """Whether a question speaks of what the one before named.

    >>> refers_back("and its accuracy?"), refers_back("它的准确率呢？"), refers_back("and my phone?")
    (True, True, False)
    """
    return _has(_spoken(last), BACK)


def supposed(questions: Sequence[str], inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The row that a question supposes: values of inputs by name ("duration 48") or unit ("48
    months"); those of earlier questions hold on.

    Empty where the last question supposes nothing. Private inputs take no value.

    >>> supposed(["would it be good with duration 48?", "and 12 months?"], [{"name": "duration", "low": 1, "unit": "month", "whole": True}])
    {'duration': 12}
    >>> supposed(["How do I pay 12 months in advance?"], [{"name": "duration", "low": 1, "unit": "month", "whole": True}])
    {}
    """
    found: dict[str, Any] = {}
    for number, question in enumerate(questions):
        hits = {
            i["name"]: hit for i in inputs if not i.get("private") and (hit := _value(i, question))
        }
        supposes = bool(hits) and (
            any(named for _, named in hits.values())
            or bool(found)
            or _has(_spoken(question), SUPPOSE)
        )
        if supposes:
            found |= {name: value for name, (value, _) in hits.items()}
        elif number == len(questions) - 1:
            return {}
    return found


def _value(field: Mapping[str, Any], question: str) -> tuple[Any, bool] | None:
    """What a question says of an input, and whether by its name."""
    name = re.escape(str(field["name"])).replace("_", "[_ ]")
    if "low" in field:
        hit = re.search(rf"(?<!\w){name}{LINKS}{NUMBER}", question, re.IGNORECASE)
        named = hit is not None
        if not hit and field.get("unit"):
            hit = re.search(
                rf"{NUMBER}\s*{re.escape(str(field['unit']))}s?(?!\w)", question, re.IGNORECASE
            )
        if not hit:
            return None
        value = float(hit[1].replace(",", ""))
        return round(value) if field.get("whole") else value, named
    hit = re.search(rf"(?<!\w){name}{LINKS}(.+)", question, re.IGNORECASE | re.DOTALL)
    said = [
        c for c in field.get("choices", []) if hit and hit[1].lower().startswith(str(c).lower())
    ]
    return (max(said, key=len), True) if said else None
