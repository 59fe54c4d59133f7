"""States under the layers that are trained: computed once without dropout, cached by content. Knows
the shape of encoders.
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
from mesocosm.learning.features.embeddings import Trunk, pad, supports_bfloat16
from mesocosm.learning.features.tokenizer import make_batches
from mesocosm.learning.fine_tuning.layers import layers_of

Array = np.ndarray[Any, Any]


class StateInput(nn.Module):
    """Replaces a base's word embeddings, and passes on the states it is given."""

    def forward(self, inputs_embeds: torch.Tensor | None = None, **more: Any) -> Any:
        """The states, unchanged."""
        del more
        return inputs_embeds


def top_layers(trunk: Trunk, layers: int) -> Trunk | None:
    """A trunk of the last layers only, which takes states and shares its weights with the whole
    trunk; None where the base has another architecture.
    """
    net = trunk.net
    name, stack = layers_of(net)
    if name != "encoder.layer" or not hasattr(net, "embeddings"):
        return None
    top = copy.copy(net)
    top._modules = dict(net._modules)
    top.embeddings = StateInput()
    top.encoder = copy.copy(net.encoder)
    top.encoder._modules = dict(net.encoder._modules)
    top.encoder.layer = nn.ModuleList(list(stack)[len(stack) - layers :])
    return Trunk(top)


def compute_states(
    base: Base, trunk: Trunk, ids: Sequence[Sequence[int]], layers: int, most: int, store: Path
) -> list[Array]:
    """The states (length, width) in float16 that go into the last `layers` layers, of each row's
    tokens.
    """
    from safetensors.numpy import load_file, save_file

    from mesocosm.core.files import aside_name

    fingerprint = digest(base.weights, "states", layers, most, [list(r) for r in ids])
    path = store / "features" / f"{fingerprint}.safetensors"
    ends = np.cumsum([0, *(len(r) for r in ids)])
    if path.is_file():
        flat = load_file(path)["states"]
        return [flat[ends[i] : ends[i + 1]] for i in range(len(ids))]
    trunk.eval()
    states: list[Any] = [None] * len(ids)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
        for pick in make_batches([len(r) for r in ids]):
            feed, mask = pad([ids[i] for i in pick])
            out = (
                trunk.net(input_ids=feed, attention_mask=mask, output_hidden_states=True)
                .hidden_states[-1 - layers]
                .to(torch.float16)
                .numpy()
            )
            for i, row in zip(pick, out, strict=True):
                states[i] = row[: len(ids[i])].copy()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(aside_name(path))
    save_file({"states": np.concatenate(states)}, aside)
    os.replace(aside, path)
    return states
