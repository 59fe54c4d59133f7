"""Which column a goal in words names outright: short, numbered, camelCase and Chinese names too."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

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
HAN_GOALS = (  # where a Chinese goal says what is predicted before its verb
    re.compile(r"按照?([^，。,]+?)(?:来|进行)?(?:分类|归类|分组|划分)"),
    re.compile(
        r"(?:做|进行|建立|构建|训练|搭建)(?:一个)?([^，。,]+?)的?(?:分析|预测|识别|判断|检测|分类)"
    ),
)
HAN_CLOSING = re.compile(r"^(.+?)的?(?:预测|预估|估计|分析|识别|判断|检测|分类)(?:模型|任务)?$")


class _Mention(NamedTuple):
    """Where a goal names a column, and how much of it says so, below zero: the first and longest
    mention is the least.
    """

    place: int
    size: int
    name: str


def find_named_column(goal: str, names: Sequence[str], own: Iterable[str] = ()) -> str:
    """The column that a goal names first, empty where it names none.

    Args:
        names: the columns.
        own: columns that name a row; they are only meant where the goal says so in quotes or after
            'column' or 'target'.

    >>> find_named_column("predict mv", ["mv", "townid"])
    'mv'
    >>> find_named_column("the final grade G3", ["G1", "G2", "G3"])
    'G3'
    >>> find_named_column("预测订单是否退货", ["订单号", "是否退货"])
    '是否退货'
    >>> find_named_column("predict medianHouseValue from income", ["income", "median_house_value"])
    'median_house_value'
    >>> find_named_column("predict the churn", ["a", "the"])
    ''
    """
    return next(iter(find_named_columns(goal, names, own)), "")


def find_named_columns(
    goal: str, names: Sequence[str], own: Iterable[str] = (), texts: Collection[str] = ()
) -> list[str]:
    """All columns that a goal names in the same place, that which is meant before all others first.

    Args:
        own: as `find_named_column` takes it.
        texts: columns of sentences; before a closing verb they are what is read, as in 文本分类.

    >>> find_named_columns("predict Paid and Late", ["Late", "Paid"])
    ['Paid', 'Late']
    >>> find_named_columns("the final grade", ["grade", "final grade"])
    ['final grade']
    """
    quoted = _list_mentions(_find_quoted, names, goal)
    if quoted:
        return _drop_overlaps(sorted(quoted))
    skipped = set(own)
    able = [name for name in names if name not in skipped]
    for part in _list_all_parts(goal):
        found = _list_mentions(_find_mention, able, part)
        if found:
            return _drop_overlaps(_rank_mentions(found))
    if closing := HAN_CLOSING.match(goal.strip(" 。！!")):
        classes = [name for name in able if name not in texts]
        return _drop_overlaps(_rank_mentions(_list_mentions(_find_mention, classes, closing[1])))
    return []


def _list_mentions(
    find: Callable[[str, str], _Mention | None], names: Sequence[str], text: str
) -> list[_Mention]:
    """Where a text names some columns, by one way to find them."""
    found = (find(name, text) for name in names)
    return [mention for mention in found if mention]


def _rank_mentions(found: Sequence[_Mention]) -> list[_Mention]:
    """Mentions in the same part of a goal, that which is meant before all others first; among
    Chinese names the longest.
    """
    if any(HAN.search(mention.name) for mention in found):
        return sorted(found, key=lambda mention: (mention.size, mention.place, mention.name))
    return sorted(found)


def _list_all_parts(goal: str) -> Iterator[str]:
    """The parts of a goal that may name what is predicted, those before a Chinese verb first.

    >>> next(_list_all_parts("把评论按情感分类"))
    '情感'
    """
    for pattern in HAN_GOALS:
        if match := pattern.search(goal):
            yield match[1]
    yield from _list_parts(goal)


def _list_parts(goal: str) -> Iterator[str]:
    """The parts of a goal that may name what is predicted, the likeliest first: what follows the
    verb up to the next preposition, and up to what it is predicted from.
    """
    ends = [m.end() for m in CUE.finditer(goal)]
    if not ends:
        body = goal
    elif HAN.search(goal[: ends[-1]]):
        body = goal[ends[-1] :]
    else:
        body = goal[ends[0] :]
    head = _cut_at(AWAY, body)
    yield _cut_at(ASIDE, head)
    yield head


def _cut_at(pattern: re.Pattern[str], text: str) -> str:
    """A text up to the first match of a pattern."""
    match = pattern.search(text)
    if match:
        return text[: match.start()]
    return text


def _find_quoted(name: str, goal: str) -> _Mention | None:
    """Where a goal names a column in quotes, or after 'column' or 'target'."""
    is_article = len(name) <= 1 and name in ARTICLES
    if is_article and not re.search(rf"[`'\"]{re.escape(name)}[`'\"]", goal):
        return None
    match = re.search(
        r"(?:[`'\"“「『]|(?:column|target)(?: is)?[:="
        rf" ]\s*['\"`]?|目标列?[：:为是]?\s*|列\s*){re.escape(name)}(?![\w])",
        goal,
    )
    if not match:
        return None
    return _Mention(match.end() - len(name), -len(name), name)


def _drop_overlaps(found: Sequence[_Mention]) -> list[str]:
    """The columns whose mentions stand in no part of one before."""
    kept: list[_Mention] = []
    for mention in found:
        place, size, _ = mention
        if all(place - size <= k.place or k.place - k.size <= place for k in kept):
            kept.append(mention)
    return [mention.name for mention in kept]


def _find_mention(name: str, part: str) -> _Mention | None:
    """Where a part of the goal names a column: by a Chinese name, by its name as a word, or by the
    words of its name.
    """
    if HAN.search(name):
        return _find_chinese(name, part)
    if name.lower() in ARTICLES:
        return None
    flags = re.NOFLAG if len(name) == 1 else re.I  # x and X may be two columns
    match = re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", part, flags)
    if match:
        return _Mention(match.start(), -len(name), name)
    return _find_words(name, part)


def _find_chinese(name: str, part: str) -> _Mention | None:
    for shorter in dict.fromkeys([name, re.sub(r"^(是否|有无|会不会)", "", name)]):
        if len(shorter) >= 2 and shorter in part:
            return _Mention(part.index(shorter), -len(shorter), name)
    return None


def _find_words(name: str, part: str) -> _Mention | None:
    """Where the words of a column's name stand one after the other, however they are joined."""
    words = split_name(name)
    if len("".join(words)) < 3:
        return None
    places = list(_place_words(part))
    for i in range(len(places) - len(words) + 1):
        run = places[i : i + len(words)]
        if [word for _, word in run] == words:
            first, (last, word) = run[0][0], run[-1]
            return _Mention(first, -max(1, last - first + len(word)), name)
    return None


def _place_words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a text with their places; those of a joined name each for itself."""
    for match in re.finditer(r"[A-Za-z]+\d*", text):
        for word in split_name(match[0]):
            yield match.start() + match[0].lower().find(word), word
