"""Images, as governance keeps them, to pixels. Knows Pillow and numpy; loads no net."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BATCH = 32


def pixels(values: Sequence[str], side: int, mean: Sequence[float], sd: Sequence[float]) -> Array:
    """Standardised pixels (rows, 3, side, side) in float32 of images as PNG in base64, each stretched to a square."""
    from PIL import Image

    out = np.zeros((len(values), 3, side, side), np.float32)
    for row, value in enumerate(values):
        with Image.open(io.BytesIO(base64.b64decode(value)), formats=("PNG",)) as picture:
            flat = np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR), np.float32) / 255
        out[row] = ((flat - np.asarray(mean, np.float32)) / np.asarray(sd, np.float32)).transpose(2, 0, 1)
    return out


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
        """Unit vectors (rows, width) in float32; a missing image is all zeros, and equal ones are looked at once."""
        distinct = list(dict.fromkeys(v for v in values if v))
        known: dict[str, Array] = {}
        for start in range(0, len(distinct), BATCH):
            part = distinct[start : start + BATCH]
            out = self.session.run(["features"], {"pixels": pixels(part, self.how["side"], self.how["mean"], self.how["sd"])})[0]
            known |= dict(zip(part, out, strict=True))
        none = np.zeros(self.how["width"], np.float32)
        return np.stack([known[v] if v else none for v in values]) if len(values) else np.zeros((0, self.how["width"]), np.float32)
