"""Random crops."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture

if TYPE_CHECKING:
    from PIL.Image import Image


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

    def apply(self, picture: Image, rng: random.Random) -> Image:
        """A random crop."""
        from PIL.Image import Resampling

        wide = picture.width * rng.uniform(self.min, 1)
        high = picture.height * rng.uniform(self.min, 1)
        left, top = rng.uniform(0, picture.width - wide), rng.uniform(0, picture.height - high)
        box = (left, top, left + wide, top + high)
        return picture.resize(picture.size, box=box, resample=Resampling.BILINEAR)
