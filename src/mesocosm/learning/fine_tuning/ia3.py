"""IA3: keys, values and inner states are scaled, by one number each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import linear_names, linear_parts

if TYPE_CHECKING:
    from torch import nn

KEYS = ("key", "value", "k_proj", "v_proj", "k_lin", "v_lin")
INNER = ("intermediate.dense", "lin1", "up_proj", "fc1")


class Ia3(Gradient):
    """Train one factor for each key, each value and each inner state of the feed-forward blocks.

    Source: Liu et al. 2022, arXiv 2205.05638.

    >>> Ia3().method
    'ia3'
    """

    method: Literal["ia3"] = "ia3"
    learning_rate: float = Field(1e-2, gt=0, le=10)

    def attach(self, base: nn.Module) -> nn.Module:
        """The base wrapped by PEFT; only the factors train."""
        from peft import IA3Config, get_peft_model

        names = linear_names(base, KEYS, "keys", "key")
        targets = [*names, *_inner_ends(base)]
        return get_peft_model(base, IA3Config(target_modules=targets, feedforward_modules=[]))


def _inner_ends(base: nn.Module) -> list[str]:
    """The ends of names of the inner states' parts that a base has."""
    ends: set[str] = set()
    for name, _ in linear_parts(base):
        ends |= {end for end in INNER if name.endswith(end)}
    return sorted(ends)
