"""Features of a model's images: the net that sees is exported first and then looked through, so
that a service sees what training saw.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.export.onnx_sessions import session
from mesocosm.learning.tasks.vision.pixels import Eye

Array = np.ndarray[Any, Any]


@dataclass
class Sight:
    """What a model sees.

    Args:
        features: of the images of each part (rows, fields x width).
        card: what a version's card says of its sight.
        base: what looked at them, where it is one that can be tuned.
        tuned: whether it was.
    """

    features: dict[str, Array]
    card: dict[str, Any]
    base: Base | None = None
    tuned: bool = False


def seen(
    images: Mapping[str, Mapping[str, Sequence[str | None]]],
    named: str | None,
    root: Path,
    store: Path,
    folder: Path,
    seed: int,
    say: Callable[[str], None],
) -> Sight:
    """What a base sees in each part's images, or filters learnt from them.

    Args:
        images: by part and field, the images of its rows.
        named: a base that sees; where there is none, filters are learnt from the training images.
        folder: the version's; a net of its own goes into it.
    """
    from mesocosm.learning.tasks.vision.net import exported, learnt, shared_sight

    base = resolve(named, root) if named else None
    if base:
        where, how = shared_sight(base, store)
        path = os.path.relpath(where, store / "models" / "x" / "y")
    else:
        net, how = learnt([v for values in images["train"].values() for v in values if v], seed)
        exported(net, how, folder)
        where, path = folder, "."
    eye = eye_of(where, how)
    found = {
        part: np.hstack([eye.features(list(values)) for values in fields.values()])
        for part, fields in images.items()
    }
    count = sum(len(v) for fields in images.values() for v in fields.values())
    say(
        f"{count} images through {named or 'filters learnt from the training images'}:"
        f" {how['width']} features each"
    )
    return Sight(
        found,
        {
            "images": list(images["train"]),
            "sight": path,
            "sees": how | ({"base": base.name, "licence": base.licence} if base else {}),
        },
        base,
    )


def eye_of(folder: Path, how: dict[str, Any]) -> Eye:
    """What looks through the graph in a folder."""
    return Eye(folder, how, session)
