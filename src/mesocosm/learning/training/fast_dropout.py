"""Dropout whose masks are drawn as random bits, many at once: on a processor torch draws them one
by one, an eighth of a trained row's time.

Knows nets of torch, and attentions of transformers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

NAME = "mesocosm_dropping"
PARTS = 1 << 16  # chances are told in so many parts


def drop(x: torch.Tensor, chance: float) -> torch.Tensor:
    """A tensor of which each number is nought by a chance, the others greater for it; by torch's
    seed.

    >>> _ = torch.manual_seed(1)
    >>> found = dropped(torch.ones(1000, 10), 0.1)
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


class FastDropout(nn.Module):  # type: ignore[misc]
    """`nn.Dropout` by `dropped`.

    Args:
        p: the chance, from 0 to 1 and not 1.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tensor, or in training what is left of it."""
        return drop(x, self.p) if self.training and self.p else x


def attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: Any,
) -> Any:
    """An attention whose weights are dropped so; transformers' own where nothing is dropped, or
    where it masks by itself.

    Shapes: query, key, value (rows, heads, length, width); mask (rows, 1, length, length), true or
    0 where a word is seen.
    """
    if (
        not dropout
        or query.shape != key.shape
        or (attention_mask is None and getattr(module, "is_causal", False))
    ):
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    scores = torch.matmul(
        query * (query.shape[-1] ** -0.5 if scaling is None else scaling), key.transpose(2, 3)
    )
    if attention_mask is not None:
        scores = (
            scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
            if attention_mask.dtype == torch.bool
            else scores + attention_mask
        )
    return (
        torch.matmul(drop(torch.softmax(scores, -1), dropout), value).transpose(1, 2).contiguous(),
        None,
    )


@contextmanager
def fast_dropout_in(net: Any) -> Iterator[None]:
    """A net whose dropout is drawn so while the block runs, and as it was afterwards."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    owners = [
        (owner, name, one)
        for owner in net.modules()
        for name, one in owner.named_children()
        if type(one) is nn.Dropout and one.p < 1
    ]
    configs = {
        id(c): c
        for m in net.modules()
        if (c := getattr(m, "config", None)) is not None
        and getattr(c, "_attn_implementation", None) == "sdpa"
    }
    for owner, name, one in owners:
        setattr(owner, name, FastDropout(one.p).train(one.training))
    for config in configs.values():
        config._attn_implementation = NAME
    try:
        yield
    finally:
        for owner, name, one in owners:
            setattr(owner, name, one.train(getattr(owner, name).training))
        for config in configs.values():
            config._attn_implementation = "sdpa"
