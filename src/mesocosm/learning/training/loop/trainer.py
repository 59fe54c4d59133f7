"""The training loop: bucketed batches, early stopping, weight averaging, exact resume.

Knows torch and Accelerate. Knows nothing of snapshots; it takes token ids, table features and
labels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, cast

import torch
from torch import nn

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Array
from mesocosm.learning.features.embeddings import supports_bfloat16, to_float
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import as_pretrained, layers_of
from mesocosm.learning.training.loop.checkpoint import (
    Checkpoint,
    Tensors,
    load_checkpoint,
    save_checkpoint,
)
from mesocosm.learning.training.loop.fast_dropout import fast_dropout_in
from mesocosm.learning.training.loop.process_group import Accelerator, ProcessGroup
from mesocosm.learning.training.loop.records import EpochProgress, EpochRecord, History, Report
from mesocosm.learning.training.loop.records import as_progress as as_progress
from mesocosm.learning.training.loop.rows import Row, TrainableNet, augment
from mesocosm.learning.training.loop.rows import TrainingRows as TrainingRows
from mesocosm.learning.training.loop.rows import TrunkWithHead as TrunkWithHead
from mesocosm.learning.training.loop.rows import as_target as as_target
from mesocosm.learning.training.loop.rows import bucket_batches as bucket_batches
from mesocosm.learning.training.loop.train_step import (
    Batch,
    BatchLoss,
    backward,
    clip_gradients,
    draw_mix,
)
from mesocosm.learning.training.losses.loss import LossFunction
from mesocosm.learning.training.optimizers.optimizer import WeightGroup


def uses_bfloat16(tune: Gradient) -> bool:
    """Whether matrices are multiplied in bfloat16."""
    return tune.precision == "bf16" or (tune.precision == "auto" and supports_bfloat16())


def mean_loss(
    net: TrainableNet,
    rows: TrainingRows,
    measure: LossFunction,
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
            table = torch.tensor(rows.table[pick]).to(kind)
            logits = to_float(net(*rows.batch(rows.ids, pick, kind), table))
            total += float(_summed_loss(measure, logits, as_target(rows.y[pick], kind)))
    return total / max(1, len(order))


def _summed_loss(measure: LossFunction, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The loss of a batch's rows, summed."""
    if measure.of == "classes":
        return nn.functional.cross_entropy(logits, y, reduction="sum")
    return measure.value(logits, y, None) * len(y)


def train(
    net: TrainableNet,
    tune: Gradient,
    rows: TrainingRows,
    held: TrainingRows,
    seed: int,
    keep: Path | None,
    say: Report,
) -> History:
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
        self.history: History = []
        self.best: Tensors = {}
        self.mean: Tensors = {}
        self.dtype = net.weights.dtype
        self.measure = _loss_of(net, tune, rows.y)
        self.class_weights = self.measure.of_classes(rows.y, net.weights.shape[1])
        if self.class_weights is not None:
            self.class_weights = self.class_weights.to(self.dtype)

    def run(self, checkpoint: Path | None, report: Report) -> History:
        """Train from the start or from a checkpoint to the last epoch, or until the validation loss
        has not fallen for `patience` epochs.
        """
        if checkpoint:
            self._resume(checkpoint)
        ready = self._prepare()
        for epoch in range(len(self.history), self.tune.epochs):
            if self._has_lost_patience():
                break
            train_loss = self._train_epoch(ready, epoch, report)
            self._finish_epoch(epoch, train_loss, report)
            if checkpoint and self.accelerator.is_main_process:
                self._save(checkpoint)
        self._load_best()
        return self.history

    def _prepare(self) -> nn.Module:
        """The net as Accelerate runs it, keeping few states where the settings say so."""
        if self.tune.checkpointing:
            as_pretrained(self.net.trunk.net).gradient_checkpointing_enable(
                gradient_checkpointing_kwargs={"use_reentrant": False}
            )
        return self.accelerator.prepare(self.net)

    def _has_lost_patience(self) -> bool:
        """Whether the validation loss has not fallen for `patience` epochs."""
        if not self.history:
            return False
        return len(self.history) - 1 - self._best_epoch() >= self.tune.patience

    def _resume(self, checkpoint: Path) -> None:
        resumed = load_checkpoint(checkpoint, self.weights, self.optimizer)
        if resumed:
            self.best, self.mean = resumed.best, resumed.mean
            self.history = cast(History, resumed.state["history"])
            self.tune.restore(self.net.trunk.net, resumed.own)

    def _save(self, checkpoint: Path) -> None:
        own = self.tune.state(self.net.trunk.net)
        reached = Checkpoint({"history": self.history}, self.best, self.mean, own)
        save_checkpoint(checkpoint, self.weights, self.optimizer, reached)

    def _train_epoch(self, ready: nn.Module, epoch: int, report: Report) -> float:
        """Train one pass over the rows; the mean training loss.

        Args:
            ready: the net as Accelerate runs it.
        """
        tune, seed = self.tune, self.seed * 1000 + epoch
        torch.manual_seed(seed)
        tune.enter(self.net.trunk.net, epoch)
        ready.train()
        ids = augment(self.rows, tune.augment, seed)
        batches = bucket_batches([len(r) for r in self.rows.ids], tune.batch, seed)
        progress = EpochProgress(epoch, tune.epochs, len(batches), tune.batch, report)
        for number, pick in enumerate(batches):
            step = epoch * self.steps_per_epoch + number // tune.accumulate
            self._set_learning_rate(step)
            loss = self._backward(ready, ids, pick)
            self._check_finite(loss, step)
            if (number + 1) % tune.accumulate == 0 or number + 1 == len(batches):
                self._step(step)
            progress.add(loss, len(pick))
        return progress.total / len(self.rows.y)

    def _check_finite(self, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise ConfigValueError(
                "fine_tune.learning_rate",
                Message("learning.loss_at_rate", steps=step + 1, rate=self.tune.learning_rate),
                Message("learning.lower_learning_rate"),
            )

    def _set_learning_rate(self, step: int) -> None:
        share = self.tune.schedule.share(step, self.steps, self._validation_losses())
        for group in self.optimizer.param_groups:
            group["lr"] = self.tune.learning_rate * share * group["pace"]

    def _backward(self, ready: nn.Module, ids: Sequence[Row], pick: list[int]) -> float:
        """Add one batch's gradients; its mean loss over all processes."""
        own, rows = self.group.mine(pick), self.rows
        y = as_target(rows.y[own], self.dtype)
        table = torch.tensor(rows.table[own]).to(self.dtype)
        share = self.group.share(
            y, as_target(rows.y[pick], self.dtype), self.class_weights, len(own), len(pick)
        )
        batch = Batch((*rows.batch(ids, own, self.dtype), table), y, self.class_weights, share)
        mix = draw_mix(self.tune.mixup, len(y))
        loss = BatchLoss(ready, self.net, self.tune, self.measure, self.accelerator, batch, mix)
        return self.group.mean(backward(loss))

    def _step(self, step: int) -> None:
        """Clip the gradients, move the weights by them, and clear them."""
        clip_gradients(list(self.weights.values()), self.tune.clip)
        self.optimizer.step()
        self.tune.after_step(self.net.trunk.net, step)
        self.optimizer.zero_grad()

    def _finish_epoch(self, epoch: int, train_loss: float, report: Report) -> None:
        """Record the losses, and keep the weights if they are the best or enter the mean."""
        record: EpochRecord = {
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
            self._add_to_mean(sum(r["epoch"] > first_averaged for r in self.history))

    def _add_to_mean(self, count: int) -> None:
        """Let the weights of this epoch enter the mean, as those of the `count`th."""
        if not self.mean:
            self.mean = _copy(self.weights)
            return
        for name, weight in self.weights.items():
            self.mean[name] = self.mean[name] + (weight.detach() - self.mean[name]) / count

    def _validation_loss(self) -> float:
        return round(mean_loss(self.net, self.held, self.measure, uses_bfloat16(self.tune)), 5)

    def _validation_losses(self) -> list[float]:
        """Those of the epochs so far."""
        return [record["held_loss"] for record in self.history]

    def _best_epoch(self) -> int:
        losses = self._validation_losses()
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
            if loss < min(self._validation_losses()):
                best = self.mean
        _load(self.weights, best)
        self.net.eval()


def _loss_of(net: TrainableNet, tune: Gradient, y: Array) -> LossFunction:
    """The loss that a net brings, or that of the settings."""
    own: LossFunction | None = getattr(net, "measure", None)
    if own is not None:
        return own
    return tune.loss_of(_target_kind(y))


def _accelerator(tune: Gradient) -> Accelerator:
    from accelerate import Accelerator as Accelerate
    from accelerate import DistributedDataParallelKwargs
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()  # an earlier model may have run in another precision
    precision = "no"
    if uses_bfloat16(tune):
        precision = "bf16"
    accelerator: Accelerator = Accelerate(
        cpu=True,
        mixed_precision=precision,
        # a base's pooler has no gradient
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )
    return accelerator


def _target_kind(y: Array) -> Literal["classes", "numbers", "labels"]:
    if y.ndim == 2:
        return "labels"
    if y.dtype.kind == "f":
        return "numbers"
    return "classes"


def _optimizer(net: TrainableNet, tune: Gradient, names: Sequence[str]) -> torch.optim.Optimizer:
    """The optimizer, with one group for each factor of the learning rate."""
    by_factor: dict[float, list[nn.Parameter]] = {}
    head_factor: float = getattr(net, "pace", 1.0)
    depth = len(layers_of(net.trunk.net)[1])
    for name, weight in net.named_parameters():
        if name not in names:
            continue
        factor = head_factor
        if name not in ("weights", "bias"):
            factor = tune.pace(name, depth)
        by_factor.setdefault(factor, []).append(weight)
    groups: list[WeightGroup] = []
    for factor, weights in sorted(by_factor.items()):
        groups.append({"params": weights, "pace": factor})
    return tune.optimizer.create(groups, tune.learning_rate, tune.weight_decay)


def _copy(weights: Mapping[str, torch.Tensor]) -> Tensors:
    return {n: p.detach().clone() for n, p in weights.items()}


def _load(weights: Mapping[str, torch.Tensor], values: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            weights[name].copy_(value)
