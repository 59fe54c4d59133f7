"""A table with several questions of one answer: all questions of an answer are weighed together, a
row's own question stays that row's, and a table of one question each has no ranking.
"""

from __future__ import annotations

import numpy as np

from mesocosm.learning.base_models.similarity_scale import measure_scale
from mesocosm.learning.features.answer_ranking import (
    AnswerRanking,
    fit_ranking,
    lists_several_questions,
    number_answers,
)


def unit(rows: np.ndarray) -> np.ndarray:
    vectors: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def make_table(answers: int, questions: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Questions around the middle of their answer, in a space that all of them crowd."""
    draw = np.random.default_rng(seed)
    middles = draw.normal(size=(answers, 32)) + 4
    rows = np.repeat(middles, questions, 0) + draw.normal(size=(answers * questions, 32)) * 0.9
    return unit(rows), [f"answer {i // questions}" for i in range(answers * questions)]


def test_all_questions_of_an_answer_are_weighed_together() -> None:
    vectors, answers = make_table(30, 8)
    asked, right = make_table(30, 8, seed=0)
    held = np.arange(len(answers)) % 8 == 0
    table, of = vectors[~held], [a for a, out in zip(answers, held, strict=True) if not out]
    ranking = AnswerRanking(fit_ranking(table, of))
    found, nearest = 0, 0
    for vector, answer in zip(asked[held], np.array(right)[held], strict=True):
        cosines = table @ vector
        row, likeness = ranking.choose(cosines)
        found += of[row] == answer
        nearest += of[int(cosines.argmax())] == answer
        mine = [c for c, a in zip(cosines, of, strict=True) if a == of[row]]
        assert cosines[row] == max(mine) and likeness <= max(mine)
        assert np.isclose(likeness, np.sort(mine)[-3:].mean())
    assert found >= nearest and found >= 24, (found, nearest)


def test_a_rows_own_question_is_that_row() -> None:
    vectors, answers = make_table(20, 4)
    ranking = AnswerRanking(fit_ranking(vectors, answers))
    for row in range(len(answers)):
        chosen, likeness = ranking.choose(vectors @ vectors[row])
        assert chosen == row and likeness > 0.999


def test_one_question_each_has_no_ranking() -> None:
    vectors, _ = make_table(10, 1)
    assert fit_ranking(vectors, [f"answer {i}" for i in range(10)]) == {}
    assert fit_ranking(vectors, ["yes"] * 10) == {}, "nothing to choose from"
    assert not lists_several_questions(["a", "a", "b", "c"])
    assert lists_several_questions(["a", "a", "b", "b", "b", "c", "c"])
    assert not lists_several_questions([f"answer {i // 2}" for i in range(11_000)]), "too many"
    assert number_answers(["b", "a", "b"]).tolist() == [0, 1, 0]


def test_questions_of_one_answer_are_no_unrelated_pairs() -> None:
    vectors, answers = make_table(12, 6)
    others = make_table(8, 1, seed=3)[0]
    apart = measure_scale(vectors, vectors, others, answers)
    mixed = measure_scale(vectors, vectors, others)
    assert apart is not None and mixed is not None and apart.bar < mixed.bar
    alone = measure_scale(vectors, vectors, others, ["yes"] * len(answers))
    assert alone is not None and np.isfinite([alone.floor, alone.bar]).all()
