"""Prompt tuning: a few vectors before each text are trained. Knows torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import as_pretrained, freeze, hidden_states

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers.modeling_outputs import BaseModelOutput


class Prompt(Gradient):
    """Train `length` vectors that are put before each text as soft words; the pooled states are
    those of the text.

    Args:
        length: how many.

    Source: Lester et al. 2021, arXiv 2104.08691.

    >>> Prompt().length
    10
    """

    method: Literal["prompt"] = "prompt"
    learning_rate: float = Field(1e-2, gt=0, le=10)
    length: int = Field(10, ge=1, le=512)

    def attach(self, base: nn.Module) -> nn.Module:
        """The base behind trainable vectors, each initialized as a word's."""
        import torch
        from torch import nn
        from transformers.modeling_outputs import BaseModelOutput

        class Prompted(nn.Module):
            def __init__(self, net: nn.Module, length: int) -> None:
                super().__init__()
                self.net, self.config = net, as_pretrained(net).config
                words = as_pretrained(net).get_input_embeddings().weight
                self.before = nn.Parameter(
                    words[torch.randperm(len(words))[:length]].detach().clone()
                )

            def get_input_embeddings(self) -> nn.Embedding:
                return as_pretrained(self.net).get_input_embeddings()

            def forward(self, input_ids: Tensor, attention_mask: Tensor) -> BaseModelOutput:
                words: Tensor = self.get_input_embeddings()(input_ids)
                prompt = self.before.unsqueeze(0).expand(words.shape[0], -1, -1)
                visible = torch.ones_like(attention_mask[:, :1]).expand(-1, self.before.shape[0])
                states = hidden_states(
                    self.net,
                    inputs_embeds=torch.cat([prompt.to(words.dtype), words], 1),
                    attention_mask=torch.cat([visible, attention_mask], 1),
                )
                return BaseModelOutput(last_hidden_state=states[:, self.before.shape[0] :])

        return Prompted(freeze(base), self.length)
