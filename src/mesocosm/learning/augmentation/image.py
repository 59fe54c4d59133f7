"""What every change of a picture in training shares."""

from __future__ import annotations

import random
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image


class Picture(Settings):
    """A change of a picture that leaves what it shows as it is."""

    of: ClassVar[str] = "image"

    @abstractmethod
    def apply(self, picture: Image, rng: random.Random) -> Image:
        """The augmented picture (Pillow, RGB), of the same size."""
