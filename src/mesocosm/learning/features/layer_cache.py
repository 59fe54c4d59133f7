"""States under the layers that are trained: computed once without dropout, cached by content. Knows
the shape of encoders.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mesocosm.core.hashing import digest
from mesocosm.learning.arrays import Floats
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.embeddings import Trunk, pad, supports_bfloat16
from mesocosm.learning.features.tokenizer import make_batches
from mesocosm.learning.fine_tuning.layers import layers_of


class StateInput(nn.Module):
    """Replaces a base's word embeddings, and passes on the states it is given."""

    def forward(
        self, inputs_embeds: torch.Tensor | None = None, **more: object
    ) -> torch.Tensor | None:
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
    top, encoder = _copy_with_parts(net), _copy_with_parts(net.get_submodule("encoder"))
    top.embeddings = StateInput()
    top.encoder = encoder
    encoder.layer = nn.ModuleList(list(stack)[len(stack) - layers :])
    return Trunk(top)


def _copy_with_parts(net: nn.Module) -> nn.Module:
    """A net whose parts can be replaced while the other net keeps its own."""
    copied = copy.copy(net)
    copied._modules = dict(net._modules)
    return copied


def compute_states(
    base: Base, trunk: Trunk, ids: Sequence[Sequence[int]], layers: int, most: int, store: Path
) -> list[Floats]:
    """The states (length, width) in float16 that go into the last `layers` layers, of each row's
    tokens.
    """
    from safetensors.numpy import load_file, save_file

    from mesocosm.core.files import aside_name

    fingerprint = digest(base.weights, "states", layers, most, [list(r) for r in ids])
    path = store / "features" / f"{fingerprint}.safetensors"
    if path.is_file():
        return _split_states(load_file(path)["states"], ids)
    states = _encode_states(trunk, ids, layers)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(aside_name(path))
    save_file({"states": np.concatenate(states)}, aside)
    os.replace(aside, path)
    return states


def _split_states(flat: Floats, ids: Sequence[Sequence[int]]) -> list[Floats]:
    """The states of each row of tokens, out of those of all."""
    states, start = [], 0
    for row in ids:
        states.append(flat[start : start + len(row)])
        start += len(row)
    return states


def _encode_states(trunk: Trunk, ids: Sequence[Sequence[int]], layers: int) -> list[Floats]:
    """The states of each row of tokens under the last layers."""
    trunk.eval()
    states: dict[int, Floats] = {}
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
        for pick in make_batches([len(r) for r in ids]):
            feed, mask = pad([ids[i] for i in pick])
            by_layer: Sequence[torch.Tensor] = trunk.net(
                input_ids=feed, attention_mask=mask, output_hidden_states=True
            ).hidden_states
            out: Floats = by_layer[-1 - layers].to(torch.float16).numpy()
            for k, i in enumerate(pick):
                states[i] = out[k, : len(ids[i])].copy()
    return [states[i] for i in range(len(ids))]
