"""Random crops."""

from __future__ import annotations

import random
from typing import Any, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture


class Crop(Picture):
    """A random part of the picture, drawn each time, resized to the whole.

    Args:
        min: the smallest share of each side that is kept.

    Source: Szegedy et al. 2015, CVPR (Inception's crops).

    >>> Crop().min
    0.8
    """

    method: Literal["crop"] = "crop"
    min: float = Field(0.8, gt=0, lt=1)

    def apply(self, picture: Any, rng: random.Random) -> Any:
        """A random crop."""
        wide, high = (side * rng.uniform(self.min, 1) for side in picture.size)
        left, top = rng.uniform(0, picture.width - wide), rng.uniform(0, picture.height - high)
        return picture.resize(picture.size, box=(left, top, left + wide, top + high), resample=2)
