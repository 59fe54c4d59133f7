"""Settings that every way of training by gradient shares. Knows numbers, no nets."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mesocosm.base.kinds import Kind


class Gradient(Kind):
    """Settings of training by gradient.

    Args:
        epochs: passes over the training rows at most.
        learning_rate: the peak of AdamW's rate, reached after a tenth of the steps, then falling to 0.
        batch: rows a step.
        patience: epochs without a better validation loss before training stops.
        weight_decay: AdamW's decay of weights.
        dropout: chance that an input of the head is dropped in training.
    """

    short: ClassVar[str] = "method"
    epochs: int = Field(3, ge=1, le=1000)
    learning_rate: float = Field(1e-4, gt=0, le=1)
    batch: int = Field(32, ge=1, le=4096)
    patience: int = Field(2, ge=1)
    weight_decay: float = Field(0.01, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
