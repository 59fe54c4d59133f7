"""That no answer is known is said in the language of the question, else in the reader's, else in
that of the table.
"""

from __future__ import annotations

import pytest

from mesocosm.core.messages.language import writing_in
from mesocosm.serving.spoken_answers import SpokenAnswer, address_reader, find_language, say_unknown

ENGLISH, CHINESE = "I don't know.", "我不知道。"


@pytest.mark.parametrize(
    ("question", "reader", "table", "begin"),
    [
        ("今天天气怎么样？", "en", "", CHINESE),
        ("我的iPhone坏了吗", "en", "", CHINESE),
        ("what is the weather", "en", "zh", ENGLISH),
        ("what is the weather", "zh", "", CHINESE),
        ("カードを紛失しました", "en", "", ENGLISH),
        ("123?", "en", "zh", CHINESE),
        ("123?", "en", "", ENGLISH),
        ("？", "zh", "", CHINESE),
    ],
)
def test_the_language_of_no_answer(question: str, reader: str, table: str, begin: str) -> None:
    with writing_in(reader):
        assert say_unknown(question, table).startswith(begin)


def test_a_worker_does_not_know_the_reader() -> None:
    made: SpokenAnswer = {
        "known": False,
        "answer": say_unknown("what is the weather"),
        "likeness": 0.1,
        "threshold": 0.5,
    }
    with writing_in("zh"):
        assert address_reader(made, "what is the weather")["answer"].startswith(CHINESE)
        known: SpokenAnswer = {**made, "known": True, "answer": "I don't know. Ask the desk."}
        assert address_reader(known, "who knows?") == known


def test_the_language_of_a_table() -> None:
    assert find_language(["卡丢了怎么办？", "怎么开户", "ATM?"]) == "zh"
    assert find_language(["卡丢了怎么办？", "how?"]) == find_language([]) == ""


def test_an_answer_is_printed_with_the_file_and_line_of_its_row() -> None:
    from mesocosm.cli.commands.project.ask import _describe
    from mesocosm.client.answers import Answer

    source = {"row": 3, "file": "data/faq.csv", "line": 5, "question": "Where?"}
    assert _describe(Answer(True, "In the app.", source)) == "In the app.\n  data/faq.csv:5"
    assert _describe(Answer(False, "I don't know.")) == "I don't know."
