"""Random rotation."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Bytes = npt.NDArray[np.uint8]


class Turn(Picture):
    """The picture rotated about its middle; corners get the mean colour of its edges.

    Args:
        degrees: the largest angle, either way.

    Source: Simard, Steinkraus and Platt 2003, ICDAR.

    >>> Turn().degrees
    15.0
    """

    method: Literal["rotate"] = "rotate"
    degrees: float = Field(15.0, gt=0, le=180)

    def apply(self, picture: Image, rng: random.Random) -> Image:
        """The picture, rotated by the angle that was drawn."""
        import numpy as np
        from PIL.Image import Resampling

        pixels: Bytes = np.asarray(picture)
        edges = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
        colour: list[float] = np.concatenate(edges).mean(0).tolist()
        return picture.rotate(
            rng.uniform(-self.degrees, self.degrees),
            resample=Resampling.BILINEAR,
            fillcolor=tuple(int(value) for value in colour),
        )
