"""Cutout."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture

if TYPE_CHECKING:
    from PIL.Image import Image


class Cover(Picture):
    """A square of the picture's mean colour covers a part of it.

    Args:
        share: of the shorter side that the square is wide.

    Source: DeVries and Taylor 2017, arXiv 1708.04552 (cutout).

    >>> Cover().share
    0.3
    """

    method: Literal["cutout"] = "cutout"
    share: float = Field(0.3, gt=0, lt=1)

    def apply(self, picture: Image, rng: random.Random) -> Image:
        """The picture with its square; the square's middle lies anywhere in it."""
        from PIL import ImageStat

        covered = picture.copy()
        half = max(1, round(min(picture.width, picture.height) * self.share)) / 2
        x, y = rng.uniform(0, picture.width), rng.uniform(0, picture.height)
        box = (
            max(0, round(x - half)),
            max(0, round(y - half)),
            min(picture.width, round(x + half)),
            min(picture.height, round(y + half)),
        )
        if box[0] < box[2] and box[1] < box[3]:
            mean = ImageStat.Stat(picture).mean
            covered.paste(tuple(int(value) for value in mean), box)
        return covered
