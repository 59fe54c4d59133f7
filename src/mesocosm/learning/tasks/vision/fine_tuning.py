"""Fine-tuning of an image base by gradient; texts and table stay as they are. Knows torch and the
trainer; no files but its graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import nn

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.augmentation.image import Picture
from mesocosm.learning.features.embeddings import describe_trainable
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.tasks.net_weights import count_trainable, count_weights
from mesocosm.learning.tasks.vision.features import ImageFeatures, open_encoder
from mesocosm.learning.tasks.vision.net import (
    STEMS,
    PretrainedVision,
    export_tuned,
    load_pretrained,
)
from mesocosm.learning.tasks.vision.pixels import EncoderSettings, ImageLoader, ImageRow
from mesocosm.learning.training.loop.records import History, Report
from mesocosm.learning.training.loop.rows import TrainingRows

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model

BATCH = 32  # images that are encoded at a time


class TrainableHead(Protocol):
    """A linear head whose weights are trained too."""

    weights: Floats
    bias: Floats


class MultiImageNet(PretrainedVision):
    """An image net as the trainer expects it: pixels (rows, fields, 3, side, side) and which images
    are present (rows, fields) to (rows, fields x width); a missing image is zeros.

    Statistics of batches (batch normalisation) stay as they were pretrained: small batches would
    spoil them.
    """

    def forward(  # type: ignore[override]
        self, pixels: torch.Tensor, present: torch.Tensor
    ) -> torch.Tensor:
        """Unit vectors (rows, fields x width)."""
        vectors = super().forward(pixels.flatten(0, 1)).view(*present.shape, -1)
        return (vectors * present.unsqueeze(-1)).flatten(1)

    def train(self, mode: bool = True) -> MultiImageNet:
        """Set to training mode, except for batch normalisation."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


@dataclass(frozen=True)
class ImageTraining:
    """What the fine-tuning of an image base needs besides its settings.

    Args:
        parts: the dataset, split.
        sight: features by the untouched base; what is fine-tuned replaces them.
        texts: features of the texts by part; they stand before those of the images.
        store: the folder `.mesocosm`.
        keep: where a checkpoint goes.
        folder: the version's, into which the fine-tuned net goes; features are its graph's then, as
            a service computes them. Without one they are the net's.
    """

    parts: Splits
    sight: ImageFeatures
    texts: Mapping[str, Array]
    store: Path
    keep: Path | None
    folder: Path | None


def fine_tune_images(
    model: Model,
    training: ImageTraining,
    head: TrainableHead,
    say: Say,
    told: Report,
) -> tuple[dict[str, Array], History]:
    """Fine-tune the image base and a linear head over it; the features of all parts by the
    fine-tuned base, and the record of each epoch.

    Args:
        head: fitted on the features of the untouched base; its weights are trained too.
        told: called with the record of each epoch.
    """
    from mesocosm.learning.training.loop import trainer

    parts, texts = training.parts, training.texts
    assert training.sight.base is not None
    net, how = load_pretrained(training.sight.base)
    text_width = texts["train"].shape[1]
    assert isinstance(model.fine_tune, Gradient)
    tune = _scale_rate(model.fine_tune, text_width, how["width"])
    torch.manual_seed(model.seed)
    total = count_weights(net)
    looking = MultiImageNet(tune.attach(net.net))
    # a head over unit vectors trains as one over vectors of a layer's own size would
    scale: float = how["width"] ** 0.5
    joined = trainer.TrunkWithHead(
        looking, head.weights, head.bias, tune.dropout, text_width, scale
    )
    trained = count_trainable(joined)
    total += joined.weights.numel() + joined.bias.numel()
    _announce_training(tune, trained, total, say)
    rows = _training_rows(parts, texts, how, tune)
    held_out = _held_out_rows(parts, rows, how)
    history = trainer.train(joined, tune, rows["train"], held_out, model.seed, training.keep, told)
    joined.float()
    history[0] = history[0] | {"trained": trained}
    head.weights, head.bias = joined.weights.detach().numpy(), joined.bias.detach().numpy()
    net.net = tune.merge(looking.net)
    net.eval()
    return _encode_by_tuned(net, how, training), history


def _announce_training(tune: Gradient, trained: int, total: int, say: Say) -> None:
    trainable = describe_trainable(tune.method, trained, total)
    line = Message("progress.image_tuning_texts_kept", trainable=trainable)
    if tune.trainable == "both":
        line = Message("progress.image_tuning_texts_follow", trainable=trainable)
    say(line)


def _held_out_rows(
    parts: Splits, rows: Mapping[str, TrainingRows], how: EncoderSettings
) -> TrainingRows:
    """The validation rows; where there are none, the training rows, without augmentation."""
    if len(parts.y["validation"]):
        return rows["validation"]
    train = rows["train"]
    return TrainingRows(train.ids, train.table, parts.y["train"], eyes=ImageLoader(how))


def _encode_by_tuned(
    net: PretrainedVision, how: EncoderSettings, training: ImageTraining
) -> dict[str, Array]:
    """The features of all parts: by the graph that is exported, or by the net without a folder."""
    parts, sight = training.parts, training.sight
    if training.folder is None:
        return _encode_parts(parts, lambda values: _encode_images(net, how, values))
    _export(net, how, training.folder, training)
    sight.features = _encode_parts(parts, open_encoder(training.folder, how).features)
    return sight.features


def _scale_rate(tune: Gradient, text_width: int, image_width: int) -> Gradient:
    """Settings with the rate for an image base, where texts are trained too: the rate is that of
    the text base, and Adam's scales as one over the width (Yang et al. 2021, arXiv 2203.03466).
    """
    if tune.trainable != "both":
        return tune
    rate = min(10.0, tune.learning_rate * text_width / image_width)
    return tune.model_copy(update={"learning_rate": rate})


def _training_rows(
    parts: Splits, texts: Mapping[str, Array], how: EncoderSettings, tune: Gradient
) -> dict[str, TrainingRows]:
    """The rows of training and validation as the trainer expects them."""
    loader = ImageLoader(how, tuple(w for w in tune.augment if isinstance(w, Picture)))
    rows = {}
    for part in ("train", "validation"):
        images: list[ImageRow] = [
            (values, "") for values in zip(*parts.images[part].values(), strict=True)
        ]
        table = np.hstack([texts[part], parts.table[part]])
        rows[part] = TrainingRows(images, table, parts.y[part], eyes=loader)
    return rows


def _encode_parts(parts: Splits, encode: Callable[[list[str | None]], Array]) -> dict[str, Array]:
    """Features (rows, fields x width) of each part's images."""
    features: dict[str, Array] = {}
    for part, fields in parts.images.items():
        features[part] = np.hstack([encode(list(values)) for values in fields.values()])
    return features


def _export(
    net: PretrainedVision, how: EncoderSettings, folder: Path, training: ImageTraining
) -> None:
    """Write the fine-tuned net's graph into the version's folder, and describe it on its card."""
    from mesocosm.learning.export.weight_sharing import share_weights

    sight = training.sight
    assert sight.base is not None
    shared = export_tuned(net, sight.base, how, folder, training.store)
    own = share_weights(folder, shared, STEMS)
    sight.card |= {"sight": ".", "sight_mb": own["sight"]}
    sight.tuned = True


def _encode_images(net: PretrainedVision, how: EncoderSettings, values: list[str | None]) -> Floats:
    """Features (rows, width) of images by the net itself."""
    if not values:
        return np.zeros((0, how["width"]), np.float32)
    features: list[Floats] = []
    with torch.inference_mode():
        for start in range(0, len(values), BATCH):
            batch: list[ImageRow] = [((value,), "") for value in values[start : start + BATCH]]
            pixels, present = ImageLoader(how).load(batch)
            features.append((net(pixels[:, 0]) * present).numpy())
    return np.vstack(features)
