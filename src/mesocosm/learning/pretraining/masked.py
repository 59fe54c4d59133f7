"""Masked language modelling: masked tokens are predicted from those around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.layers import as_pretrained, hidden_states
from mesocosm.learning.pretraining.objective import Facts, Objective, Vocabulary

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn


class Masked(Objective):
    """Hide some tokens and predict them; of those chosen 80 % are hidden, 10 % swapped, 10 % left
    as they are.

    Measured on a sentence encoder: the loss fell from 10.8 to 4.5, and accuracy with eight labels a
    class from 0.392 to 0.340, since masking does not keep what mean pooling was trained for.

    Args:
        share: the share of tokens that are chosen.

    Source: Devlin et al. 2019, arXiv 1810.04805; Gururangan et al. 2020, arXiv 2004.10964
    (continued pretraining).

    >>> Masked().share
    0.15
    """

    method: Literal["masked"] = "masked"
    share: float = Field(0.15, gt=0, lt=1)

    def net(self, encoder: nn.Module, facts: Facts) -> nn.Module:
        """The encoder under a head of one layer, whose last product is with the word embeddings
        themselves.
        """
        import torch
        from torch import nn

        del facts

        class Telling(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.encoder = encoder
                vectors = as_pretrained(encoder).get_input_embeddings().weight
                self.turn = nn.Linear(vectors.shape[1], vectors.shape[1])
                self.level = nn.LayerNorm(vectors.shape[1])
                self.bias = nn.Parameter(torch.zeros(vectors.shape[0]))

            def forward(self, ids: Tensor, mask: Tensor, at: Tensor) -> Tensor:
                """Logits over words of the tokens where `at` is true, (tokens, words)."""
                states = hidden_states(self.encoder, input_ids=ids, attention_mask=mask)[at]
                turned: Tensor = self.turn(states)
                level: Tensor = self.level(nn.functional.gelu(turned))
                vectors = as_pretrained(self.encoder).get_input_embeddings().weight
                return level @ vectors.T + self.bias

        return Telling()

    def loss(
        self,
        net: nn.Module,
        ids: Tensor,
        mask: Tensor,
        words: Vocabulary,
        draw: Generator,
        targets: Tensor,
    ) -> Tensor:
        """Cross-entropy of the chosen tokens, 0 where none was chosen."""
        import torch

        del targets
        able = mask.bool() & ~torch.isin(ids, torch.tensor(sorted(words.marks)))
        chosen = able & (torch.rand(ids.shape, generator=draw) < self.share)
        if not chosen.any():
            chosen = able
        if not chosen.any():
            return net.get_parameter("bias").sum() * 0.0
        way = torch.rand(ids.shape, generator=draw)
        shown = torch.where(chosen & (way < 0.8), torch.full_like(ids, words.mask), ids)
        shown = torch.where(
            chosen & (way >= 0.9), torch.randint(words.count, ids.shape, generator=draw), shown
        )
        logits: Tensor = net(shown, mask, chosen)
        return torch.nn.functional.cross_entropy(logits.float(), ids[chosen])
