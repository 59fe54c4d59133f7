"""Random rotation."""

from __future__ import annotations

import random
from typing import Any, Literal

from pydantic import Field

from mesocosm.learning.augmentation.image import Picture


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

    def apply(self, picture: Any, rng: random.Random) -> Any:
        """The picture, rotated by the angle that was drawn."""
        import numpy as np

        flat = np.asarray(picture)
        edge = np.concatenate([flat[0], flat[-1], flat[:, 0], flat[:, -1]]).mean(0)
        return picture.rotate(
            rng.uniform(-self.degrees, self.degrees),
            resample=2,
            fillcolor=tuple(int(v) for v in edge),
        )
