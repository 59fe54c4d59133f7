"""Features of a model's images: the net is exported first and the graph is used, so that serving
and training have the same features.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.export.onnx_sessions import session
from mesocosm.learning.tasks.vision.pixels import ImageEncoder

Array = np.ndarray[Any, Any]


@dataclass
class ImageFeatures:
    """Features of a model's images.

    Args:
        features: of each part (rows, fields x width).
        card: what a version's card says of them.
        base: the base that encodes them, where it is one that can be fine-tuned.
        tuned: whether it was.
    """

    features: dict[str, Array]
    card: dict[str, Any]
    base: Base | None = None
    tuned: bool = False


def extract_features(
    images: Mapping[str, Mapping[str, Sequence[str | None]]],
    named: str | None,
    root: Path,
    store: Path,
    folder: Path,
    seed: int,
    say: Callable[[str], None],
) -> ImageFeatures:
    """Features of each part's images, by a base or by filters fitted on them.

    Args:
        images: by part and field, the images of its rows.
        named: an image base; where there is none, filters are fitted on the training images.
        folder: the version's; fitted filters go into it.
    """
    from mesocosm.learning.tasks.vision.net import export_net, export_shared, fit_filters

    card: dict[str, Any] = {}
    base = resolve(named, root) if named else None
    if base:
        where, how = export_shared(base, store)
        path = os.path.relpath(where, store / "models" / "x" / "y")
        card = {"base": base.name, "licence": base.licence}
    else:
        train = chain.from_iterable(images["train"].values())
        net, how = fit_filters([value for value in train if value], seed)
        export_net(net, how, folder)
        where, path = folder, "."
    encoder = open_encoder(where, how)
    features = {}
    count = 0
    for part, fields in images.items():
        features[part] = np.hstack([encoder.features(list(v)) for v in fields.values()])
        count += sum(map(len, fields.values()))
    say(
        f"encoded {count} images with {named or 'filters fitted on the training images'}:"
        f" {how['width']} features each"
    )
    card_entry = {"images": list(images["train"]), "sight": path, "sees": how | card}
    return ImageFeatures(features, card_entry, base)


def open_encoder(folder: Path, how: dict[str, Any]) -> ImageEncoder:
    """The encoder whose graph is in a folder."""
    return ImageEncoder(folder, how, session)
