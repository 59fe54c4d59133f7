"""Random horizontal flips."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture

if TYPE_CHECKING:
    from PIL.Image import Image


class Flip(Picture):
    """Left becomes right; not for digits, letters or sides of a body.

    Args:
        chance: that a picture is turned.

    Source: Krizhevsky, Sutskever and Hinton 2012, NeurIPS.

    >>> Flip().chance
    0.5
    """

    method: Literal["flip"] = "flip"
    chance: float = Field(0.5, gt=0, le=1)

    def apply(self, picture: Image, rng: random.Random) -> Image:
        """The picture or its mirror image."""
        from PIL import ImageOps

        if rng.random() < self.chance:
            return ImageOps.mirror(picture)
        return picture
