"""Multitask pretraining: one trunk is trained on several labels of its texts, so that many models
can share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Columns
from mesocosm.learning.fine_tuning.layers import as_pretrained
from mesocosm.learning.pretraining.objective import (
    ClassesFact,
    Facts,
    NumberFact,
    Objective,
    Vocabulary,
)

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn


class Multitask(Objective):
    """Every field has a head of its own over one trunk, and the trunk is trained on all of them at
    once.

    Models with the same `pretrain` share the trunk: it is trained and stored once, on disk and in
    memory, and each fits its own head.

    Args:
        fields: categories, booleans and numbers of the dataset that is read; a gap adds no loss.

    Source: Caruana 1997, Machine Learning 28 (hard parameter sharing); Liu et al. 2019, arXiv
    1901.11504.

    >>> Multitask(fields=["topic", "urgency"]).fields
    ('topic', 'urgency')
    """

    method: Literal["multitask"] = "multitask"
    fields: tuple[str, ...] = Field(min_length=1)

    def facts(self, columns: Columns) -> Facts:
        """Per field its classes, or the mean and deviation of its numbers."""
        facts: dict[str, ClassesFact | NumberFact] = {}
        for name in self.fields:
            values = [v for v in columns[name] if v is not None]
            if len(set(values)) < 2:
                raise ConfigValueError(
                    "pretrain.method",
                    Message("learning.fewer_than_two_values", name=name),
                    Message("learning.distinguishing_field"),
                )
            if isinstance(values[0], (bool, str)):
                facts[name] = ClassesFact.of(values)
            else:
                facts[name] = NumberFact.of(values)
        return facts

    def net(self, encoder: nn.Module, facts: Facts) -> nn.Module:
        """The trunk with mean pooling under one linear head a field."""
        from torch import nn

        from mesocosm.learning.features.embeddings import Trunk

        width = as_pretrained(encoder).config.hidden_size

        class Telling(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.trunk = Trunk(encoder)
                self.heads = nn.ModuleList(
                    nn.Linear(width, fact.outputs) for fact in facts.values()
                )

            def forward(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
                features = self.trunk(ids, mask) * 8.0  # unit vectors alone make heads slow
                return [head(features) for head in self.heads]

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
        """The mean over fields of cross-entropy or squared error of the rows that have a value."""
        import torch

        del words, draw
        outputs: list[Tensor] = net(ids, mask)
        losses: list[Tensor] = []
        for logits, true in zip(outputs, targets.T, strict=True):
            present = ~torch.isnan(true)
            if present.any():
                losses.append(_loss_of_field(logits[present].float(), true[present]))
        if not losses:
            return outputs[0].sum() * 0.0
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return total / len(outputs)


def _loss_of_field(predicted: Tensor, right: Tensor) -> Tensor:
    """Cross-entropy of a class, squared error of a number."""
    from torch.nn import functional

    if predicted.shape[1] > 1:
        return functional.cross_entropy(predicted, right.long())
    return functional.mse_loss(predicted[:, 0], right)
