"""Sizes that costs are counted from: of nets by their files, of texts by their characters, of
training by its settings.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from mesocosm.learning.cost.estimate import Work
from mesocosm.learning.fine_tuning.frozen import Frozen

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.fine_tuning.gradient import Gradient

PASSES = {  # of a training step, in forward passes; other methods take 2.3
    "full": 3.0,
    "gradual": 3.0,
    "last": 1.2,
    "prefix": 2.6,
    "prompt": 2.8,
}
CHARACTERS = 4.2  # of a token
LAYERS = 6  # of a net whose settings do not tell


class BaseSettings(TypedDict, total=False):
    """What is read of a base's `config.json`; an image net may have two sides of each."""

    vocab_size: int
    hidden_size: int
    image_size: int | list[int]
    patch_size: int | list[int]


@dataclass(frozen=True)
class Net:
    """How large a net is.

    Args:
        weights: outside the word embeddings; every token passes them.
        total: all weights.
        width: of a token's state.
        places: about how many patches of an image it has, for an image net.
    """

    weights: float
    total: float
    width: int
    places: float = 0.0

    @classmethod
    def of(cls, base: Base | None) -> Net:
        """From a base's files; of no size where there is none."""
        if base is None:
            return cls(0.0, 0.0, 0)
        config: BaseSettings = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
        total = sum(p.stat().st_size for p in base.folder.glob("*.safetensors")) / 4
        embeddings = config.get("vocab_size", 0) * config.get("hidden_size", 0)
        side = _side_of(config.get("image_size", 224))
        patch = _side_of(config.get("patch_size", 32))
        return cls(
            float(max(total / 4, total - embeddings)),
            total,
            int(config.get("hidden_size", 384)),
            side**2 / patch**2,
        )

    @classmethod
    def new(cls, layers: int, width: int, words: int) -> Net:
        """Of one that is trained from scratch."""
        weights = 12.0 * layers * width**2
        return cls(weights, weights + words * width, width)


def _side_of(sides: int | list[int]) -> float:
    """The side of an image or a patch, in pixels; the first where a configuration has two."""
    if isinstance(sides, list):
        return float(sides[0])
    return float(sides)


def count_tokens(texts: Iterable[str]) -> float:
    """About how many tokens: a quarter of the characters of distinct texts, and two more each."""
    return float(sum(len(t) / CHARACTERS + 2 for t in set(texts)))


def import_work(yes: bool) -> Work:
    """Units of importing transformers, which takes seconds once a process."""
    return {"import": float(yes and "transformers.models.auto.modeling_auto" not in sys.modules)}


def export_work(net: Net) -> Work:
    """Units of writing a net as a graph."""
    return {"export": net.weights, "import": 0.8 * float("onnxscript" not in sys.modules)}


def tuning_work(
    tune: Gradient, net: Net, rows: int, trained: float, validation: float, all_tokens: float
) -> Work:
    """Units of training by gradient.

    Args:
        rows: training rows.
        trained, validation: tokens of training and of validation rows.
        all_tokens: tokens of all rows, which are embedded once more at the end.
    """
    once = trained * PASSES.get(tune.method, 2.3) + validation
    return {
        "token": (once * tune.epochs + all_tokens) * net.weights,
        "step": tune.epochs * math.ceil(rows / tune.batch),
        "start": 1,
        "load": 4 * net.weights,
    }


def training_memory(batch: int, net: Net, row_tokens: float) -> float:
    """Gigabytes of training by gradient in batches of rows of `row_tokens` tokens at most."""
    return float(20 * net.weights + 4.5e8 + batch * row_tokens * net.width * LAYERS * 40) / 1e9


def net_memory(tune: Frozen | Gradient, net: Net, longest: float) -> float:
    """Gigabytes of a net that is fine-tuned on rows of `longest` tokens at most, or only run."""
    if isinstance(tune, Frozen):
        return (4.8 * net.weights + 2.5e8) / 1e9
    return training_memory(tune.batch, net, longest)


def longest_tokens(texts: Sequence[str], most: int) -> float:
    """Tokens of the longest of the first texts, at most `most`."""
    return min(float(most), max((count_tokens([t]) for t in texts[:2000]), default=1.0))
