"""Dropout whose masks are drawn as random bits, many at once: on a CPU torch draws them one by one,
which takes an eighth of the time of a training row.

Knows nets of torch, and attentions of transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from mesocosm.learning.fine_tuning.layers import BaseConfig

NAME = "mesocosm_dropping"
PARTS = 1 << 16  # resolution of a probability


def drop(x: torch.Tensor, chance: float) -> torch.Tensor:
    """A tensor with each number set to 0 by the probability `chance` and the others scaled by
    1 / (1 - chance); seeded by torch's generator.

    >>> _ = torch.manual_seed(1)
    >>> found = drop(torch.ones(1000, 10), 0.1)
    >>> round(float((found == 0).float().mean()), 2), round(float(found.max()), 3)
    (0.1, 1.111)
    """
    parts = round(PARTS * chance)
    bits = (
        np.random.SFC64(int(torch.randint(1 << 62, (1,))))
        .random_raw(-(-x.numel() // 4))
        .view(np.int16)[: x.numel()]
    )
    keep = torch.from_numpy(bits).view(x.shape) >= parts - PARTS // 2
    return x * keep.to(x.dtype).mul_(PARTS / (PARTS - parts))


class FastDropout(nn.Module):
    """`nn.Dropout` by `drop`.

    Args:
        p: the chance, from 0 to 1 and not 1.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tensor, or in training what is left of it."""
        if self.training and self.p:
            return drop(x, self.p)
        return x


def attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: object,
) -> tuple[torch.Tensor, None]:
    """Scaled dot-product attention with this dropout on its weights; transformers' own where there
    is no dropout or where it masks causally by itself.

    Shapes: query, key, value (rows, heads, length, width); mask (rows, 1, length, length), true or
    0 where a token is visible.
    """
    masks_itself = attention_mask is None and getattr(module, "is_causal", False)
    if not dropout or query.shape != key.shape or masks_itself:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        attend: Callable[..., tuple[torch.Tensor, None]] = sdpa_attention_forward
        return attend(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    if scaling is None:
        scaling = query.shape[-1] ** -0.5
    scores = _mask(torch.matmul(query * scaling, key.transpose(2, 3)), attention_mask)
    weights = drop(torch.softmax(scores, -1), dropout)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


def _mask(scores: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    if mask is None:
        return scores
    if mask.dtype == torch.bool:
        return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores + mask


@contextmanager
def fast_dropout_in(net: nn.Module) -> Iterator[None]:
    """Replace the dropout of a net while the block runs, and put its own back afterwards."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    owners = _dropouts(net)
    configs = _attention_configs(net)
    for owner, name, dropout in owners:
        setattr(owner, name, FastDropout(dropout.p).train(dropout.training))
    for config in configs.values():
        config._attn_implementation = NAME
    try:
        yield
    finally:
        for owner, name, dropout in owners:
            dropout.train(owner.get_submodule(name).training)
            setattr(owner, name, dropout)
        for config in configs.values():
            config._attn_implementation = "sdpa"


def _dropouts(net: nn.Module) -> list[tuple[nn.Module, str, nn.Dropout]]:
    """Every dropout of a net: its owner, its name there, itself."""
    dropouts = []
    for owner in net.modules():
        for name, child in owner.named_children():
            if type(child) is nn.Dropout and child.p < 1:
                dropouts.append((owner, name, child))
    return dropouts


def _attention_configs(net: nn.Module) -> dict[int, BaseConfig]:
    """The configurations that choose scaled dot-product attention, each once."""
    configs = {}
    for module in net.modules():
        config: BaseConfig | None = getattr(module, "config", None)
        if config is not None and _uses_sdpa(config):
            configs[id(config)] = config
    return configs


def _uses_sdpa(config: BaseConfig) -> bool:
    return bool(getattr(config, "_attn_implementation", None) == "sdpa")
