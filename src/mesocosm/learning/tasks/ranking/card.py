"""The card of a ranking version: what a service needs to run it. Knows shapes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.learning.tasks.version_files import TaskCard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesocosm.core.records import Json
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.ranking.settings import Towers


class RankingCard(TaskCard):
    """A version that ranks items.

    Keys:
        most: items in an answer.
        diverse: the penalty for similarity to an item before it.
        explore: how many of the items of an answer are drawn.
    """

    most: int
    diverse: float
    explore: int


def make_card(
    name: str,
    model: Model,
    base: Base | None,
    towers: Towers | None,
    settings: dict[str, Json],
    rows: Mapping[str, int],
) -> RankingCard:
    """The card of a version of the model `name`.

    Args:
        base: of the items' texts.
        settings: what was chosen, as a reader of the card sees it.
        rows: how many there are, by part.
    """
    assert model.rank is not None
    base_name, licence = None, None
    if base:
        base_name, licence = base.name, base.licence
    method = "closed form"
    if towers:
        method = "two towers"
    return {
        "model": name,
        "task": "ranking",
        "labels": [],
        "predict": model.target,
        "predicts": "ranking",
        "inputs": ["liked"],
        "texts": [],
        "block": {},
        "most": model.rank.max,
        "diverse": model.rank.diverse,
        "explore": model.rank.explore,
        "max_length": model.max_length,
        "base": base_name,
        "licence": licence,
        "trunk": None,
        "precision": "fp32",
        "method": method,
        "head": "stacked",
        "settings": settings,
        "rows": dict(rows),
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
