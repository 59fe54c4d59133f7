"""The card of a tagging version: what a service needs to run it. Knows shapes only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired

from mesocosm.learning.tasks.version_files import TaskCard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model

FIELD = "conditional random field"
LINEAR = "linear, Viterbi"  # as gradients train it, over words


class TaggingCard(TaskCard):
    """A version that tags words.

    Keys:
        tags: all tags, in the order of the head's outputs.
        cut: what has a tag of its own, `words` where it is not given: versions of earlier releases
            tag words between spaces.
        own_mb: megabytes of the trunk's weights that are the version's own, by precision.
    """

    tags: list[str]
    cut: NotRequired[str]
    own_mb: dict[str, float]


def make_card(
    name: str,
    model: Model,
    base: Base,
    tags: Sequence[str],
    strength: float,
    rows: Mapping[str, int],
    own_mb: dict[str, float],
) -> TaggingCard:
    """The card of a version of the model `name`, without `cut`; `rows` counts them by part."""
    return {
        "model": name,
        "task": "tags",
        "labels": [],
        "tags": list(tags),
        "predict": model.target,
        "predicts": "tags",
        "inputs": list(model.features),
        "texts": list(model.features),
        "block": {},
        "max_length": model.max_length,
        "base": base.name,
        "licence": base.licence,
        "trunk": "trunk",
        "own_mb": own_mb,
        "precision": "fp32",
        "method": model.fine_tune.method,
        "head": FIELD,
        "settings": {"strength": strength},
        "rows": dict(rows),
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
