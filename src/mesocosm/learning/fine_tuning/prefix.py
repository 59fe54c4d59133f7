"""Prefix tuning: keys and values that every attention sees before a text's own are trained. Knows
transformers' attentions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import as_pretrained, freeze

if TYPE_CHECKING:
    from torch import Tensor, nn

NAME = "mesocosm_prefix"
ENCODER_ATTENTION = ("key", "value", "num_attention_heads", "attention_head_size")  # BERT's kin
CAUSAL_ATTENTION = ("k_proj", "v_proj", "head_dim", "config")  # Llama's kin


class CachedLayer(Protocol):
    """The keys and values (1, heads, length, width) of one layer of a causal base."""

    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class PrefixedAttention:
    """An attention, what makes keys and values in it, how many heads of them there are and their
    width.
    """

    attention: nn.Module
    key: nn.Linear
    value: nn.Linear
    heads: int
    width: int

    def set_prefix(self, key: Tensor, value: Tensor) -> None:
        """Give the attention keys and values to train, (1, heads, length, width) each."""
        from torch import nn

        self.attention.prefix_key = nn.Parameter(key)
        self.attention.prefix_value = nn.Parameter(value)

    def split_heads(self, states: Tensor) -> Tensor:
        """States (length, heads x width) as (1, heads, length, width)."""
        shape = (1, len(states), self.heads, self.width)
        return states.view(shape).transpose(1, 2).contiguous()


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

    def attach(self, base: nn.Module) -> nn.Module:
        """The base with keys and values to train in each attention; they begin as those of random
        words.
        """
        import torch
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.masking_utils import sdpa_mask

        AttentionInterface.register(NAME, _attend_with_prefix)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        freeze(base)
        attentions = _find_attentions(base)
        net = as_pretrained(base)
        words = net.get_input_embeddings().weight
        with torch.no_grad():
            if _is_causal(base):
                _start_from_text(attentions, base, min(self.length, len(words)))
            else:
                _start_from_words(attentions, words, self.length)
        net.config._attn_implementation = NAME
        return base


def _find_attentions(base: nn.Module) -> list[PrefixedAttention]:
    """The attentions of a base.

    Raises:
        ConfigValueError: they are of no family that is known.
    """
    attentions = []
    for module in base.modules():
        attention = _read_attention(module)
        if attention is not None:
            attentions.append(attention)
    if not attentions:
        raise ConfigValueError(
            "fine_tune.method",
            Message("learning.attention_unknown"),
            Message("learning.another_method"),
        )
    return attentions


def _read_attention(module: nn.Module) -> PrefixedAttention | None:
    """A module as an attention to prefix; None where it is none of a known family."""
    if _has_all(module, ENCODER_ATTENTION):
        return PrefixedAttention(
            module,
            cast("nn.Linear", module.key),
            cast("nn.Linear", module.value),
            cast(int, module.num_attention_heads),
            cast(int, module.attention_head_size),
        )
    if _has_all(module, CAUSAL_ATTENTION):
        key, width = cast("nn.Linear", module.k_proj), cast(int, module.head_dim)
        value = cast("nn.Linear", module.v_proj)
        return PrefixedAttention(module, key, value, key.out_features // width, width)
    return None


def _has_all(module: nn.Module, names: Sequence[str]) -> bool:
    return all(hasattr(module, name) for name in names)


def _is_causal(base: nn.Module) -> bool:
    return any(_masks_causally(module) for module in base.modules())


def _masks_causally(module: nn.Module) -> bool:
    return bool(getattr(module, "is_causal", False))


def _start_from_text(attentions: Sequence[PrefixedAttention], base: nn.Module, length: int) -> None:
    """Begin with the keys and values (1, heads, length, width) of each layer as a causal base has
    them after words; others break what it writes.

    The first word is the one that begins texts, which attentions depend on; the others are drawn by
    torch's seed.
    """
    import torch

    net = as_pretrained(base)
    words = torch.randperm(net.get_input_embeddings().weight.shape[0])[:length][None]
    begin = net.config.bos_token_id
    if begin is not None:
        words[0, 0] = begin
    layers: Sequence[CachedLayer] = base(input_ids=words, use_cache=True).past_key_values.layers
    for attention, layer in zip(attentions, layers, strict=False):
        attention.set_prefix(layer.keys.detach().clone(), layer.values.detach().clone())


def _start_from_words(attentions: Sequence[PrefixedAttention], words: Tensor, length: int) -> None:
    """Begin with the keys and values of random words, the values a tenth of their size."""
    import torch
    from torch import nn

    drawn = words[torch.randperm(len(words))[:length]]
    start = nn.functional.layer_norm(drawn, words.shape[1:])
    for attention in attentions:
        keys: Tensor = attention.key(start)
        values: Tensor = attention.value(start)
        attention.set_prefix(attention.split_heads(keys), attention.split_heads(values) * 0.1)


def _attend_with_prefix(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **more: object,
) -> tuple[Tensor, None]:
    """Attention over the prefix and the text; the mask lets every word see the prefix."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    attend: Callable[..., tuple[Tensor, None]] = sdpa_attention_forward
    prefix = module.get_parameter("prefix_key")
    key = _prepend(prefix, key)
    value = _prepend(module.get_parameter("prefix_value"), value)
    length = prefix.shape[2]
    if attention_mask is None and _masks_causally(module) and query.shape[2] > 1:
        attention_mask = _causal_mask(query.shape[0], query.shape[2], key.shape[2] - length)
    if attention_mask is not None:
        attention_mask = _show_prefix(attention_mask, length)
    return attend(module, query, key, value, attention_mask, **more)


def _prepend(prefix: Tensor, states: Tensor) -> Tensor:
    """Keys or values of the prefix before those of each row's text."""
    import torch

    return torch.cat([prefix.to(states.dtype).expand(states.shape[0], -1, -1, -1), states], 2)


def _causal_mask(rows: int, queries: int, words: int) -> Tensor:
    """Which words each query sees: those up to its own, the last query being the last word."""
    import torch

    seen = torch.ones(queries, words, dtype=torch.bool).tril(words - queries)
    return seen[None, None].expand(rows, -1, -1, -1)


def _show_prefix(mask: Tensor, length: int) -> Tensor:
    """A mask with the prefix before the words, which every query sees."""
    import torch

    shape = (*mask.shape[:3], length)
    visible = torch.zeros(shape, dtype=mask.dtype)  # a float mask is added
    if mask.dtype == torch.bool:
        visible = torch.ones(shape, dtype=torch.bool)
    return torch.cat([visible, mask], 3)
