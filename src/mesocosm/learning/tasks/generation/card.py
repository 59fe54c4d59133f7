"""The card of a text generation version: what a service needs to run it. Knows shapes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.learning.tasks.version_files import TaskCard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesocosm.core.records import Json
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model


class GenerationCard(TaskCard):
    """A version that is stored as its difference from a base.

    Keys:
        weights: the fingerprint of the base's weights.
        tune: the settings of its fine-tuning method.
    """

    instruction: str
    max_new_tokens: int
    weights: str
    tune: dict[str, Json]


def make_card(name: str, model: Model, base: Base, rows: Mapping[str, int]) -> GenerationCard:
    """The card of a version of the model `name`; `rows` counts them by part."""
    return {
        "model": name,
        "task": "text",
        "labels": [],
        "predict": model.target,
        "predicts": "text",
        "inputs": list(model.features),
        "texts": list(model.features),
        "block": {},
        "instruction": model.instruction,
        "max_length": model.max_length,
        "max_new_tokens": model.max_new_tokens,
        "base": base.name,
        "weights": base.weights,
        "licence": base.licence,
        "trunk": None,
        "precision": "fp32",
        "method": model.fine_tune.method,
        "tune": model.fine_tune.model_dump(mode="json"),
        "head": "of the base",
        "settings": {},
        "rows": dict(rows),
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
