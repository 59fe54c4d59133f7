"""Images, as governance keeps them, to pixels. Knows Pillow and numpy; loads no net of its own."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.augmentation.image import Picture

Array = np.ndarray[Any, Any]
BATCH = 32


def opened(value: str) -> Any:
    """An image as PNG in base64 as a picture (Pillow, RGB)."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(value)), formats=("PNG",)) as picture:
        return picture.convert("RGB")


def standard(picture: Any, side: int, mean: Sequence[float], sd: Sequence[float]) -> Array:
    """Standardised pixels (3, side, side) in float32 of a picture, stretched to a square."""
    from PIL import Image

    flat = np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR), np.float32) / 255
    return np.asarray(
        ((flat - np.asarray(mean, np.float32)) / np.asarray(sd, np.float32)).transpose(2, 0, 1)
    )


def pixels(values: Sequence[str], side: int, mean: Sequence[float], sd: Sequence[float]) -> Array:
    """Standardised pixels (rows, 3, side, side) in float32 of images as PNG in base64."""
    out = np.zeros((len(values), 3, side, side), np.float32)
    for row, value in enumerate(values):
        out[row] = standard(opened(value), side, mean, sd)
    return out


@dataclass(frozen=True)
class Eyes:
    """How training looks at the pictures of rows; a row is its pictures (one a field, None where it
    has none) and the seed of how they are changed.

    Args:
        how: `side`, `mean` and `sd` of pixels.
        ways: how pictures are changed, in order.
    """

    how: Mapping[str, Any]
    ways: tuple[Picture, ...] = ()

    def anew(
        self, rows: Sequence[tuple[tuple[str | None, ...], str]], seed: int
    ) -> list[tuple[tuple[str | None, ...], str]]:
        """The rows with a seed each, which changes their pictures in another way than before."""
        return [(values, f"{seed} {i}") for i, (values, _) in enumerate(rows)]

    def look(self, rows: Sequence[tuple[tuple[str | None, ...], str]]) -> tuple[Any, Any]:
        """Pixels (rows, fields, 3, side, side) and which pictures are there (rows, fields), as
        tensors in float32; rows without a seed are shown as they are.
        """
        import torch

        side = self.how["side"]
        shown, there = (
            np.zeros((len(rows), len(rows[0][0]), 3, side, side), np.float32),
            np.zeros((len(rows), len(rows[0][0])), np.float32),
        )
        for row, (values, seed) in enumerate(rows):
            rng = random.Random(seed)
            for field, value in enumerate(values):
                if value:
                    picture = opened(value)
                    for way in self.ways if seed else ():
                        picture = way.apply(picture, rng)
                    shown[row, field], there[row, field] = (
                        standard(picture, side, self.how["mean"], self.how["sd"]),
                        1,
                    )
        return torch.from_numpy(shown), torch.from_numpy(there)


class Eye:
    """Images to features through an exported net.

    Args:
        folder: holds `sight.onnx`.
        how: `side`, `mean`, `sd` of its pixels, and the `width` of its features.
        open_session: makes a session of a graph's path (a runtime's).
    """

    def __init__(self, folder: Path, how: dict[str, Any], open_session: Any) -> None:
        self.how = how
        self.session = open_session(folder / "sight.onnx")

    def features(self, values: Sequence[str | None]) -> Array:
        """Unit vectors (rows, width) in float32; a missing image is all zeros, and equal ones are
        looked at once.
        """
        distinct = list(dict.fromkeys(v for v in values if v))
        known: dict[str, Array] = {}
        for start in range(0, len(distinct), BATCH):
            part = distinct[start : start + BATCH]
            out = self.session.run(
                ["features"],
                {"pixels": pixels(part, self.how["side"], self.how["mean"], self.how["sd"])},
            )[0]
            known |= dict(zip(part, out, strict=True))
        none = np.zeros(self.how["width"], np.float32)
        return (
            np.stack([known[v] if v else none for v in values])
            if len(values)
            else np.zeros((0, self.how["width"]), np.float32)
        )
