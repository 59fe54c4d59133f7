"""Images, as governance keeps them, to pixels. Knows Pillow and numpy; loads no net of its own."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

import numpy as np

from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.augmentation.image import Picture
from mesocosm.learning.tasks.graph_session import OpenSession

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

BATCH = 32
ImageRow = tuple[tuple[str | None, ...], str]  # a row's images, one per field, and a seed


class PixelSettings(TypedDict):
    """How the pixels of images are made: the `side` of their square, and `mean` and `sd` of each
    colour.
    """

    side: int
    mean: list[float]
    sd: list[float]


class EncoderSettings(PixelSettings):
    """How an image net is used: its pixels, and the `width` of its features."""

    width: int


class EncoderCard(EncoderSettings):
    """The same in a version's card, with the base where it is one."""

    base: NotRequired[str]
    licence: NotRequired[str]


def decode_image(value: str) -> Image:
    """An image as PNG in base64 as a picture (Pillow, RGB)."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(value)), formats=("PNG",)) as picture:
        return picture.convert("RGB")


def standardize(picture: Image, side: int, mean: Sequence[float], sd: Sequence[float]) -> Floats:
    """Standardised pixels (3, side, side) in float32 of a picture, stretched to a square."""
    from PIL.Image import Resampling

    stretched = picture.resize((side, side), Resampling.BILINEAR)
    flat: Floats = np.asarray(stretched, np.float32) / 255
    means: Floats = np.asarray(mean, np.float32)
    deviations: Floats = np.asarray(sd, np.float32)
    return ((flat - means) / deviations).transpose(2, 0, 1)


def decode_pixels(
    values: Sequence[str], side: int, mean: Sequence[float], sd: Sequence[float]
) -> Floats:
    """Standardised pixels (rows, 3, side, side) in float32 of images as PNG in base64."""
    out = np.zeros((len(values), 3, side, side), np.float32)
    for row, value in enumerate(values):
        out[row] = standardize(decode_image(value), side, mean, sd)
    return out


@dataclass(frozen=True)
class ImageLoader:
    """Loads the images of rows in training; a row is its images (one per field, None where it has
    none) and the seed of their augmentation.

    Args:
        how: `side`, `mean` and `sd` of pixels.
        ways: how images are augmented, in order.
    """

    how: PixelSettings
    ways: tuple[Picture, ...] = ()

    def reseed(self, rows: Sequence[ImageRow], seed: int) -> list[ImageRow]:
        """The rows with a new seed each, so that their images are augmented in another way."""
        return [(values, f"{seed} {i}") for i, (values, _) in enumerate(rows)]

    def load(self, rows: Sequence[ImageRow]) -> tuple[Tensor, Tensor]:
        """Pixels (rows, fields, 3, side, side) and which images are present (rows, fields), as
        tensors in float32; rows without a seed are not augmented.
        """
        import torch

        side, fields = self.how["side"], len(rows[0][0])
        pixels = np.zeros((len(rows), fields, 3, side, side), np.float32)
        present = np.zeros((len(rows), fields), np.float32)
        for row, (values, seed) in enumerate(rows):
            rng = None
            if seed:
                rng = random.Random(seed)
            for column, value in enumerate(values):
                if value:
                    pixels[row, column] = self._augment(value, rng)
                    present[row, column] = 1
        return torch.from_numpy(pixels), torch.from_numpy(present)

    def _augment(self, value: str, rng: random.Random | None) -> Floats:
        """Standardised pixels (3, side, side) of an image, augmented where `rng` is given."""
        image = decode_image(value)
        if rng is not None:
            for way in self.ways:
                image = way.apply(image, rng)
        return standardize(image, self.how["side"], self.how["mean"], self.how["sd"])


class ImageEncoder:
    """Images to features through an exported net.

    Args:
        folder: holds `sight.onnx`.
        how: `side`, `mean`, `sd` of its pixels, and the `width` of its features.
        open_session: makes a session of a graph's path (a runtime's).
    """

    def __init__(self, folder: Path, how: EncoderSettings, open_session: OpenSession) -> None:
        self.how = how
        self.session = open_session(folder / "sight.onnx")

    def features(self, values: Sequence[str | None]) -> Array:
        """Unit vectors (rows, width) in float32; a missing image is all zeros, and equal ones are
        encoded once.
        """
        how = self.how
        if not len(values):
            return np.zeros((0, how["width"]), np.float32)
        distinct = list(dict.fromkeys(v for v in values if v))
        vectors: dict[str | None, Array] = {}
        for start in range(0, len(distinct), BATCH):
            batch = distinct[start : start + BATCH]
            pixels = decode_pixels(batch, how["side"], how["mean"], how["sd"])
            outputs = self.session.run(["features"], {"pixels": pixels})[0]
            vectors |= dict(zip(batch, outputs, strict=True))
        missing = np.zeros(how["width"], np.float32)
        return np.stack([vectors.get(value, missing) for value in values])
