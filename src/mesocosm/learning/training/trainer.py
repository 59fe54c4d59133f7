"""Training by gradient: head first, then the base; bucketed batches, early stopping, exact resume.

Knows torch and Accelerate. Knows nothing of snapshots; it is handed ids, a block and labels.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mesocosm.core.errors import Wrong
from mesocosm.core.progress import QUIET, Told
from mesocosm.learning.augmentation.text import Augment, Words
from mesocosm.learning.features.embeddings import bfloat16, full, pad
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import layers_of
from mesocosm.learning.tasks.vision.pixels import Eyes
from mesocosm.learning.training.checkpoint import load_checkpoint, save_checkpoint
from mesocosm.learning.training.fast_dropout import fast_dropout_in
from mesocosm.learning.training.process_group import ProcessGroup
from mesocosm.learning.training.train_step import backward, clip_gradients

Array = np.ndarray[Any, Any]


@dataclass
class TrainingRows:
    """Rows to learn from: token ids, states of lower layers or pictures (which `eyes` look at), the
    table block and labels.
    """

    ids: Sequence[Any]
    table: Array
    y: Array
    words: Words | None = None
    eyes: Eyes | None = None

    def batch(self, ids: Sequence[Any], pick: Sequence[int], kind: Any) -> list[torch.Tensor]:
        """What the net is given of some of the ids (the rows' own, or changed ones): itself and its
        mask, numbers in `kind`.
        """
        some = [ids[i] for i in pick]
        return [
            x.to(kind) if x.is_floating_point() else x
            for x in (self.eyes.look(some) if self.eyes else pad(some))
        ]


class TrunkWithHead(nn.Module):  # type: ignore[misc]
    """A trunk and a linear head over its features and the table block, whose `first` columns stand
    before them.

    Args:
        pace: the head's share of the learning rate.
    """

    def __init__(
        self,
        trunk: Any,
        weights: Array,
        bias: Array,
        dropout: float,
        first: int = 0,
        pace: float = 1.0,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.first = first
        self.pace = pace
        self.drop = nn.Dropout(dropout)
        self.weights = nn.Parameter(torch.tensor(weights))
        self.bias = nn.Parameter(torch.tensor(bias))
        self.anchor: Any = None  # what holds the weights near where they were

    def forward(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        table: torch.Tensor,
        mix: tuple[float, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Logits (rows, classes); with `mix` (share, order) features are mixed with those of the
        rows in that order.
        """
        x = torch.cat([table[:, : self.first], self.trunk(ids, mask), table[:, self.first :]], 1)
        if mix is not None:
            x = mix[0] * x + (1 - mix[0]) * x[mix[1]]
        return self.drop(x) @ self.weights + self.bias


def bucket_batches(
    lengths: Sequence[int], batch: int, seed: int, windows: int = 50
) -> list[list[int]]:
    """Batches of rows of like length: shuffled, sorted inside windows of batches, shuffled
    again.
    """
    rng = random.Random(seed)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), batch * windows):
        window = sorted(order[start : start + batch * windows], key=lambda i: lengths[i])
        found += [window[i : i + batch] for i in range(0, len(window), batch)]
    rng.shuffle(found)
    return found


def as_target(y: Array, kind: Any = torch.float32) -> torch.Tensor:
    """Targets as a tensor: class numbers, or numbers of a kind."""
    return torch.tensor(y, dtype=kind) if y.dtype.kind == "f" else torch.tensor(y)


def uses_bfloat16(tune: Gradient) -> bool:
    """Whether products run in bfloat16."""
    return tune.precision == "bf16" or (tune.precision == "auto" and bfloat16())


def mean_loss(
    net: TrunkWithHead, rows: TrainingRows, measure: Any, half: bool | None = None, batch: int = 64
) -> float:
    """The mean loss of rows without dropout: cross-entropy of classes, `measure` of numbers."""
    half = bfloat16() if half is None else half
    net.eval()
    total, kind = 0.0, net.weights.dtype
    order = sorted(range(len(rows.y)), key=lambda i: len(rows.ids[i]))
    with (
        torch.inference_mode(),
        torch.autocast("cpu", torch.bfloat16, enabled=half and kind == torch.float32),
    ):
        for start in range(0, len(order), batch):
            pick = order[start : start + batch]
            logits = full(
                net(*rows.batch(rows.ids, pick, kind), torch.tensor(rows.table[pick]).to(kind))
            )
            y = as_target(rows.y[pick], kind)
            total += float(
                nn.functional.cross_entropy(logits, y, reduction="sum")
                if measure.of == "classes"
                else measure.value(logits, y, None) * len(pick)
            )
    return total / max(1, len(order))


def _changed(rows: TrainingRows, tune: Gradient, seed: int) -> Sequence[Any]:
    """The rows' tokens, said in another way where the settings want it, or their pictures with what
    they are changed by.
    """
    if rows.eyes:
        return rows.eyes.anew(rows.ids, seed)
    if not tune.augment or rows.words is None:
        return rows.ids
    rng = random.Random(seed)
    ids = [list(r) for r in rows.ids]
    for way in tune.augment:
        if isinstance(way, Augment):
            ids = [way.changed(r, rows.words, rng) for r in ids]
    return ids


def _optimiser(net: TrunkWithHead, tune: Gradient, moving: Sequence[str]) -> Any:
    """The optimiser, weights of one pace in one group."""
    paces: dict[float, list[Any]] = {}
    of_head = getattr(net, "pace", 1.0)
    depth = len(layers_of(net.trunk.net)[1])
    for name, weight in net.named_parameters():
        if name in moving:
            paces.setdefault(
                of_head if name in ("weights", "bias") else tune.pace(name, depth), []
            ).append(weight)
    return tune.optimiser.made(
        [{"params": w, "pace": pace} for pace, w in sorted(paces.items())],
        tune.learning_rate,
        tune.weight_decay,
    )


def as_progress(record: dict[str, Any]) -> Told:
    """A record of training as a sentence."""
    return Told(_sentence(record), record)


def _sentence(record: dict[str, Any]) -> str:
    if "step" in record:
        return (
            f"epoch {record['epoch']}: batch {record['step']} of {record['of']}, loss"
            f" {record['loss']:.4f}, {record['left']} s left"
        )
    return (
        f"epoch {record['epoch']}: loss {record['train_loss']:.4f}, held out"
        f" {record['held_loss']:.4f}"
    )


def train(
    net: TrunkWithHead,
    tune: Gradient,
    rows: TrainingRows,
    held: TrainingRows,
    seed: int,
    keep: Path | None,
    say: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """Train the weights that may move; returns one record an epoch, and leaves the best weights in.

    Args:
        held: rows whose loss decides when to stop and which weights stay.
        keep: folder of the checkpoint written after each epoch; an existing one is continued.
        say: is given each epoch's record, and within an epoch, every two seconds, one with `step`,
            `of` and `left` (seconds).

    Raises:
        Wrong: the loss is no number any more.
    """
    with fast_dropout_in(net):
        return _train(net, tune, rows, held, seed, keep, say)


def _train(
    net: TrunkWithHead,
    tune: Gradient,
    rows: TrainingRows,
    held: TrainingRows,
    seed: int,
    keep: Path | None,
    say: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    from accelerate import Accelerator, DistributedDataParallelKwargs
    from accelerate.state import AcceleratorState

    torch.manual_seed(seed)
    AcceleratorState._reset_state()  # another model of this build may have run in another precision
    accelerator = Accelerator(
        cpu=True,
        mixed_precision="bf16" if uses_bfloat16(tune) else "no",
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )  # a base's pooler is not used
    if tune.precision == "fp64":
        net.double()
    crew = ProcessGroup(accelerator)
    moving = {n: p for n, p in net.named_parameters() if p.requires_grad}
    optimiser = _optimiser(net, tune, list(moving))
    each = math.ceil(math.ceil(len(rows.y) / tune.batch) / tune.accumulate)
    tune.begin(net.trunk.net, each * tune.epochs)
    history: list[dict[str, Any]] = []
    best: dict[str, torch.Tensor] = {}
    mean: dict[str, torch.Tensor] = {}
    resumed = load_checkpoint(keep, moving, optimiser) if keep else None
    if resumed:
        history, best, mean = resumed[0]["history"], resumed[1], resumed[2]
        tune.put(net.trunk.net, resumed[3])
    if tune.checkpointing:
        net.trunk.net.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False}
        )
    measure = getattr(net, "measure", None) or tune.loss_of(
        "labels" if rows.y.ndim == 2 else "numbers" if rows.y.dtype.kind == "f" else "classes"
    )
    kind = net.weights.dtype
    weights = measure.of_classes(rows.y, net.weights.shape[1])
    weights = None if weights is None else weights.to(kind)
    ready: Any = accelerator.prepare(net)
    for epoch in range(len(history), tune.epochs):
        if history and len(history) - 1 - _best(history) >= tune.patience:
            break
        torch.manual_seed(seed * 1000 + epoch)
        tune.enter(net.trunk.net, epoch)
        ready.train()
        ids = _changed(rows, tune, seed * 1000 + epoch)
        picks = bucket_batches([len(r) for r in rows.ids], tune.batch, seed * 1000 + epoch)
        total, spoke = 0.0, time.perf_counter()
        began = spoke
        for number, pick in enumerate(picks):
            step = epoch * each + number // tune.accumulate
            share = tune.schedule.share(step, each * tune.epochs, [r["held_loss"] for r in history])
            for group in optimiser.param_groups:
                group["lr"] = tune.learning_rate * share * group["pace"]
            mine = crew.mine(pick)
            y = as_target(rows.y[mine], kind)
            batch = (*rows.batch(ids, mine, kind), torch.tensor(rows.table[mine]).to(kind), y)
            part = crew.share(y, as_target(rows.y[pick], kind), weights, len(mine), len(pick))
            loss = crew.mean(backward(ready, net, tune, measure, batch, weights, accelerator, part))
            if not math.isfinite(loss):
                raise Wrong(
                    "tune.learning_rate",
                    f"the loss is no number after {step + 1} steps of {tune.learning_rate:g}",
                    "a lower learning_rate",
                )
            if (number + 1) % tune.accumulate == 0 or number + 1 == len(picks):
                clip_gradients(list(moving.values()), tune.clip)
                optimiser.step()
                tune.stepped(net.trunk.net, step)
                optimiser.zero_grad()
            total += loss * len(pick)
            if (now := time.perf_counter()) - spoke > QUIET:
                spoke, done = now, epoch * len(picks) + number + 1
                pace = (now - began) / (number + 1)
                say(
                    {
                        "epoch": epoch + 1,
                        "step": number + 1,
                        "of": len(picks),
                        "loss": round(total / ((number + 1) * tune.batch), 4),
                        "left": round(pace * (len(picks) * tune.epochs - done)),
                    }
                )
        record = {
            "epoch": epoch + 1,
            "train_loss": round(total / len(rows.y), 5),
            "held_loss": round(mean_loss(net, held, measure, uses_bfloat16(tune)), 5),
        }
        history.append(record)
        say(record)
        if _best(history) == len(history) - 1:
            best = {n: p.detach().clone() for n, p in moving.items()}
        if tune.average < 1 and epoch >= tune.average * tune.epochs:
            count = sum(r["epoch"] > tune.average * tune.epochs for r in history)
            mean = {
                n: p.detach().clone() if n not in mean else mean[n] + (p.detach() - mean[n]) / count
                for n, p in moving.items()
            }
        if keep and accelerator.is_main_process:
            save_checkpoint(
                keep, moving, optimiser, {"history": history}, best, mean, tune.kept(net.trunk.net)
            )
    _settle(
        net, moving, best, mean, history, lambda: mean_loss(net, held, measure, uses_bfloat16(tune))
    )
    return history


def _settle(
    net: TrunkWithHead,
    moving: dict[str, Any],
    best: dict[str, torch.Tensor],
    mean: dict[str, torch.Tensor],
    history: list[dict[str, Any]],
    judged: Callable[[], float],
) -> None:
    """Leave the weights of the lowest held-out loss in: those of the best epoch, or the mean of the
    last ones.
    """
    kept = best
    if mean:
        _put(moving, mean)
        loss = round(judged(), 5)
        history[-1] = history[-1] | {"mean_held_loss": loss}
        kept = mean if loss < min(r["held_loss"] for r in history) else best
    _put(moving, kept)
    net.eval()


def _put(moving: dict[str, Any], values: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            moving[name].copy_(value)


def _best(history: list[dict[str, Any]]) -> int:
    losses = [r["held_loss"] for r in history]
    return losses.index(min(losses))
