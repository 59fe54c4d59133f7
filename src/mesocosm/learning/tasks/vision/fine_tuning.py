"""A base that sees, tuned by gradient: what is read and counted beside the pictures stands still.
Knows torch and the loop; no files but its graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from mesocosm.learning.augmentation.image import Picture
from mesocosm.learning.tasks.vision.features import Sight, eye_of
from mesocosm.learning.tasks.vision.net import STEMS, Pretrained, pretrained, tuned_sight
from mesocosm.learning.tasks.vision.pixels import Eyes

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Parts
    from mesocosm.learning.model import Model

Array = np.ndarray[Any, Any]


class Looking(Pretrained):
    """A net that sees, for the loop: pixels (rows, fields, 3, side, side) and which are there
    (rows, fields) to (rows, fields x width); a picture that is not there is zeros.

    What a net knows of its batches (batch normalisation) stays as it was pretrained: small batches
    would spoil it.
    """

    def forward(self, pixels: torch.Tensor, there: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Unit vectors, one after the other."""
        seen = super().forward(pixels.flatten(0, 1)).view(*there.shape, -1)
        return (seen * there.unsqueeze(-1)).flatten(1)

    def train(self, mode: bool = True) -> Looking:
        """Set to train, batch normalisation apart."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def tuned(
    model: Model,
    parts: Parts,
    sight: Sight,
    texts: Mapping[str, Array],
    head: Any,
    store: Path,
    keep: Path | None,
    folder: Path | None,
    say: Callable[[str], None],
    told: Callable[[dict[str, Any]], None],
) -> tuple[dict[str, Array], list[dict[str, Any]]]:
    """Tune the base of the images and a linear head over it; the features of all parts by the tuned
    base, and what was told of each epoch.

    Args:
        texts: features of the texts by part; they stand before those of the images.
        head: fitted on what the untouched base sees; its weights move too.
        keep: where a checkpoint goes.
        folder: the version's, into which the tuned net goes; features are its graph's then, as a
            service sees. Without one they are the net's.
    """
    from mesocosm.learning.training import trainer

    assert sight.base is not None
    tune: Any = model.tune
    net, how = pretrained(sight.base)
    if (
        tune.moves == "both"
        # the rate is that of the base that reads; Adam's goes by one over the width (Yang et al.
        # 2021, arXiv 2203.03466)
    ):
        tune = tune.model_copy(
            update={
                "learning_rate": min(
                    10.0, tune.learning_rate * texts["train"].shape[1] / how["width"]
                )
            }
        )
    torch.manual_seed(model.seed)
    whole = sum(p.numel() for p in net.parameters())
    looking = Looking(tune.attach(net.net))
    joined = trainer.TrunkWithHead(
        looking, head.weights, head.bias, tune.dropout, texts["train"].shape[1], how["width"] ** 0.5
    )  # a head over unit vectors moves as one over vectors of a layer's own size would
    moving = sum(p.numel() for p in joined.parameters() if p.requires_grad)
    say(
        f"{tune.method}: {moving:,} weights train,"
        f" {moving / (whole + joined.weights.numel() + joined.bias.numel()):.2%} of all;"
        f" {'texts come next' if tune.moves == 'both' else 'texts and table stand still'}"
    )
    eyes = Eyes(how, tuple(w for w in tune.augment if isinstance(w, Picture)))
    data = {
        p: trainer.TrainingRows(
            [(values, "") for values in zip(*parts.images[p].values(), strict=True)],
            np.hstack([texts[p], parts.table[p]]),
            parts.y[p],
            eyes=eyes,
        )
        for p in ("train", "validation")
    }
    held = (
        data["validation"]
        if len(parts.y["validation"])
        else trainer.TrainingRows(
            data["train"].ids, data["train"].table, parts.y["train"], eyes=Eyes(how)
        )
    )
    history = trainer.train(joined, tune, data["train"], held, model.seed, keep, told)
    joined.float()
    history[0] = history[0] | {"trained": moving}
    head.weights, head.bias = joined.weights.detach().numpy(), joined.bias.detach().numpy()
    net.net = tune.merge(looking.net)
    net.eval()
    if folder is None:
        found = {
            p: np.hstack([_seen(net, how, list(v)) for v in fields.values()])
            for p, fields in parts.images.items()
        }
        return found, history
    from mesocosm.learning.export.weight_sharing import share_weights

    own = share_weights(folder, tuned_sight(net, sight.base, how, folder, store), STEMS)
    eye = eye_of(folder, how)
    sight.features = {
        p: np.hstack([eye.features(list(v)) for v in fields.values()])
        for p, fields in parts.images.items()
    }
    sight.card |= {"sight": ".", "sight_mb": own["sight"]}
    sight.tuned = True
    return sight.features, history


def _seen(net: Pretrained, how: Mapping[str, Any], values: list[str | None]) -> Array:
    """Features (rows, width) of pictures by the net itself."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(values), 32):
            shown, there = Eyes(how).look([((v,), "") for v in values[start : start + 32]])
            found.append((net(shown[:, 0]) * there).numpy())
    return np.vstack(found) if found else np.zeros((0, how["width"]), np.float32)
