"""First layers: what is nearest to the words is trained, for texts that look unlike the base's."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.plugins import ConfigValueError, Gradient, freeze, layers_of


class First(Gradient):
    """Train the first layers of the base, and the head; the others stay.

    Args:
        layers: how many layers train.

    Raises:
        ConfigValueError: the base has fewer layers.

    Source: Lee et al. 2023, Surgical fine-tuning, arXiv 2210.11466.

    >>> First(layers=2).layers
    2
    """

    mesocosm_contract: ClassVar[int] = 1
    method: Literal["first"] = "first"
    layers: int = Field(1, ge=1, le=1000)

    def attach(self, base: Any) -> Any:
        """The base with its first layers set to train."""
        freeze(base)
        found = layers_of(base)[1]
        if self.layers > len(found):
            expected = f"a number from 1 to {len(found)}"
            raise ConfigValueError(
                "fine_tune.layers", f"the base has {len(found)} layers", expected
            )
        for layer in found[: self.layers]:
            for weight in layer.parameters():
                weight.requires_grad_(True)
        return base
