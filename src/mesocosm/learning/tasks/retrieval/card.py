"""The card of a retrieval version: what a service needs to run it. Knows shapes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.learning.tasks.version_files import TaskCard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.retrieval.query_projection import ChosenProjection


def make_card(
    name: str,
    model: Model,
    base: Base,
    trunk: str,
    chosen: ChosenProjection,
    rows: Mapping[str, int],
) -> TaskCard:
    """The card of a version of the model `name`.

    Args:
        trunk: the folder of the graph that encodes texts, from the version's.
        rows: how many there are, by part.
    """
    head = "cosine"
    if chosen["pull"]:
        head = "matrix"
    return {
        "model": name,
        "task": "retrieval",
        "labels": [],
        "predict": model.target,
        "predicts": "text",
        "inputs": list(model.features),
        "texts": list(model.features),
        "block": {},
        "max_length": model.max_length,
        "base": base.name,
        "licence": base.licence,
        "trunk": trunk,
        "precision": "fp32",
        "method": model.fine_tune.method,
        "head": head,
        "settings": {"pull": chosen["pull"], "left_out_mrr": chosen["left_out_mrr"]},
        "rows": dict(rows),
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
