"""Random brightness, contrast and colour."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture

if TYPE_CHECKING:
    from PIL.Image import Image


class Light(Picture):
    """Brightness, contrast and colour each made more or less.

    Args:
        by: the most of each, either way; 0.2 is from four fifths to six fifths.

    Source: Howard 2013, arXiv 1312.5402.

    >>> Light().by
    0.2
    """

    method: Literal["brightness"] = "brightness"
    by: float = Field(0.2, gt=0, lt=1)

    def apply(self, picture: Image, rng: random.Random) -> Image:
        """The picture with the factors that were drawn."""
        from PIL import ImageEnhance

        for way in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            picture = way(picture).enhance(rng.uniform(1 - self.by, 1 + self.by))
        return picture
