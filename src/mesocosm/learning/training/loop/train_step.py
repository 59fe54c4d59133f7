"""One batch forward and backward: plain, with mixup, with consistency between two passes, or
adversarial. Knows torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from mesocosm.learning.features.embeddings import to_float
from mesocosm.learning.fine_tuning.gradient import Gradient

Mix = tuple[float, torch.Tensor]  # the share of each row's own, and the order of the others


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


def backward(
    ready: Any, net: Any, tune: Gradient, measure: Any, batch: Batch, accelerator: Any
) -> float:
    """Add the batch's gradients to those that are there; returns its loss.

    Args:
        ready: the net as Accelerate runs it; `net` is the net itself.
        measure: the loss.
    """
    mix: Mix | None = None
    if tune.mixup:
        share = float(torch.distributions.Beta(tune.mixup, tune.mixup).sample())
        mix = (share, torch.randperm(len(batch.y)))

    def loss() -> Any:
        with accelerator.autocast():
            logits, second = to_float(ready(*batch.inputs, mix)), None
            if tune.consistency:
                second = to_float(ready(*batch.inputs, mix))
        value = _mixed_loss(measure, logits, batch, mix)
        if second is not None:
            distance = _distance(logits, second, measure.of)
            other = measure.value(second, batch.y, batch.class_weights)
            value = (value + other) / 2 + tune.consistency * distance / 2
        value = value * batch.share
        penalty = _penalty(net, tune)
        if penalty is not None:
            value = value + penalty
        return value / tune.accumulate

    if tune.adversarial and not batch.inputs[0].is_floating_point():
        embeddings = net.trunk.net.get_input_embeddings()
        return tune.adversarial.backward(loss, embeddings, accelerator.backward) * tune.accumulate
    value = loss()
    accelerator.backward(value)
    return float(value.detach()) * tune.accumulate


def _mixed_loss(measure: Any, logits: Any, batch: Batch, mix: Mix | None) -> Any:
    """The loss against the rows' own labels, or with mixup against both rows' labels."""
    value = measure.value(logits, batch.y, batch.class_weights)
    if mix is None:
        return value
    share, order = mix
    return share * value + (1 - share) * measure.value(logits, batch.y[order], batch.class_weights)


def _penalty(net: Any, tune: Gradient) -> Any | None:
    """What is added to the loss: the method's own penalty and the pull towards earlier weights."""
    penalty = tune.penalty(net.trunk.net)
    if getattr(net, "anchor", None) is None:
        return penalty
    pull = net.anchor.penalty(net)
    if penalty is None:
        return pull
    return pull + penalty


def _distance(logits: Any, second: Any, kind: str) -> Any:
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


def clip_gradients(weights: Sequence[Any], most: float) -> None:
    """Bound the norm of all gradients; gradients within the bound are not multiplied at all."""
    norm = nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
    if not norm <= most:
        nn.utils.clip_grads_with_norm_(weights, most, norm)
