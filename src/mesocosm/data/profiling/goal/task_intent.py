"""What kind of work a goal asks for other than predicting a field: ranking items for a user, or
answering from a table.

Knows words of goals, English and Chinese, and names and values of columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.profiling.columns.column import Column, split_name

RANKS = re.compile(
    r"\b(recommend\w*|suggest\w*|rank (?:the )?\w+ for|what .* (?:likes?|wants?|buys?) next|next"
    r" \w+ to (?:buy|watch|read))\b|推荐|猜你喜欢|喜欢什么|个性化|下一[个次件]?(?:购买|点击|观看)",
    re.I,
)
ANSWERS = re.compile(
    r"\banswer(?:s|ing)?\b.*\b(questions?|customers?|faq|inquir\w*)\b|\bfaq\b|\breply"
    r" to\b|回答|解答|答疑|问答|检索|知识库|智能客服|查找答案",
    re.I,
)
PEOPLE = frozenset(
    [
        "user",
        "users",
        "customer",
        "customers",
        "visitor",
        "visitors",
        "person",
        "people",
        "reader",
        "viewer",
        "member",
        "client",
        "buyer",
        "listener",
        "session",
        "用户",
        "客户",
        "顾客",
        "会员",
        "读者",
        "观众",
        "买家",
    ]
)
ITEMS = frozenset(
    [
        "item",
        "movie",
        "film",
        "product",
        "article",
        "book",
        "song",
        "track",
        "artist",
        "game",
        "good",
        "goods",
        "course",
        "recipe",
        "video",
        "news",
        "restaurant",
        "post",
        "show",
        "sku",
        "isbn",
        "商品",
        "电影",
        "物品",
        "产品",
        "文章",
        "书",
        "图书",
        "歌曲",
        "视频",
        "课程",
        "餐厅",
    ]
)
TIMES = frozenset(
    ["ts", "time", "timestamp", "date", "at", "when", "datetime", "day", "时间", "日期", "时间戳"]
)
QUESTIONS = frozenset(["question", "questions", "query", "ask", "q", "问题", "提问", "问句", "问"])
REPLIES = frozenset(
    ["answer", "answers", "reply", "response", "a", "答案", "回答", "回复", "答复", "答"]
)


def classify_goal(goal: str) -> str:
    """The kind of work: `ranking`, `answers`, or empty where a field is predicted.

    >>> classify_goal("recommend movies to a user")
    'ranking'
    >>> classify_goal("answer customers' questions")
    'answers'
    >>> classify_goal("给用户推荐电影")
    'ranking'
    >>> classify_goal("predict churn")
    ''
    """
    if RANKS.search(goal):
        return "ranking"
    if ANSWERS.search(goal):
        return "answers"
    return ""


def find_interaction(
    columns: Sequence[Column], target: str | None = None
) -> tuple[str, str, str | None]:
    """The columns of who, which item and, where there is one, when.

    Raises:
        ConfigValueError: no column names a user, or none an item.
    """
    names = [c.name for c in columns]
    repeated = [c.name for c in columns if 1 < c.distinct < c.seen]
    who = _find_first(repeated, PEOPLE, but=(target,))
    what = target or _find_first(repeated, ITEMS, but=(who,))
    if who is None:
        raise _explain_no_column(Message("data.gap_user"), names)
    if what is None:
        raise _explain_no_column(Message("data.gap_item"), names)
    return who, what, _find_first(names, TIMES, but=(who, what))


def _explain_no_column(gap: Message, names: Sequence[str]) -> ConfigValueError:
    """That no column names a user, or an item."""
    return ConfigValueError(
        "goal",
        Message("data.no_repeated_column", gap=gap, columns=tuple(names[:8])),
        Message("data.interaction_table"),
    )


def find_question_and_answer(columns: Sequence[Column]) -> tuple[str, str]:
    """The columns of a question and of its answer.

    Raises:
        ConfigValueError: the table has no such columns.
    """
    names = [c.name for c in columns]
    question = _find_first(names, QUESTIONS)
    answer = _find_first(names, REPLIES, but=(question,))
    if question is None or answer is None:
        raise ConfigValueError(
            "goal",
            Message("data.no_question_and_answer", columns=tuple(names[:8])),
            Message("data.question_table"),
        )
    return question, answer


def names_people(name: str) -> bool:
    """Whether a column's name is one of a user.

    >>> names_people("客户编号"), names_people("customer_id"), names_people("zip")
    (True, True, False)
    """
    return _names(name, PEOPLE)


def _find_first(
    names: Sequence[str], known: frozenset[str], but: Sequence[str | None] = ()
) -> str | None:
    """The first of some columns whose name has a known word, but for some."""
    return next((n for n in names if n not in but and _names(n, known)), None)


def _names(name: str, known: frozenset[str]) -> bool:
    words = split_name(name)
    stems = set(words) - {"id", "no", "code"}
    stems.update(word.removesuffix("s") for word in words)
    if stems & known:
        return True
    return any(word in name for word in known if _is_long_han(word))


def _is_long_han(word: str) -> bool:
    """Whether a word is a Chinese one that may stand inside a name."""
    return len(word) > 1 and not word.isascii()
