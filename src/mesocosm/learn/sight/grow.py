"""Features of a model's images: the net that sees is exported first and then looked through, so that a service sees what training saw."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learn.bases import resolve
from mesocosm.learn.sight.pixels import Eye

Array = np.ndarray[Any, Any]


def seen(
    images: Mapping[str, Mapping[str, Sequence[str | None]]], named: str | None, root: Path, store: Path, folder: Path, seed: int, say: Callable[[str], None]
) -> tuple[dict[str, Array], dict[str, Any]]:  # fmt: skip
    """Features (rows, fields x width) of each part's images, and what a version's card says of its sight.

    Args:
        images: by part and field, the images of its rows.
        named: a base that sees; where there is none, filters are learnt from the training images.
        folder: the version's; a net of its own goes into it.
    """
    from mesocosm.learn.sight.net import exported, learnt, shared_sight

    if named:
        where, how = shared_sight(resolve(named, root), store)
        path = os.path.relpath(where, store / "models" / "x" / "y")
    else:
        net, how = learnt([v for values in images["train"].values() for v in values if v], seed)
        exported(net, how, folder)
        where, path = folder, "."
    eye = Eye(where, how, _session)
    found = {part: np.hstack([eye.features(list(values)) for values in fields.values()]) for part, fields in images.items()}
    count = sum(len(v) for fields in images.values() for v in fields.values())
    say(f"{count} images through {named or 'filters learnt from the training images'}: {how['width']} features each")
    return found, {"images": list(images["train"]), "sight": path, "sees": how}


def _session(path: Path) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
