"""States under the layers that train: computed once without dropout, kept by content. Knows the
shape of encoders.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mesocosm.core.hashing import digest
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.embeddings import Trunk, bfloat16, pad
from mesocosm.learning.features.tokenizer import batches
from mesocosm.learning.fine_tuning.layers import layers_of

Array = np.ndarray[Any, Any]


class Given(nn.Module):  # type: ignore[misc]
    """Stands where a base embeds words, and gives on the states it is handed."""

    def forward(self, inputs_embeds: torch.Tensor | None = None, **more: Any) -> Any:
        """The states as they are."""
        del more
        return inputs_embeds


def top_of(trunk: Trunk, layers: int) -> Trunk | None:
    """A trunk of the last layers only, which takes states and shares its weights with the whole;
    None where the base is built otherwise.
    """
    net = trunk.net
    name, found = layers_of(net)
    if name != "encoder.layer" or not hasattr(net, "embeddings"):
        return None
    top = copy.copy(net)
    top._modules = dict(net._modules)
    top.embeddings = Given()
    top.encoder = copy.copy(net.encoder)
    top.encoder._modules = dict(net.encoder._modules)
    top.encoder.layer = nn.ModuleList(list(found)[len(found) - layers :])
    return Trunk(top)


def states(
    base: Base, trunk: Trunk, ids: Sequence[Sequence[int]], layers: int, most: int, store: Path
) -> list[Array]:
    """The states (length, width) in float16 that go into the last `layers` layers, of each row's
    tokens.
    """
    from safetensors.numpy import load_file, save_file

    from mesocosm.core.files import aside_name

    kept = (
        store
        / "features"
        / f"{digest(base.weights, 'states', layers, most, [list(r) for r in ids])}.safetensors"
    )
    ends = np.cumsum([0, *(len(r) for r in ids)])
    if kept.is_file():
        flat = load_file(kept)["states"]
        return [flat[ends[i] : ends[i + 1]] for i in range(len(ids))]
    trunk.eval()
    found: list[Any] = [None] * len(ids)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16()):
        for pick in batches([len(r) for r in ids]):
            feed, mask = pad([ids[i] for i in pick])
            out = (
                trunk.net(input_ids=feed, attention_mask=mask, output_hidden_states=True)
                .hidden_states[-1 - layers]
                .to(torch.float16)
                .numpy()
            )
            for i, row in zip(pick, out, strict=True):
                found[i] = row[: len(ids[i])].copy()
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_name(aside_name(kept))
    save_file({"states": np.concatenate(found)}, aside)
    os.replace(aside, kept)
    return found
