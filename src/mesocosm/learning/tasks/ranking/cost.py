"""The work of training a ranker: items embedded, item similarity solved, two towers trained,
everybody's last item predicted. Counts sizes; fits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.learning.base_models.base import feature_cache_path
from mesocosm.learning.cost.estimate import Job, Work
from mesocosm.learning.cost.workload import Net, count_tokens, import_work
from mesocosm.learning.tasks.ranking.ann_index import MAX_EXACT_ITEMS
from mesocosm.learning.tasks.ranking.features import NAMES, STRENGTHS
from mesocosm.learning.tasks.ranking.settings import Towers
from mesocosm.learning.tasks.ranking.towers.two_tower import FULL_SOFTMAX_ITEMS, SAMPLED_ITEMS

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model


def ranking_job(
    model: Model,
    base: Base | None,
    histories: Sequence[Sequence[int]],
    evaluated: int,
    texts: Sequence[str],
    store: Path,
) -> Job:
    """The work of training a ranker.

    Args:
        base: of the items' texts; None where no item has one.
        histories: the items of each person.
        evaluated: of how many people the last item is predicted.
        texts: the text of each item.
    """
    assert model.rank is not None
    items, net = len(texts), Net.of(base)
    touched, pairs = float(sum(map(len, histories))), float(evaluated * items)
    many = items > MAX_EXACT_ITEMS
    towers = model.rank.towers
    if not towers and many:
        towers = Towers()
    cached = (
        base is not None
        and feature_cache_path(base, list(texts), model.max_length, store).is_file()
    )
    embedding: Work = {"token": 0.0, "load": 0.0}
    if not cached:
        embedding = {"token": count_tokens(texts) * net.weights, "load": 4 * net.weights}
    work: dict[str, Work] = {
        "starting": import_work(bool(net.weights) and not cached),
        "reading": embedding,
        "weighing": {"person": evaluated * 2.0, "product": pairs * len(NAMES)},
        "judging": {"product": pairs * len(NAMES) * 8, "row": 20.0 * evaluated},
    }
    if many:
        work["solving"] = {"word": 3.0 * touched * 20 + 200.0 * items}
    else:
        work["solving"] = {
            "solve": (len(STRENGTHS) + 3) * float(items) ** 3 * 9,
            "product": len(STRENGTHS) * pairs * touched / max(1, len(histories)),
        }
    if towers:
        work["towers"] = _two_tower_work(towers, items, touched)
    floor = 0.75 if net.weights else 0.3
    return Job(work, max(_memory(items, many, net), 0.05), floor, _variant(many, bool(towers)))


def _two_tower_work(towers: Towers, items: int, touched: float) -> Work:
    """Units of training two towers, twice more from where the last version ended."""
    passes = towers.epochs + 2 * max(1, towers.epochs // 3)
    negatives = items if items <= FULL_SOFTMAX_ITEMS else SAMPLED_ITEMS
    return {
        "product": 6.0 * passes * touched * (negatives * towers.width + 8 * towers.width**2),
        "start": 0.3,
    }


def _memory(items: int, many: bool, net: Net) -> float:
    """Gigabytes beyond what the process holds already: item similarity, scores of a batch, net."""
    batch = 32 if many else 256
    need = 4e6 * batch / 1e9 * 0.5
    if many:
        need += 4e3 * items / 1e9
    else:
        need += 5 * 4 * float(items) ** 2 / 1e9
    if net.weights:
        need += (4.8 * net.weights + 2.5e8) / 1e9
    return need


def _variant(many: bool, towers: bool) -> str:
    """What tells the pace of this kind of job from others, besides sizes."""
    solver = "towers" if towers else "closed form"
    return f"ranking {'many ' if many else ''}{solver}"
