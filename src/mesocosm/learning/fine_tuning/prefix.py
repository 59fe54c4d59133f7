"""Prefix tuning: keys and values that every attention sees before a text's own are trained. Knows
transformers' attentions.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import freeze

NAME = "mesocosm_prefix"


class Prefix(Gradient):
    """Train `length` keys and values a layer, which each attention sees before those of the text.

    In an encoder they are initialized as those of random words, in a causal base as those of a
    text of random words.

    Args:
        length: how many a layer.

    Raises:
        ConfigValueError: the base's attentions are not of a family known.

    Source: Li and Liang 2021, arXiv 2101.00190; Liu et al. 2022, arXiv 2110.07602.

    >>> Prefix().length
    10
    """

    method: Literal["prefix"] = "prefix"
    learning_rate: float = Field(1e-2, gt=0, le=10)
    length: int = Field(10, ge=1, le=512)

    def attach(self, base: Any) -> Any:
        """The base with keys and values to train in each attention; they begin as those of random
        words.
        """
        import torch
        from torch import nn
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.masking_utils import sdpa_mask

        AttentionInterface.register(NAME, _seen)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        freeze(base)
        found = [(m, parts) for _, m in base.named_modules() if (parts := _parts(m))]
        if not found:
            raise ConfigValueError(
                "fine_tune.method",
                "the base's attentions are not of a family that 'prefix' knows",
                "another method, such as lora",
            )
        words = base.get_input_embeddings().weight
        seen = []
        if _causal(base):
            seen = _read(base, min(self.length, len(words)))
        with torch.no_grad():
            for (attention, _), (key, value) in zip(found, seen, strict=False):
                attention.prefix_key, attention.prefix_value = (
                    nn.Parameter(key),
                    nn.Parameter(value),
                )
            if seen:
                base.config._attn_implementation = NAME
                return base
            start = nn.functional.layer_norm(
                words[torch.randperm(len(words))[: self.length]], words.shape[1:]
            )
            for attention, (key, value, heads, size) in found:
                shape = (1, self.length, heads, size)
                attention.prefix_key = nn.Parameter(
                    key(start).view(shape).transpose(1, 2).contiguous()
                )
                attention.prefix_value = nn.Parameter(
                    value(start).view(shape).transpose(1, 2).contiguous() * 0.1
                )
        base.config._attn_implementation = NAME
        return base


def _causal(base: Any) -> bool:
    return any(getattr(m, "is_causal", False) for m in base.modules())


def _read(base: Any, length: int) -> list[tuple[Any, Any]]:
    """Keys and values (1, heads, length, width) of each layer as a causal base has them after
    words; others break what it writes.

    The first word is the one that begins texts, which attentions depend on; the others are drawn by
    torch's seed.
    """
    import torch

    words = torch.randperm(base.get_input_embeddings().weight.shape[0])[:length][None]
    begin = base.config.bos_token_id
    if begin is not None:
        words[0, 0] = begin
    with torch.no_grad():
        kept = base(input_ids=words, use_cache=True).past_key_values
    return [(layer.keys.detach().clone(), layer.values.detach().clone()) for layer in kept.layers]


def _parts(module: Any) -> tuple[Any, Any, int, int] | None:
    """What makes keys and values in an attention, how many heads of them there are and their width;
    None where a module is none.
    """
    if all(
        hasattr(module, n) for n in ("key", "value", "num_attention_heads", "attention_head_size")
    ):  # BERT and its kin
        return module.key, module.value, module.num_attention_heads, module.attention_head_size
    if all(
        hasattr(module, n) for n in ("k_proj", "v_proj", "head_dim", "config")
    ):  # Llama and its kin
        return (
            module.k_proj,
            module.v_proj,
            module.k_proj.out_features // module.head_dim,
            module.head_dim,
        )
    return None


def _seen(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **more: Any) -> Any:
    """Attention over the prefix and the text; the mask lets every word see the prefix."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    first, rows = module.prefix_key, query.shape[0]
    key = torch.cat([first.to(key.dtype).expand(rows, -1, -1, -1), key], 2)
    value = torch.cat([module.prefix_value.to(value.dtype).expand(rows, -1, -1, -1), value], 2)
    if attention_mask is None and getattr(module, "is_causal", False) and query.shape[2] > 1:
        words = key.shape[2] - first.shape[2]
        attention_mask = (
            torch.ones(query.shape[2], words, dtype=torch.bool)
            .tril(words - query.shape[2])[None, None]
            .expand(rows, -1, -1, -1)
        )
    if attention_mask is not None:
        shape = (*attention_mask.shape[:3], first.shape[2])
        visible = torch.zeros(shape, dtype=attention_mask.dtype)  # a float mask is added
        if attention_mask.dtype == torch.bool:
            visible = torch.ones(shape, dtype=torch.bool)
        attention_mask = torch.cat([visible, attention_mask], 3)
    return sdpa_attention_forward(module, query, key, value, attention_mask, **more)
