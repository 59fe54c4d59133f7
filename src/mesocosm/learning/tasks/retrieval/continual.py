"""Continual learning of a retriever: the importance of its weights, and its retention on the
previous test rows.

Knows the parts of retrieval and what `continual` keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.metric_names import describe_retention
from mesocosm.learning.strategies.continual import (
    MIN_TEST_ROWS,
    PreviousVersion,
    estimate_fisher,
)
from mesocosm.learning.tasks.generation.prompt import format_row
from mesocosm.learning.tasks.retrieval.query_projection import normalize_rows, rank_answers

if TYPE_CHECKING:
    from torch import Tensor

    from mesocosm.learning.tasks.retrieval.net import PairEncoder
    from mesocosm.learning.tasks.retrieval.version import RetrievalVersion
    from mesocosm.learning.training.loop.rows import TrainingRows

BATCH = 16  # rows among whose answers a row's own is found
ROWS = 50  # rows that importance is estimated on: each is a batch


def estimate_importance(net: PairEncoder, rows: TrainingRows) -> dict[str, Tensor]:
    """The importance of each weight: by the likelihood that a row's answer is found among those of
    other rows.
    """
    import torch

    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.training.loop.rows import as_tokens
    from mesocosm.learning.training.loop.trainer import as_target

    count = len(rows.y)

    def loss(i: int) -> Tensor:
        pick = [i, *(j % count for j in range(i + 1, i + min(BATCH, count)))]
        y = as_target(rows.y[pick])
        sides: Tensor = net(
            *pad(as_tokens([rows.ids[j] for j in pick])), torch.tensor(rows.table[pick])
        )
        return net.measure.of_rows(sides, y)[0]

    return estimate_fisher(net, count, loss, most=ROWS)


def measure_retention(
    past: PreviousVersion,
    inputs: Sequence[str],
    predict: str,
    read: Callable[[Sequence[str]], Floats],
    turn: Floats,
    say: Say,
) -> dict[str, Json]:
    """The mean reciprocal rank on the previous test rows, among the answers that the previous
    version knew: the previous version's, and the new one's.

    Args:
        read: texts to unit vectors by the new version's trunk.
        turn: its matrix.
    """
    if past.before is None or not past.known:
        return {}
    before = cast("RetrievalVersion", past.before)
    questions, right = _previous_rows(past.known, before.texts, inputs, predict)
    if len(right) < MIN_TEST_ROWS:
        return {}
    old_places = rank_answers(
        normalize_rows(before.reader.features(questions) @ before.turn), before.answers, right
    )
    new_places = rank_answers(
        normalize_rows(read(questions) @ turn), read(list(before.texts)), right
    )
    then, now = round(float((1 / old_places).mean()), 4), round(float((1 / new_places).mean()), 4)
    say(describe_retention(len(right), past.version, "mean reciprocal rank", then, now))
    known: dict[str, Json] = {
        "rows": len(right),
        "what": "mean reciprocal rank",
        "then": then,
        "now": now,
    }
    return {"known": known}


def _previous_rows(
    columns: Mapping[str, Sequence[object]],
    answers: Sequence[str],
    inputs: Sequence[str],
    predict: str,
) -> tuple[list[str], Ints]:
    """The questions of the previous test rows whose answer is known, and the numbers of these."""
    number = {text: k for k, text in enumerate(answers)}
    questions: list[str] = []
    right: list[int] = []
    for i, value in enumerate(columns[predict]):
        answer = str(value or "").strip()
        if answer in number:
            questions.append(format_row(columns, i, inputs))
            right.append(number[answer])
    return questions, np.array(right)
