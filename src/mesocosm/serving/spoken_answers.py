"""What a table of questions and answers answers, and that it knows no answer. Knows shapes and the
language of a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, Protocol, TypedDict

from mesocosm.core.messages import Message
from mesocosm.core.messages.language import current_language
from mesocosm.core.values.words import is_chinese

CHINESE = "zh"
UNKNOWN = Message("sentences.i_don_t_know_nothing_in_my")


class AnswerSource(TypedDict):
    """The row of a table that an answer comes from."""

    row: int
    file: str
    line: int
    question: str


class SpokenAnswer(TypedDict):
    """An answer, or that none is known, with the similarity (cosine) of the nearest question and
    the threshold that it had to reach.
    """

    known: bool
    answer: str
    likeness: float
    threshold: float
    source: NotRequired[AnswerSource]


class AnswerIndex(Protocol):
    """Answers questions from a table of questions and answers."""

    def ask(self, question: str) -> SpokenAnswer: ...


def say_unknown(question: str, of_table: str = "") -> str:
    """That no answer is known: in Chinese to a Chinese question, else in the reader's language; to
    a question without letters in the language of the table (`of_table`), where that is known.

    >>> say_unknown("今天天气怎么样？"), say_unknown("what is the weather?")[:12]
    ('我不知道。我的问答表中没有足够接近的内容。', "I don't know")
    """
    if is_chinese(question):
        return UNKNOWN.render(CHINESE)
    if any(map(str.isalpha, question)):
        return UNKNOWN.render()
    return UNKNOWN.render(of_table or current_language())


def find_language(questions: Sequence[str]) -> str:
    """The language of a table, by most of its questions: Chinese, else not known."""
    return CHINESE if 2 * sum(map(is_chinese, questions)) > len(questions) else ""


def address_reader(found: SpokenAnswer, question: str) -> SpokenAnswer:
    """An answer that a worker made, to a reader whom only the gateway knows."""
    if found.get("known", True) or not any(map(str.isalpha, question)):
        return found
    return {**found, "answer": say_unknown(question)}
