"""The training loop: bucketed batches, early stopping, weight averaging, exact resume.

Knows torch and Accelerate. Knows nothing of snapshots; it takes token ids, table features and
labels.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.progress import QUIET, Told
from mesocosm.learning.augmentation.text import Augment
from mesocosm.learning.features.embeddings import supports_bfloat16, to_float
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import layers_of
from mesocosm.learning.training.loop.checkpoint import load_checkpoint, save_checkpoint
from mesocosm.learning.training.loop.fast_dropout import fast_dropout_in
from mesocosm.learning.training.loop.process_group import ProcessGroup
from mesocosm.learning.training.loop.rows import TrainableNet
from mesocosm.learning.training.loop.rows import TrainingRows as TrainingRows
from mesocosm.learning.training.loop.rows import TrunkWithHead as TrunkWithHead
from mesocosm.learning.training.loop.rows import as_target as as_target
from mesocosm.learning.training.loop.rows import bucket_batches as bucket_batches
from mesocosm.learning.training.loop.train_step import Batch, backward, clip_gradients

Array = np.ndarray[Any, Any]


def uses_bfloat16(tune: Gradient) -> bool:
    """Whether matrices are multiplied in bfloat16."""
    return tune.precision == "bf16" or (tune.precision == "auto" and supports_bfloat16())


def mean_loss(
    net: TrainableNet,
    rows: TrainingRows,
    measure: Any,
    half: bool | None = None,
    batch: int = 64,
) -> float:
    """The mean loss of rows without dropout: cross-entropy of classes, `measure` of numbers.

    Args:
        half: whether to use bfloat16; where the processor has it if not given.
    """
    if half is None:
        half = supports_bfloat16()
    net.eval()
    total, kind = 0.0, net.weights.dtype
    order = sorted(range(len(rows.y)), key=lambda i: len(rows.ids[i]))
    with (
        torch.inference_mode(),
        torch.autocast("cpu", torch.bfloat16, enabled=half and kind == torch.float32),
    ):
        for start in range(0, len(order), batch):
            pick = order[start : start + batch]
            logits = to_float(
                net(*rows.batch(rows.ids, pick, kind), torch.tensor(rows.table[pick]).to(kind))
            )
            y = as_target(rows.y[pick], kind)
            if measure.of == "classes":
                loss = nn.functional.cross_entropy(logits, y, reduction="sum")
            else:
                loss = measure.value(logits, y, None) * len(pick)
            total += float(loss)
    return total / max(1, len(order))


def as_progress(record: dict[str, Any]) -> Told:
    """A record of training as a line of progress."""
    return Told(_describe(record), record)


def _describe(record: dict[str, Any]) -> str:
    if "step" in record:
        return (
            f"epoch {record['epoch']}: batch {record['step']} of {record['of']}, loss"
            f" {record['loss']:.4f}, {record['left']} s left"
        )
    return (
        f"epoch {record['epoch']}: training loss {record['train_loss']:.4f}, validation loss"
        f" {record['held_loss']:.4f}"
    )


def train(
    net: TrainableNet,
    tune: Gradient,
    rows: TrainingRows,
    held: TrainingRows,
    seed: int,
    keep: Path | None,
    say: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """Train the weights that require gradients; leaves the best weights in the net.

    Args:
        held: validation rows, whose loss decides when to stop and which weights to keep.
        keep: folder of the checkpoint written after each epoch; an existing one is resumed.
        say: receives each epoch's record, and within an epoch, every two seconds, one with `step`,
            `of` and `left` (seconds).

    Returns:
        One record an epoch: `epoch`, `train_loss`, `held_loss`.

    Raises:
        ConfigValueError: the loss became NaN or infinite.
    """
    with fast_dropout_in(net):
        return _Training(net, tune, rows, held, seed).run(keep, say)


class _Training:
    """The state of one training."""

    def __init__(
        self,
        net: TrainableNet,
        tune: Gradient,
        rows: TrainingRows,
        held: TrainingRows,
        seed: int,
    ) -> None:
        self.net, self.tune, self.rows, self.held, self.seed = net, tune, rows, held, seed
        torch.manual_seed(seed)
        self.accelerator = _accelerator(tune)
        if tune.precision == "fp64":
            net.double()
        self.group = ProcessGroup(self.accelerator)
        self.weights = {n: p for n, p in net.named_parameters() if p.requires_grad}
        self.optimizer = _optimizer(net, tune, list(self.weights))
        batches = math.ceil(len(rows.y) / tune.batch)
        self.steps_per_epoch = math.ceil(batches / tune.accumulate)
        self.steps = self.steps_per_epoch * tune.epochs
        tune.begin(net.trunk.net, self.steps)
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, torch.Tensor] = {}
        self.mean: dict[str, torch.Tensor] = {}
        self.dtype = net.weights.dtype
        self.measure = getattr(net, "measure", None) or tune.loss_of(_target_kind(rows.y))
        self.class_weights = self.measure.of_classes(rows.y, net.weights.shape[1])
        if self.class_weights is not None:
            self.class_weights = self.class_weights.to(self.dtype)

    def run(
        self, checkpoint: Path | None, report: Callable[[dict[str, Any]], None]
    ) -> list[dict[str, Any]]:
        """Train from the start or from a checkpoint to the last epoch, or until the validation loss
        has not fallen for `patience` epochs.
        """
        if checkpoint:
            self._resume(checkpoint)
        if self.tune.checkpointing:
            self.net.trunk.net.gradient_checkpointing_enable(
                gradient_checkpointing_kwargs={"use_reentrant": False}
            )
        ready: Any = self.accelerator.prepare(self.net)
        for epoch in range(len(self.history), self.tune.epochs):
            if self.history and len(self.history) - 1 - self._best_epoch() >= self.tune.patience:
                break
            train_loss = self._train_epoch(ready, epoch, report)
            self._finish_epoch(epoch, train_loss, report)
            if checkpoint and self.accelerator.is_main_process:
                self._save(checkpoint)
        self._load_best()
        return self.history

    def _resume(self, checkpoint: Path) -> None:
        resumed = load_checkpoint(checkpoint, self.weights, self.optimizer)
        if resumed:
            state, self.best, self.mean, own = resumed
            self.history = state["history"]
            self.tune.restore(self.net.trunk.net, own)

    def _save(self, checkpoint: Path) -> None:
        save_checkpoint(
            checkpoint,
            self.weights,
            self.optimizer,
            {"history": self.history},
            self.best,
            self.mean,
            self.tune.state(self.net.trunk.net),
        )

    def _train_epoch(
        self, ready: Any, epoch: int, report: Callable[[dict[str, Any]], None]
    ) -> float:
        """Train one pass over the rows; the mean training loss.

        Args:
            ready: the net as Accelerate runs it.
        """
        tune, seed = self.tune, self.seed * 1000 + epoch
        torch.manual_seed(seed)
        tune.enter(self.net.trunk.net, epoch)
        ready.train()
        ids = _augment(self.rows, tune, seed)
        batches = bucket_batches([len(r) for r in self.rows.ids], tune.batch, seed)
        total, began = 0.0, time.perf_counter()
        reported = began
        for number, pick in enumerate(batches):
            step = epoch * self.steps_per_epoch + number // tune.accumulate
            self._set_learning_rate(step)
            loss = self._backward(ready, ids, pick)
            if not math.isfinite(loss):
                raise ConfigValueError(
                    "fine_tune.learning_rate",
                    f"the loss became NaN or infinite after {step + 1} steps at"
                    f" {tune.learning_rate:g}",
                    "a lower learning_rate",
                )
            if (number + 1) % tune.accumulate == 0 or number + 1 == len(batches):
                self._step(step)
            total += loss * len(pick)
            now, done = time.perf_counter(), number + 1
            if now - reported > QUIET:
                reported = now
                left = len(batches) * (tune.epochs - epoch) - done
                report(
                    {
                        "epoch": epoch + 1,
                        "step": done,
                        "of": len(batches),
                        "loss": round(total / (done * tune.batch), 4),
                        "left": round((now - began) / done * left),
                    }
                )
        return total / len(self.rows.y)

    def _set_learning_rate(self, step: int) -> None:
        losses = [r["held_loss"] for r in self.history]
        share = self.tune.schedule.share(step, self.steps, losses)
        for group in self.optimizer.param_groups:
            group["lr"] = self.tune.learning_rate * share * group["pace"]

    def _backward(self, ready: Any, ids: Sequence[Any], pick: list[int]) -> float:
        """Add one batch's gradients; its mean loss over all processes."""
        own, rows = self.group.mine(pick), self.rows
        y = as_target(rows.y[own], self.dtype)
        table = torch.tensor(rows.table[own]).to(self.dtype)
        share = self.group.share(
            y, as_target(rows.y[pick], self.dtype), self.class_weights, len(own), len(pick)
        )
        batch = Batch((*rows.batch(ids, own, self.dtype), table), y, self.class_weights, share)
        loss = backward(ready, self.net, self.tune, self.measure, batch, self.accelerator)
        return self.group.mean(loss)

    def _step(self, step: int) -> None:
        """Clip the gradients, move the weights by them, and clear them."""
        clip_gradients(list(self.weights.values()), self.tune.clip)
        self.optimizer.step()
        self.tune.after_step(self.net.trunk.net, step)
        self.optimizer.zero_grad()

    def _finish_epoch(
        self, epoch: int, train_loss: float, report: Callable[[dict[str, Any]], None]
    ) -> None:
        """Record the losses, and keep the weights if they are the best or enter the mean."""
        record = {
            "epoch": epoch + 1,
            "train_loss": round(train_loss, 5),
            "held_loss": self._validation_loss(),
        }
        self.history.append(record)
        report(record)
        if self._best_epoch() == len(self.history) - 1:
            self.best = _copy(self.weights)
        first_averaged = self.tune.average * self.tune.epochs
        if self.tune.average < 1 and epoch >= first_averaged:
            count = sum(r["epoch"] > first_averaged for r in self.history)
            if not self.mean:
                self.mean = _copy(self.weights)
            else:
                for name, weight in self.weights.items():
                    self.mean[name] = self.mean[name] + (weight.detach() - self.mean[name]) / count

    def _validation_loss(self) -> float:
        return round(mean_loss(self.net, self.held, self.measure, uses_bfloat16(self.tune)), 5)

    def _best_epoch(self) -> int:
        losses = [r["held_loss"] for r in self.history]
        return losses.index(min(losses))

    def _load_best(self) -> None:
        """Load the weights of the lowest validation loss: those of the best epoch, or the mean of
        the last ones (stochastic weight averaging).
        """
        best = self.best
        if self.mean:
            _load(self.weights, self.mean)
            loss = self._validation_loss()
            self.history[-1] = self.history[-1] | {"mean_held_loss": loss}
            if loss < min(r["held_loss"] for r in self.history):
                best = self.mean
        _load(self.weights, best)
        self.net.eval()


def _accelerator(tune: Gradient) -> Any:
    from accelerate import Accelerator, DistributedDataParallelKwargs
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()  # an earlier model may have run in another precision
    return Accelerator(
        cpu=True,
        mixed_precision="bf16" if uses_bfloat16(tune) else "no",
        # a base's pooler has no gradient
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def _target_kind(y: Array) -> Literal["classes", "numbers", "labels"]:
    if y.ndim == 2:
        return "labels"
    if y.dtype.kind == "f":
        return "numbers"
    return "classes"


def _augment(rows: TrainingRows, tune: Gradient, seed: int) -> Sequence[Any]:
    """The rows' tokens or images, augmented as the settings say."""
    if rows.eyes:
        return rows.eyes.reseed(rows.ids, seed)
    if not tune.augment or rows.words is None:
        return rows.ids
    rng = random.Random(seed)
    ids = [list(r) for r in rows.ids]
    for augmentation in tune.augment:
        if isinstance(augmentation, Augment):
            ids = [augmentation.apply(r, rows.words, rng) for r in ids]
    return ids


def _optimizer(net: TrainableNet, tune: Gradient, names: Sequence[str]) -> Any:
    """The optimizer, with one group for each factor of the learning rate."""
    groups: dict[float, list[Any]] = {}
    head_factor = getattr(net, "pace", 1.0)
    depth = len(layers_of(net.trunk.net)[1])
    for name, weight in net.named_parameters():
        if name not in names:
            continue
        factor = head_factor
        if name not in ("weights", "bias"):
            factor = tune.pace(name, depth)
        groups.setdefault(factor, []).append(weight)
    return tune.optimizer.create(
        [{"params": weights, "pace": factor} for factor, weights in sorted(groups.items())],
        tune.learning_rate,
        tune.weight_decay,
    )


def _copy(weights: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in weights.items()}


def _load(weights: Mapping[str, Any], values: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            weights[name].copy_(value)
