"""Features of a model's images: the net is exported first and the graph is used, so that serving
and training have the same features.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypedDict

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Array
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.export.onnx_sessions import session
from mesocosm.learning.tasks.vision.pixels import EncoderCard, EncoderSettings, ImageEncoder

Images = Mapping[str, Mapping[str, Sequence[str | None]]]  # by part and field, of its rows


class ImageCard(TypedDict, total=False):
    """What a version's card says of its images: their fields, the folder of the net that encodes
    them (`sight`), how it is used, and the megabytes of weights that are the version's own.
    """

    images: list[str]
    sight: str
    sees: EncoderSettings
    sight_mb: float


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
    card: ImageCard
    base: Base | None = None
    tuned: bool = False


def extract_features(
    images: Images,
    named: str | None,
    root: Path,
    store: Path,
    folder: Path,
    seed: int,
    say: Say,
) -> ImageFeatures:
    """Features of each part's images, by a base or by filters fitted on them.

    Args:
        images: by part and field, the images of its rows.
        named: an image base; where there is none, filters are fitted on the training images.
        folder: the version's; fitted filters go into it.
    """
    base = None
    where, path = folder, "."
    how: EncoderSettings
    if named:
        base = resolve(named, root)
        where, path, how = _export_base(base, store)
    else:
        how = _export_filters(images["train"], seed, folder)
    encoder = open_encoder(where, how)
    features: dict[str, Array] = {}
    count = 0
    for part, fields in images.items():
        features[part] = np.hstack([encoder.features(list(v)) for v in fields.values()])
        count += sum(map(len, fields.values()))
    say(
        Message(
            "progress.encoded_images",
            images=count,
            base=named or Message("progress.image_filters"),
            width=how["width"],
        )
    )
    card: ImageCard = {"images": list(images["train"]), "sight": path, "sees": how}
    return ImageFeatures(features, card, base)


def _export_base(base: Base, store: Path) -> tuple[Path, str, EncoderCard]:
    """The folder of a base's graph, its path as a version names it, and how it is used."""
    from mesocosm.learning.tasks.vision.net import export_shared

    folder, how = export_shared(base, store)
    path = os.path.relpath(folder, store / "models" / "x" / "y")
    return folder, path, {**how, "base": base.name, "licence": base.licence}


def _export_filters(
    train: Mapping[str, Sequence[str | None]], seed: int, folder: Path
) -> EncoderSettings:
    """How the filters that are fitted on the training images are used; their graph goes into the
    folder.
    """
    from mesocosm.learning.tasks.vision.net import export_net, fit_filters

    images = chain.from_iterable(train.values())
    net, how = fit_filters([value for value in images if value], seed)
    export_net(net, how, folder)
    return how


def open_encoder(folder: Path, how: EncoderSettings) -> ImageEncoder:
    """The encoder whose graph is in a folder."""
    return ImageEncoder(folder, how, session)
