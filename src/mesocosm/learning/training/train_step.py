"""One batch forward and backward: plain, mixed, held to agree with itself, or against the worst
shift. Knows torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from mesocosm.learning.features.embeddings import full
from mesocosm.learning.fine_tuning.gradient import Gradient


def backward(
    ready: Any,
    net: Any,
    tune: Gradient,
    measure: Any,
    batch: tuple[Any, ...],
    weights: Any,
    accelerator: Any,
    share: float = 1.0,
) -> float:
    """Add the batch's gradients to those that are there; returns its loss.

    Args:
        ready: the net as Accelerate runs it; `net` is itself.
        measure: the loss.
        batch: ids, mask, table and labels.
        weights: of the classes, or None.
        share: what this process's mean counts in the mean over processes, 1 where each has as many
            rows.
    """
    *given, y = batch
    mix = None
    if tune.mixup:
        mix = (
            float(torch.distributions.Beta(tune.mixup, tune.mixup).sample()),
            torch.randperm(len(y)),
        )

    def loss() -> Any:
        with accelerator.autocast():
            logits = full(ready(*given, mix))
            twin = full(ready(*given, mix)) if tune.consistency else None
        value = measure.value(logits, y, weights)
        if mix is not None:
            value = mix[0] * value + (1 - mix[0]) * measure.value(logits, y[mix[1]], weights)
        if twin is not None:
            apart = (
                _apart(logits, twin)
                if measure.of == "classes"
                else 2 * ((logits - twin) ** 2).mean()
            )
            value = (value + measure.value(twin, y, weights)) / 2 + tune.consistency * apart / 2
        more = tune.penalty(net.trunk.net)
        if getattr(net, "anchor", None) is not None:
            more = net.anchor.penalty(net) + (0 if more is None else more)
        return (value * share if more is None else value * share + more) / tune.accumulate

    if tune.adversarial and not given[0].is_floating_point():
        return (
            tune.adversarial.backward(
                loss, net.trunk.net.get_input_embeddings(), accelerator.backward
            )
            * tune.accumulate
        )
    value = loss()
    accelerator.backward(value)
    return float(value.detach()) * tune.accumulate


def clip_gradients(weights: Sequence[Any], most: float) -> None:
    """Hold the norm of all gradients to a bound; where they keep it, nothing is multiplied."""
    norm = nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
    if not norm <= most:
        nn.utils.clip_grads_with_norm_(weights, most, norm)


def _apart(logits: Any, twin: Any) -> Any:
    """How far two outputs are from each other, both ways."""
    a, b = nn.functional.log_softmax(logits, 1), nn.functional.log_softmax(twin, 1)
    return nn.functional.kl_div(
        a, b, reduction="batchmean", log_target=True
    ) + nn.functional.kl_div(b, a, reduction="batchmean", log_target=True)
