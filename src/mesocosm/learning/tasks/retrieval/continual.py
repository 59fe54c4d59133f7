"""Continual learning of a retriever: the importance of its weights, and its retention on the
previous test rows.

Knows the parts of retrieval and what `continual` keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.learning.strategies.continual import MIN_TEST_ROWS, PreviousVersion, estimate_fisher
from mesocosm.learning.tasks.generation.prompt import format_inputs
from mesocosm.learning.tasks.retrieval.query_projection import normalize_rows, rank_answers

Array = np.ndarray[Any, Any]
BATCH = 16  # rows among whose answers a row's own is found
ROWS = 50  # rows that importance is estimated on: each is a batch


def estimate_importance(net: Any, rows: Any) -> dict[str, Any]:
    """The importance of each weight: by the likelihood that a row's answer is found among those of
    other rows.
    """
    import torch

    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.training.loop.trainer import as_target

    count = len(rows.y)

    def loss(i: int) -> Any:
        pick = [i, *(j % count for j in range(i + 1, i + min(BATCH, count)))]
        y = as_target(rows.y[pick])
        sides = net(*pad([rows.ids[j] for j in pick]), torch.tensor(rows.table[pick]))
        return net.measure.of_rows(sides, y)[0]

    return estimate_fisher(net, count, loss, most=ROWS)


def measure_retention(
    past: PreviousVersion,
    inputs: Sequence[str],
    predict: str,
    read: Callable[[Sequence[str]], Array],
    turn: Array,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """The mean reciprocal rank on the previous test rows, among the answers that the previous
    version knew: the previous version's, and the new one's.

    Args:
        read: texts to unit vectors by the new version's trunk.
        turn: its matrix.
    """
    before = past.before
    if before is None or not past.known:
        return {}
    questions, right = _previous_rows(past, inputs, predict)
    if len(right) < MIN_TEST_ROWS:
        return {}
    old_places = rank_answers(
        normalize_rows(before.reader.features(questions) @ before.turn), before.answers, right
    )
    new_places = rank_answers(
        normalize_rows(read(questions) @ turn), read(list(before.texts)), right
    )
    then, now = round(float((1 / old_places).mean()), 4), round(float((1 / new_places).mean()), 4)
    say(
        f"retention on the {len(right)} test rows of {past.version}: mean reciprocal rank"
        f" {then:.3f} before, {now:.3f} after"
    )
    known = {"rows": len(right), "what": "mean reciprocal rank", "then": then, "now": now}
    return {"known": known}


def _previous_rows(
    past: PreviousVersion, inputs: Sequence[str], predict: str
) -> tuple[list[str], Array]:
    """The previous test rows' questions, and the numbers of their answers."""
    columns: Mapping[str, Sequence[Any]] = past.known
    number = {text: k for k, text in enumerate(past.before.texts)}
    targets = [str(value or "").strip() for value in columns[predict]]
    rows = [i for i, text in enumerate(targets) if text in number]
    questions = [format_inputs({n: columns[n][i] for n in inputs}, inputs) for i in rows]
    return questions, np.array([number[targets[i]] for i in rows])
