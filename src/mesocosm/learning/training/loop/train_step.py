"""One batch forward and backward: plain, with mixup, with consistency between two passes, or
adversarial. Knows torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from mesocosm.learning.features.embeddings import to_float
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import as_pretrained
from mesocosm.learning.training.loop.process_group import Accelerator
from mesocosm.learning.training.loop.rows import Mix, TrainableNet
from mesocosm.learning.training.losses.loss import LossFunction


@dataclass(frozen=True)
class Batch:
    """The rows of one backward pass.

    Args:
        inputs: ids or states, their mask and the table features.
        y: the labels.
        class_weights: the loss's weight of each class, or None.
        share: the weight of this process's mean in the mean over processes; 1 where each has as
            many rows.
    """

    inputs: tuple[torch.Tensor, ...]
    y: torch.Tensor
    class_weights: torch.Tensor | None = None
    share: float = 1.0


@dataclass(frozen=True)
class BatchLoss:
    """The loss of a batch as one forward pass gives it; called once for each pass.

    Args:
        ready: the net as Accelerate runs it; `net` is the net itself.
        measure: the loss.
        mix: of mixup, or None.
    """

    ready: nn.Module
    net: TrainableNet
    tune: Gradient
    measure: LossFunction
    accelerator: Accelerator
    batch: Batch
    mix: Mix | None

    def __call__(self) -> torch.Tensor:
        """The loss of one step's share, penalties included, a scalar tensor."""
        logits, second = self._forward()
        value = self._mixed_loss(logits)
        if second is not None:
            value = self._consistent_loss(value, logits, second)
        value = value * self.batch.share
        penalty = _penalty(self.net, self.tune)
        if penalty is not None:
            value = value + penalty
        return value / self.tune.accumulate

    def _forward(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The logits, and those of a second pass where the two must agree."""
        with self.accelerator.autocast():
            logits = to_float(self.ready(*self.batch.inputs, self.mix))
            if not self.tune.consistency:
                return logits, None
            return logits, to_float(self.ready(*self.batch.inputs, self.mix))

    def _mixed_loss(self, logits: torch.Tensor) -> torch.Tensor:
        """The loss against the rows' own labels, or with mixup against both rows' labels."""
        batch = self.batch
        value = self.measure.value(logits, batch.y, batch.class_weights)
        if self.mix is None:
            return value
        share, order = self.mix
        other = self.measure.value(logits, batch.y[order], batch.class_weights)
        return share * value + (1 - share) * other

    def _consistent_loss(
        self, value: torch.Tensor, logits: torch.Tensor, second: torch.Tensor
    ) -> torch.Tensor:
        """The mean loss of two passes, and how far apart they are."""
        distance = _distance(logits, second, self.measure.of)
        other = self.measure.value(second, self.batch.y, self.batch.class_weights)
        return (value + other) / 2 + self.tune.consistency * distance / 2


def backward(loss: BatchLoss) -> float:
    """Add the batch's gradients to those that are there; returns its loss."""
    tune, accelerator = loss.tune, loss.accelerator
    if tune.adversarial and not loss.batch.inputs[0].is_floating_point():
        embeddings = as_pretrained(loss.net.trunk.net).get_input_embeddings()
        return tune.adversarial.backward(loss, embeddings, accelerator.backward) * tune.accumulate
    value = loss()
    accelerator.backward(value)
    return float(value.detach()) * tune.accumulate


def draw_mix(mixup: float, rows: int) -> Mix | None:
    """A draw of how rows are mixed; None without mixup."""
    if not mixup:
        return None
    share = float(torch.distributions.Beta(mixup, mixup).sample())
    return share, torch.randperm(rows)


def _penalty(net: TrainableNet, tune: Gradient) -> torch.Tensor | None:
    """What is added to the loss: the method's own penalty and the pull towards earlier weights."""
    penalty = tune.penalty(net.trunk.net)
    if net.anchor is None:
        return penalty
    pull: torch.Tensor = net.anchor.penalty(net)
    if penalty is None:
        return pull
    return pull + penalty


def _distance(logits: torch.Tensor, second: torch.Tensor, kind: str) -> torch.Tensor:
    """How far two passes under dropout are apart: symmetric KL divergence of classes, squared
    error of numbers.

    Source: Wu et al. 2021, arXiv 2106.14448.
    """
    if kind != "classes":
        return 2 * ((logits - second) ** 2).mean()
    a, b = nn.functional.log_softmax(logits, 1), nn.functional.log_softmax(second, 1)
    divergence = nn.functional.kl_div
    return divergence(a, b, reduction="batchmean", log_target=True) + divergence(
        b, a, reduction="batchmean", log_target=True
    )


def clip_gradients(weights: Sequence[torch.Tensor], most: float) -> None:
    """Bound the norm of all gradients; gradients within the bound are not multiplied at all."""
    norm = nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
    if not norm <= most:
        nn.utils.clip_grads_with_norm_(weights, most, norm)
