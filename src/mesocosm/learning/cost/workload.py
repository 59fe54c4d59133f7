"""Sizes that a price is counted from: of nets by their files, of texts by their letters, of
training by its settings.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesocosm.learning.cost.estimate import Work

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base

BACK = {
    "full": 3.0,
    "gradual": 3.0,
    "last": 1.2,
    "prefix": 2.6,
    "prompt": 2.8,
}  # of a forward pass; other methods 2.3
LAYERS = 6  # of a net whose settings do not tell


@dataclass(frozen=True)
class Net:
    """How large a net is.

    Args:
        weights: outside the words' table; every token passes them.
        whole: all of them.
        width: of a token's state.
        places: about how many places of a picture it looks at, where it sees.
    """

    weights: float
    whole: float
    width: int
    places: float = 0.0

    @classmethod
    def of(cls, base: Base | None) -> Net:
        """From a base's files; of no size where there is none."""
        if base is None:
            return cls(0.0, 0.0, 0)
        config = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
        whole = sum(p.stat().st_size for p in base.folder.glob("*.safetensors")) / 4
        side, patch = config.get("image_size", 224), config.get("patch_size", 32)
        places = (
            float(side[0] if isinstance(side, list) else side) ** 2
            / float(patch[0] if isinstance(patch, list) else patch) ** 2
        )
        return cls(
            float(
                max(whole / 4, whole - config.get("vocab_size", 0) * config.get("hidden_size", 0))
            ),
            whole,
            int(config.get("hidden_size", 384)),
            places,
        )

    @classmethod
    def new(cls, layers: int, width: int, words: int) -> Net:
        """Of one that begins from nothing."""
        weights = 12.0 * layers * width**2
        return cls(weights, weights + words * width, width)


def count_tokens(texts: Iterable[str]) -> float:
    """About how many tokens: a quarter of the characters of distinct texts, and two more each."""
    return float(sum(len(t) / 4.2 + 2 for t in set(texts)))


def import_work(yes: bool) -> Work:
    """Of importing transformers, which takes seconds once a process."""
    return {"import": float(yes and "transformers.models.auto.modeling_auto" not in sys.modules)}


def export_work(net: Net) -> Work:
    """Of writing a net as a graph."""
    return {"export": net.weights, "import": 0.8 * float("onnxscript" not in sys.modules)}


def tuning_work(tune: Any, net: Net, rows: int, taught: float, held: float, whole: float) -> Work:
    """Of training by gradient.

    Args:
        rows: training rows.
        taught, held: tokens of training and of validation rows.
        whole: tokens of all rows, which are read once more at the end.
    """
    once = taught * BACK.get(tune.method, 2.3) + held
    return {
        "token": (once * tune.epochs + whole) * net.weights,
        "step": tune.epochs * math.ceil(rows / tune.batch),
        "start": 1,
        "load": 4 * net.weights,
    }


def training_memory(tune: Any, net: Net, row_tokens: float) -> float:
    """Gigabytes of training by gradient, rows of `longest` tokens at most."""
    return float(20 * net.weights + 4.5e8 + tune.batch * row_tokens * net.width * LAYERS * 40) / 1e9


def longest_tokens(texts: Sequence[str], most: int) -> float:
    """Tokens of the longest of the first texts, at most `most`."""
    return min(float(most), max((count_tokens([t]) for t in texts[:2000]), default=1.0))
