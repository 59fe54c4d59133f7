"""Prefix: keys and values that every attention sees before a text's own are trained. Knows transformers' attentions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mesocosm.base.errors import Wrong
from mesocosm.learn.tuning.gradient import Gradient
from mesocosm.learn.tuning.layers import freeze

NAME = "mesocosm_prefix"


class Prefix(Gradient):
    """Train `length` keys and values a layer, which each attention sees beside those of the text.

    Args:
        length: how many a layer.

    Raises:
        Wrong: the base's attentions are not of a family known.

    Source: Li and Liang 2021, arXiv 2101.00190; Liu et al. 2022, arXiv 2110.07602.

    >>> Prefix().length
    10
    """

    method: Literal["prefix"] = "prefix"
    learning_rate: float = Field(1e-2, gt=0, le=10)
    length: int = Field(10, ge=1, le=512)

    def attach(self, base: Any) -> Any:
        """The base with keys and values to train in each attention; they begin as those of random words."""
        import torch
        from torch import nn
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.masking_utils import sdpa_mask

        AttentionInterface.register(NAME, _seen)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        freeze(base)
        found = [m for _, m in base.named_modules() if all(hasattr(m, n) for n in ("key", "value", "num_attention_heads", "attention_head_size"))]
        if not found:
            raise Wrong("tune.method", "the base's attentions are not of a family that 'prefix' knows", "another method, such as lora")
        words = base.get_input_embeddings().weight
        with torch.no_grad():
            start = nn.functional.layer_norm(words[torch.randperm(len(words))[: self.length]], words.shape[1:])
            for attention in found:
                shape = (1, self.length, attention.num_attention_heads, attention.attention_head_size)
                attention.prefix_key = nn.Parameter(attention.key(start).view(shape).transpose(1, 2).contiguous())
                attention.prefix_value = nn.Parameter(attention.value(start).view(shape).transpose(1, 2).contiguous() * 0.1)
        base.config._attn_implementation = NAME
        return base


def _seen(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **more: Any) -> Any:
    """Attention over the prefix and the text; the mask lets every word see the prefix."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    first, rows = module.prefix_key, query.shape[0]
    key = torch.cat([first.to(key.dtype).expand(rows, -1, -1, -1), key], 2)
    value = torch.cat([module.prefix_value.to(value.dtype).expand(rows, -1, -1, -1), value], 2)
    if attention_mask is not None:
        shape = (*attention_mask.shape[:3], first.shape[2])
        open_ = torch.ones(shape, dtype=torch.bool) if attention_mask.dtype == torch.bool else torch.zeros(shape, dtype=attention_mask.dtype)
        attention_mask = torch.cat([open_, attention_mask], 3)
    return sdpa_attention_forward(module, query, key, value, attention_mask, **more)
