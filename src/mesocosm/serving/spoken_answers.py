"""What a table of questions and answers answers. Knows shapes."""

from __future__ import annotations

from typing import NotRequired, Protocol, TypedDict


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
