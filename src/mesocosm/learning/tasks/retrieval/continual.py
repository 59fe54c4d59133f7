"""A finder learns on: what matters to it, and how it finds what the last version was judged by.

Knows the parts of retrieval and what `continual` keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.learning.strategies.continual import LEAST, Past, fisher
from mesocosm.learning.tasks.generation.prompt import asked
from mesocosm.learning.tasks.retrieval.query_projection import ranks, unit

Array = np.ndarray[Any, Any]
BESIDE = 16  # rows among whose answers a row's own is to be found
ROWS = 50  # rows that are asked what matters: each is sixteen


def mattered(net: Any, rows: Any) -> dict[str, Any]:
    """How much each weight matters: by the likelihood that a row's answer is found among those of
    the rows beside it.
    """
    import torch

    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.training.trainer import as_target

    def loss(i: int) -> Any:
        pick = [i, *(j % len(rows.y) for j in range(i + 1, i + min(BESIDE, len(rows.y))))]
        y = as_target(rows.y[pick])
        sides = net(*pad([rows.ids[j] for j in pick]), torch.tensor(rows.table[pick]))
        return net.measure.of_rows(sides, y)[0]

    return fisher(net, len(rows.y), loss, most=ROWS)


def known(
    past: Past,
    inputs: Sequence[str],
    predict: str,
    read: Callable[[list[str]], Array],
    turn: Array,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """On the rows by which the last version was judged, among the answers that it knew: its mean
    reciprocal rank, and the new one's.

    Args:
        read: texts to unit vectors by the new version's trunk.
        turn: its matrix.
    """
    columns: Mapping[str, Sequence[Any]] = past.known
    if past.before is None or not columns:
        return {}
    number = {t: k for k, t in enumerate(past.before.texts)}
    told = [str(v or "").strip() for v in columns[predict]]
    rows = [i for i, t in enumerate(told) if t in number]
    if len(rows) < LEAST:
        return {}
    questions, right = (
        [asked({n: columns[n][i] for n in inputs}, inputs) for i in rows],
        np.array([number[told[i]] for i in rows]),
    )
    then = ranks(
        unit(past.before.reader.features(questions) @ past.before.turn), past.before.answers, right
    )
    now = ranks(unit(read(questions) @ turn), read(list(past.before.texts)), right)
    figures = [round(float((1 / places).mean()), 4) for places in (then, now)]
    say(
        f"on the {len(rows)} rows that judged {past.version}: mean reciprocal rank {figures[0]:.3f}"
        f" then, {figures[1]:.3f} now"
    )
    return {
        "known": {
            "rows": len(rows),
            "what": "mean reciprocal rank",
            "then": figures[0],
            "now": figures[1],
        }
    }
