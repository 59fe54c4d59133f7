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
    items, net = len(texts), Net.of(base)
    touched, pairs = float(sum(map(len, histories))), float(evaluated * items)
    many = items > MAX_EXACT_ITEMS
    towers = _towers_of(model, many)
    cached = _is_embedded(model, base, texts, store)
    work: dict[str, Work] = {
        "starting": import_work(bool(net.weights) and not cached),
        "reading": _embedding_work(net, texts, cached),
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
    floor = 0.3
    if net.weights:
        floor = 0.75
    return Job(work, max(_memory(items, many, net), 0.05), floor, _variant(many, bool(towers)))


def _towers_of(model: Model, many: bool) -> Towers | None:
    """The settings of the towers; where items are many, there are always some."""
    assert model.rank is not None
    if model.rank.towers or not many:
        return model.rank.towers
    return Towers()


def _is_embedded(model: Model, base: Base | None, texts: Sequence[str], store: Path) -> bool:
    """Whether the features of the items' texts lie in the store."""
    if base is None:
        return False
    return feature_cache_path(base, list(texts), model.max_length, store).is_file()


def _embedding_work(net: Net, texts: Sequence[str], cached: bool) -> Work:
    if cached:
        return {"token": 0.0, "load": 0.0}
    return {"token": count_tokens(texts) * net.weights, "load": 4 * net.weights}


def _two_tower_work(towers: Towers, items: int, touched: float) -> Work:
    """Units of training two towers, twice more from where the last version ended."""
    passes = towers.epochs + 2 * max(1, towers.epochs // 3)
    negatives = SAMPLED_ITEMS
    if items <= FULL_SOFTMAX_ITEMS:
        negatives = items
    return {
        "product": 6.0 * passes * touched * (negatives * towers.width + 8 * towers.width**2),
        "start": 0.3,
    }


def _memory(items: int, many: bool, net: Net) -> float:
    """Gigabytes beyond what the process holds already: item similarity, scores of a batch, net."""
    if many:
        need = 4e6 * 32 / 1e9 * 0.5 + 4e3 * items / 1e9
    else:
        need = 4e6 * 256 / 1e9 * 0.5 + 5 * 4 * float(items) ** 2 / 1e9
    if net.weights:
        need += (4.8 * net.weights + 2.5e8) / 1e9
    return need


def _variant(many: bool, towers: bool) -> str:
    """What tells the pace of this kind of job from others, besides sizes."""
    words = ["ranking"]
    if many:
        words.append("many")
    words.append("towers" if towers else "closed form")
    return " ".join(words)
