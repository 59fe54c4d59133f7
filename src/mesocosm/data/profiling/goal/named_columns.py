"""Which column a goal in words names outright: short, numbered, camelCase and Chinese names too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mesocosm.data.profiling.columns.column import split_name

CUE = re.compile(
    r"\b(predict(?:ing|ion of)?|estimat\w*|classif\w*|forecast\w*|target(?: is|:|"
    r" =)?|column|tell|label|name|regress\w*|model)\b|预测|估计|判断|识别|分类|预估",
    re.I,
)
AWAY = re.compile(
    r"\b(from|using|based on|given|with|by means of)\b|根据|基于|利用|使用|通过|从", re.I
)
ASIDE = re.compile(r"\b(of|in|for|by|per|on|at|among|within|to|between)\b", re.I)
ARTICLES = frozenset(
    [
        "a",
        "an",
        "the",
        "i",
        "it",
        "is",
        "in",
        "of",
        "on",
        "to",
        "at",
        "or",
        "and",
        "for",
        "by",
        "as",
        "be",
        "do",
        "if",
        "we",
        "he",
        "me",
        "my",
        "no",
        "so",
        "up",
        "us",
        "who",
        "what",
        "which",
        "how",
        "will",
        "whether",
        "each",
        "every",
    ]
)
HAN = re.compile(r"[\u4e00-\u9fff]")


def named_in(goal: str, names: Sequence[str], own: Iterable[str] = ()) -> str:
    """The column that a goal names first, empty where it names none.

    Args:
        names: the columns.
        own: columns that name a row; they are only meant where the goal says so in quotes or after
            'column' or 'target'.

    >>> named_in("predict mv", ["mv", "townid"])
    'mv'
    >>> named_in("the final grade G3", ["G1", "G2", "G3"])
    'G3'
    >>> named_in("预测订单是否退货", ["订单号", "是否退货"])
    '是否退货'
    >>> named_in("predict medianHouseValue from income", ["income", "median_house_value"])
    'median_house_value'
    >>> named_in("predict the churn", ["a", "the"])
    ''
    """
    return next(iter(names_in(goal, names, own)), "")


def names_in(goal: str, names: Sequence[str], own: Iterable[str] = ()) -> list[str]:
    """All columns that a goal names in the same place, that which is meant before all others first.

    >>> names_in("predict Paid and Late", ["Late", "Paid"])
    ['Paid', 'Late']
    >>> names_in("the final grade", ["grade", "final grade"])
    ['final grade']
    """
    skipped = set(own)
    quoted = [
        (there.end() - len(name), -len(name), name)
        for name in names
        if (there := _quoted(name, goal))
    ]
    if quoted:
        return _apart(sorted(quoted))
    ends = [m.end() for m in CUE.finditer(goal)]
    body = (
        goal[ends[-1] :]
        if ends and HAN.search(goal[: ends[-1]])
        else goal[ends[0] :]
        if ends
        else goal
    )
    away = AWAY.search(body)
    head = body[: away.start()] if away else body
    aside = ASIDE.search(head)
    for part in (head[: aside.start()] if aside else head, head):
        found = [
            (place, -size, name)
            for name in names
            if name not in skipped
            for place, size in [_place(name, part)]
            if place >= 0
        ]
        if found:
            han = any(HAN.search(n) for _, _, n in found)
            found.sort(key=(lambda f: (f[1], f[0], f[2])) if han else (lambda f: f))
            return _apart(found)
    return []


def _quoted(name: str, goal: str) -> re.Match[str] | None:
    """Where a goal names a column in quotes, or after 'column' or 'target'."""
    if (
        len(name) <= 1
        and name in ARTICLES
        and not re.search(rf"[`'\"]{re.escape(name)}[`'\"]", goal)
    ):
        return None
    return re.search(
        r"(?:[`'\"“「『]|(?:column|target)(?: is)?[:="
        rf" ]\s*['\"`]?|目标列?[：:为是]?\s*|列\s*){re.escape(name)}(?![\w])",
        goal,
    )


def _apart(found: Sequence[tuple[int, int, str]]) -> list[str]:
    """Of columns with their place and their size below zero: those that stand in no part of one
    before.
    """
    kept: list[tuple[int, int, str]] = []
    for place, size, name in found:
        if all(place - size <= p or p - s <= place for p, s, _ in kept):
            kept.append((place, size, name))
    return [name for _, _, name in kept]


def _place(name: str, part: str) -> tuple[int, int]:
    """Where a part of the goal names a column, -1 where it does not, and how much of it."""
    if HAN.search(name):
        for said in dict.fromkeys([name, re.sub(r"^(是否|有无|会不会)", "", name)]):
            if len(said) >= 2 and said in part:
                return part.index(said), len(said)
        return -1, 0
    flags = 0 if len(name) <= 2 and name.lower() in ARTICLES or len(name) == 1 else re.I
    if name.lower() not in ARTICLES and (
        match := re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", part, flags)
    ):
        return match.start(), len(name)
    mine = split_name(name)
    if len("".join(mine)) < 3 or name.lower() in ARTICLES:
        return -1, 0
    theirs = [
        (m.start() + m[0].lower().find(w), w)
        for m in re.finditer(r"[A-Za-z]+\d*", part)
        for w in split_name(m[0])
    ]
    for i in range(len(theirs) - len(mine) + 1):
        if [w for _, w in theirs[i : i + len(mine)]] == mine:
            last, word = theirs[i + len(mine) - 1]
            return theirs[i][0], max(1, last - theirs[i][0] + len(word))
    return -1, 0
