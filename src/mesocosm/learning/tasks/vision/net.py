"""Image nets: one of transformers' from a folder or a hub, or filters fitted on the training images
without labels. Knows torch.

Neither brings code of its own; weights are safetensors.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import torch
from torch import nn

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Floats
from mesocosm.learning.base_models import Base
from mesocosm.learning.export.reweighting import reweight
from mesocosm.learning.export.weight_sharing import extract_weights
from mesocosm.learning.features.embeddings import silence_libraries, to_float
from mesocosm.learning.tasks.vision.pixels import EncoderSettings, PixelSettings, decode_pixels

if TYPE_CHECKING:
    from transformers import PreTrainedModel

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

    def __init__(self, filters: Floats, bias: Floats, mean: Floats, sd: Floats) -> None:
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
        upper, lower = responses[:, :, :half], responses[:, :, half:]
        quarters = [upper[..., :half], upper[..., half:], lower[..., :half], lower[..., half:]]
        means = [quarter.mean((2, 3)) for quarter in quarters]
        return torch.sqrt(torch.cat(means, 1) + 1e-8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Unit vectors of standardised pixels (rows, 3, 32, 32)."""
        return nn.functional.normalize((self.respond(x) - self.mean) / self.sd, dim=-1)


class PretrainedVision(nn.Module):
    """One of transformers' nets, the mean of its states over the positions of an image; unit
    vectors.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Unit vectors of standardised pixels (rows, 3, side, side)."""
        states: torch.Tensor = self.net(pixel_values=x).last_hidden_state
        places = (2, 3) if states.dim() == 4 else (1,)
        return nn.functional.normalize(to_float(states.mean(places)), dim=-1)


def fit_filters(images: Sequence[str], seed: int) -> tuple[PatchFilters, EncoderSettings]:
    """Filters fitted on images without labels, and how their pixels are made.

    Raises:
        ConfigValueError: there are too few.
    """
    distinct = sorted(set(images))
    if len(distinct) < MIN_IMAGES:
        raise ConfigValueError(
            "features",
            Message("learning.different_images", images=len(distinct)),
            Message("learning.least_images", least=MIN_IMAGES),
        )
    draw = np.random.default_rng(seed)
    if len(distinct) > 4000:
        distinct = [distinct[i] for i in np.sort(draw.choice(len(distinct), 4000, replace=False))]
    mean, sd = [0.5] * 3, [0.25] * 3
    shown = decode_pixels(distinct, SIDE, mean, sd)
    patches = _draw_patches(shown, draw)
    level: Floats = patches.mean(0)
    white = _whiten(patches - level)
    filters = _cluster_centres((patches - level) @ white, seed) @ white
    bias = -filters @ level - SOFT
    wide = 4 * FILTERS
    net = PatchFilters(
        filters.reshape(FILTERS, 3, PATCH, PATCH).astype(np.float32),
        bias.astype(np.float32),
        np.zeros(wide, np.float32),
        np.ones(wide, np.float32),
    )
    responses = _respond_in_batches(net, shown)
    net.mean.data = torch.from_numpy(responses.mean(0))
    net.sd.data = torch.from_numpy(responses.std(0) + 1e-3)
    return net, {"side": SIDE, "mean": mean, "sd": sd, "width": wide}


def _draw_patches(shown: Floats, draw: np.random.Generator) -> Floats:
    """Patches (sample, 3 x 6 x 6) of random images at random places."""
    rows = draw.integers(0, len(shown), SAMPLE)
    top = draw.integers(0, SIDE - PATCH + 1, SAMPLE)
    left = draw.integers(0, SIDE - PATCH + 1, SAMPLE)
    patches: list[Floats] = []
    for r, i, j in zip(rows, top, left, strict=True):
        patches.append(shown[r, :, i : i + PATCH, j : j + PATCH].reshape(-1))
    return np.stack(patches).astype(np.float64)


def _whiten(centred: Floats) -> Floats:
    """The matrix that takes the correlations between the pixels of a patch away."""
    covariance: Floats = np.cov(centred.T)
    values, axes = np.linalg.eigh(covariance)
    scales: Floats = 1 / np.sqrt(np.maximum(values, 0) + 0.1)
    return np.asarray(axes @ np.diag(scales) @ axes.T)


def _cluster_centres(patches: Floats, seed: int) -> Floats:
    """Centres of the clusters of whitened patches, as unit vectors (filters, 3 x 6 x 6)."""
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "openmp"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clusters = MiniBatchKMeans(
            FILTERS, random_state=seed, n_init=1, batch_size=1024, max_iter=30
        ).fit(patches)
    centres: Floats = clusters.cluster_centers_
    lengths: Floats = np.linalg.norm(centres, axis=1, keepdims=True)
    return centres / (lengths + 1e-9)


def _respond_in_batches(net: PatchFilters, shown: Floats) -> Floats:
    """The responses (rows, 4 x filters) to all images."""
    batches: list[torch.Tensor] = []
    with torch.inference_mode():
        for start in range(0, len(shown), 256):
            batches.append(net.respond(torch.from_numpy(shown[start : start + 256])))
    responses: Floats = torch.cat(batches).numpy()
    return responses


def load_pretrained(base: Base) -> tuple[PretrainedVision, EncoderSettings]:
    """An image base, and how its pixels are made.

    Raises:
        ConfigValueError: its weights cannot be read, or it is no image base.
    """
    net = _load_net(base)
    how = _read_pixel_settings(base, net)
    encoder = PretrainedVision(net)
    with torch.inference_mode():
        width = encoder(torch.zeros(1, 3, how["side"], how["side"])).shape[1]
    return encoder, {**how, "width": int(width)}


def _load_net(base: Base) -> PreTrainedModel:
    """The net of an image base, in evaluation mode."""
    from transformers import AutoModel

    silence_libraries()
    try:
        net: PreTrainedModel = AutoModel.from_pretrained(
            base.folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        ).eval()
    except Exception as error:  # safetensors, transformers and torch each have their own kinds
        raise ConfigValueError(
            "image_base",
            Message("learning.weights_unreadable", name=base.name),
            Message("learning.complete_hub_folder"),
        ) from error
    if getattr(net, "main_input_name", "") != "pixel_values":
        raise ConfigValueError(
            "image_base",
            Message(
                "learning.not_image_base",
                name=base.name,
                input=getattr(net, "main_input_name", Message("learning.something_else")),
            ),
            Message("learning.image_base"),
        )
    return net


class _Size(TypedDict, total=False):
    """The size of an image as a preprocessor's settings may have it."""

    height: int
    shortest_edge: int
    longest_edge: int


class _Preprocessor(TypedDict, total=False):
    """What is read of a preprocessor's settings."""

    crop_size: int | _Size
    size: int | _Size
    image_mean: list[float]
    image_std: list[float]


def _read_pixel_settings(base: Base, net: PreTrainedModel) -> PixelSettings:
    """How the pixels of an image base are made, as the settings of its preprocessor say."""
    path = base.folder / "preprocessor_config.json"
    settings: _Preprocessor = {}
    if path.is_file():
        settings = json.loads(path.read_text(encoding="utf-8"))
    usual: int = getattr(net.config, "image_size", 224)
    return {
        "side": _side_of(settings.get("crop_size") or settings.get("size") or usual),
        "mean": settings.get("image_mean", [0.5] * 3),
        "sd": settings.get("image_std", [0.5] * 3),
    }


def _side_of(size: int | _Size) -> int:
    """The side of a square image, in pixels."""
    if not isinstance(size, dict):
        return int(size)
    sides = (size.get("height"), size.get("shortest_edge"), size.get("longest_edge"))
    return int(next((side for side in sides if side), 224))


def export_net(net: nn.Module, how: PixelSettings, folder: Path) -> None:
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


def export_shared(base: Base, store: Path) -> tuple[Path, EncoderSettings]:
    """The folder of a base's graph, exported once a store, and for all stores of a person where a
    cache is; and how its pixels are made.
    """
    from importlib.metadata import version

    from mesocosm.core.files import write_json

    paths = [base.folder / name for name in ("config.json", "preprocessor_config.json")]
    settings = [path.read_text(encoding="utf-8") for path in paths if path.is_file()]
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
    stored: EncoderSettings = json.loads((folder / "sight.json").read_text(encoding="utf-8"))
    return folder, stored


def export_tuned(net: nn.Module, base: Base, how: PixelSettings, folder: Path, store: Path) -> Path:
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
