"""What every change of a picture in training shares."""

from __future__ import annotations

import random
from abc import abstractmethod
from typing import Any, ClassVar

from mesocosm.core.settings import Settings


class Picture(Settings):
    """A change of a picture that leaves what it shows as it is."""

    of: ClassVar[str] = "image"

    @abstractmethod
    def apply(self, picture: Any, rng: random.Random) -> Any:
        """The augmented picture (Pillow, RGB), of the same size."""
