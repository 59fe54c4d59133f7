"""A base with a head that tags each token, as the trainer expects it. Knows torch."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.features.embeddings import pad, supports_bfloat16, to_float
from mesocosm.learning.features.tokenizer import Tokens, make_batches
from mesocosm.learning.tasks.tagging.parts import PartTokens, find_tokens
from mesocosm.learning.training.loop.rows import TrainableNet

IGNORED = -100  # at tokens that begin no word


class StateEncoder(nn.Module):
    """A pretrained encoder that gives a state per token (rows, length, width)."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """States of padded token ids under their mask."""
        outputs = self.net(input_ids=input_ids, attention_mask=attention_mask)
        states: torch.Tensor = outputs.last_hidden_state
        return to_float(states)


class Tagger(TrainableNet):
    """A trunk of states and a linear head over each of them."""

    def __init__(self, trunk: StateEncoder, weights: Floats, bias: Floats, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.drop = nn.Dropout(dropout)
        self.weights = nn.Parameter(torch.tensor(weights))
        self.bias = nn.Parameter(torch.tensor(bias))
        self.anchor = None
        self.measure = TokenLoss()

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, table: torch.Tensor, mix: None = None
    ) -> torch.Tensor:
        """Logits (rows, length, tags); the table and `mix` are not read."""
        del table, mix
        states: torch.Tensor = self.drop(self.trunk(ids, mask))
        return states @ self.weights + self.bias


class TokenLoss:
    """Mean cross-entropy of the tags of tokens that begin a word."""

    of: ClassVar[str] = "tags"

    def of_classes(self, y: Array, classes: int) -> None:
        """Tags have no class weights."""

    def value(
        self, logits: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """The mean over the words of a batch; `y` is (rows, at least length), `OUT` where none
        begins.
        """
        del weights
        said = y[:, : logits.shape[1]]
        counted = said != IGNORED
        if not counted.any():
            return logits.sum() * 0.0
        return nn.functional.cross_entropy(to_float(logits[counted]), said[counted])


def encode_states(trunk: StateEncoder, ids: list[list[int]]) -> list[Floats]:
    """States (length, width) in float32 of each row's tokens."""
    trunk.eval()
    states: dict[int, Floats] = {}
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
        for pick in make_batches([len(r) for r in ids]):
            output: torch.Tensor = trunk(*pad([ids[i] for i in pick]))
            batch: Floats = output.float().numpy()
            for i, row in zip(pick, batch, strict=True):
                states[i] = row[: len(ids[i])].copy()
    return [states[i] for i in range(len(ids))]


def encode_parts(
    tokens: Tokens, texts: list[str], cut: str
) -> tuple[list[list[int]], list[PartTokens]]:
    """Ids of texts, and the token of each part of each."""
    ids: list[list[int]] = []
    parts: list[PartTokens] = []
    for text, encoding in zip(texts, tokens.tokenizer.encode_batch(texts), strict=True):
        ids.append(encoding.ids)
        parts.append(find_tokens(text, cut, encoding.offsets))
    return ids, parts
