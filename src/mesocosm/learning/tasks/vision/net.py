"""Image nets: one of transformers' from a folder or a hub, or filters fitted on the training images
without labels. Knows torch.

Neither brings code of its own; weights are safetensors.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest
from mesocosm.learning.base_models import Base
from mesocosm.learning.export.reweighting import reweight
from mesocosm.learning.export.weight_sharing import extract_weights
from mesocosm.learning.features.embeddings import silence_libraries, to_float
from mesocosm.learning.tasks.vision.pixels import decode_pixels

Array = np.ndarray[Any, Any]
SIDE, PATCH, FILTERS, SAMPLE = 32, 6, 128, 30_000
MIN_IMAGES = 10  # images from which on filters can be fitted
SOFT = 0.25
REVISION = 2
STEMS = ("sight",)


class PatchFilters(nn.Module):
    """One layer of filters over an image of 32 x 32, the mean response of each in each quarter,
    standardised; unit vectors (rows, 4 x filters).

    Args:
        filters: (filters, 3, 6, 6), whitening folded in, and `bias` (filters).
        mean: of the features over the training images, and their deviation `sd`.

    Source: Coates, Ng and Lee 2011, AISTATS (single-layer networks, k-means).
    """

    def __init__(self, filters: Array, bias: Array, mean: Array, sd: Array) -> None:
        super().__init__()
        self.look = nn.Conv2d(3, len(filters), PATCH)
        self.look.weight.data = torch.from_numpy(filters)
        self.look.bias = nn.Parameter(torch.from_numpy(bias))
        self.mean = nn.Parameter(torch.from_numpy(mean))
        self.sd = nn.Parameter(torch.from_numpy(sd))

    def respond(self, x: torch.Tensor) -> torch.Tensor:
        """The response of each filter in each quarter, (rows, 4 x filters), before it is
        standardised.
        """
        responses = torch.relu(self.look(x))
        half = responses.shape[-1] // 2
        first, second = slice(None, half), slice(half, None)
        corners = ((first, first), (first, second), (second, first), (second, second))
        quarters = [responses[:, :, a, b].mean((2, 3)) for a, b in corners]
        return torch.sqrt(torch.cat(quarters, 1) + 1e-8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Unit vectors of standardised pixels (rows, 3, 32, 32)."""
        return nn.functional.normalize((self.respond(x) - self.mean) / self.sd, dim=-1)


class PretrainedVision(nn.Module):
    """One of transformers' nets, the mean of its states over the positions of an image; unit
    vectors.
    """

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Unit vectors of standardised pixels (rows, 3, side, side)."""
        states = self.net(pixel_values=x).last_hidden_state
        return nn.functional.normalize(
            to_float(states.mean((2, 3)) if states.dim() == 4 else states.mean(1)), dim=-1
        )


def fit_filters(images: Sequence[str], seed: int) -> tuple[PatchFilters, dict[str, Any]]:
    """Filters fitted on images without labels, and how their pixels are made.

    Raises:
        ConfigValueError: there are too few.
    """
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    distinct = sorted(set(images))
    if len(distinct) < MIN_IMAGES:
        raise ConfigValueError(
            "features",
            f"the training rows hold {len(distinct)} different images",
            f"at least {MIN_IMAGES}, or 'image_base' with an image base",
        )
    draw = np.random.default_rng(seed)
    if len(distinct) > 4000:
        distinct = [distinct[i] for i in np.sort(draw.choice(len(distinct), 4000, replace=False))]
    how: dict[str, Any] = {"side": SIDE, "mean": [0.5] * 3, "sd": [0.25] * 3}
    shown = decode_pixels(distinct, SIDE, how["mean"], how["sd"])
    rows, a, b = (
        draw.integers(0, n, SAMPLE) for n in (len(shown), SIDE - PATCH + 1, SIDE - PATCH + 1)
    )
    cut = np.stack(
        [
            shown[r, :, i : i + PATCH, j : j + PATCH].reshape(-1)
            for r, i, j in zip(rows, a, b, strict=True)
        ]
    ).astype(np.float64)
    level = cut.mean(0)
    values, axes = np.linalg.eigh(np.cov((cut - level).T))
    white = axes @ np.diag(1 / np.sqrt(np.maximum(values, 0) + 0.1)) @ axes.T
    with threadpool_limits(1, "openmp"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        centres = (
            MiniBatchKMeans(FILTERS, random_state=seed, n_init=1, batch_size=1024, max_iter=30)
            .fit((cut - level) @ white)
            .cluster_centers_
        )
    centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-9
    filters = centres @ white
    bias = -filters @ level - SOFT
    wide = 4 * FILTERS
    net = PatchFilters(
        filters.reshape(FILTERS, 3, PATCH, PATCH).astype(np.float32),
        bias.astype(np.float32),
        np.zeros(wide, np.float32),
        np.ones(wide, np.float32),
    )
    with torch.inference_mode():
        found = torch.cat(
            [net.respond(torch.from_numpy(shown[i : i + 256])) for i in range(0, len(shown), 256)]
        ).numpy()
    net.mean.data, net.sd.data = (
        torch.from_numpy(found.mean(0)),
        torch.from_numpy(found.std(0) + 1e-3),
    )
    return net, how | {"width": wide}


def load_pretrained(base: Base) -> tuple[PretrainedVision, dict[str, Any]]:
    """An image base, and how its pixels are made.

    Raises:
        ConfigValueError: its weights cannot be read, or it is no image base.
    """
    from transformers import AutoModel

    silence_libraries()
    try:
        net = AutoModel.from_pretrained(
            base.folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        ).eval()
    except Exception as error:  # safetensors, transformers and torch each have their own kinds
        raise ConfigValueError(
            "image_base",
            f"the weights of '{base.name}' cannot be read",
            "a complete folder laid out as a hub's, of an architecture that transformers knows",
        ) from error
    if getattr(net, "main_input_name", "") != "pixel_values":
        raise ConfigValueError(
            "image_base",
            f"'{base.name}' is not an image base: its input is"
            f" {getattr(net, 'main_input_name', 'something else')}",
            "a base of images, such as a ViT or a ResNet",
        )
    path = base.folder / "preprocessor_config.json"
    settings_of_pixels: dict[str, Any] = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    )
    size: Any = (
        settings_of_pixels.get("crop_size")
        or settings_of_pixels.get("size")
        or getattr(net.config, "image_size", 224)
    )
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge") or size.get("longest_edge") or 224
    how = {
        "side": int(size),
        "mean": settings_of_pixels.get("image_mean", [0.5] * 3),
        "sd": settings_of_pixels.get("image_std", [0.5] * 3),
    }
    seen = PretrainedVision(net)
    with torch.inference_mode():
        wide = seen(torch.zeros(1, 3, how["side"], how["side"])).shape[1]
    return seen, how | {"width": int(wide)}


def export_net(net: Any, how: dict[str, Any], folder: Path) -> None:
    """Write `sight.onnx`: `pixels` (rows, 3, side, side) to `features` (rows, width)."""
    import logging

    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net.eval(),
            (torch.zeros(2, 3, how["side"], how["side"]),),
            dynamo=True,
            verbose=False,
            optimize=True,
            input_names=["pixels"],
            output_names=["features"],
            dynamic_shapes=({0: torch.export.Dim("rows")},),
        )
        assert program is not None
        program.save(str(folder / "sight.onnx"))


def export_shared(base: Base, store: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of a base's graph, exported once a store, and for all stores of a person where a
    cache is; and how its pixels are made.
    """
    from importlib.metadata import version

    from mesocosm.core.files import write_json

    settings = [
        path.read_text(encoding="utf-8")
        for name in ("config.json", "preprocessor_config.json")
        if (path := base.folder / name).is_file()
    ]
    folder = store / "trunks" / digest(base.weights, settings, "sight", REVISION, version("torch"))
    if not (folder / "sight.json").is_file() and not copy_from_cache(
        f"trunks/{folder.name}", folder
    ):
        net, how = load_pretrained(base)
        with folder_appears(folder) as aside:
            export_net(net, how, aside)
            extract_weights(aside, STEMS)
            write_json(aside / "sight.json", how)
        copy_to_cache(f"trunks/{folder.name}", folder)
    return folder, json.loads((folder / "sight.json").read_text(encoding="utf-8"))


def export_tuned(net: Any, base: Base, how: dict[str, Any], folder: Path, store: Path) -> Path:
    """Write `sight.onnx` of a fine-tuned base: the base's own graph with other weights where that
    gives the outputs of torch, else a new export.

    Returns:
        The folder of the untouched base's graph.
    """
    shared, _ = export_shared(base, store)
    shown = torch.rand(2, 3, how["side"], how["side"], generator=torch.Generator().manual_seed(0))
    if not reweight(
        net,
        load_pretrained(base)[0],
        shared / "sight.onnx",
        folder / "sight.onnx",
        {"pixels": shown},
    ):
        export_net(net, how, folder)
    return shared
