"""The records of a training: of an epoch, and of a step within one. Knows the numbers only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NotRequired, TypeAlias, TypedDict, final

from mesocosm.core.messages import Message
from mesocosm.core.progress import QUIET, ProgressEvent


@final
class EpochRecord(TypedDict):
    """An epoch's losses; the first one of a fine-tuning also tells how many weights it trains, the
    last one the loss of averaged weights.
    """

    epoch: int
    train_loss: float
    held_loss: float
    trained: NotRequired[int]
    mean_held_loss: NotRequired[float]


@final
class StepRecord(TypedDict):
    """How far an epoch is: `step` of `of` batches, the mean loss so far, the seconds left."""

    epoch: int
    step: int
    of: int
    loss: float
    left: int


TrainingRecord: TypeAlias = EpochRecord | StepRecord
History: TypeAlias = list[EpochRecord]
Report: TypeAlias = Callable[[TrainingRecord], None]


def as_progress(record: TrainingRecord) -> ProgressEvent:
    """A record of training as a line of progress."""
    epoch = record["epoch"]
    if "step" in record:
        step, steps, loss, left = record["step"], record["of"], record["loss"], record["left"]
        message = Message(
            "progress.step", epoch=epoch, step=step, steps=steps, loss=loss, left=left
        )
        return ProgressEvent(message, epoch, step, steps, loss, seconds_left=left)
    trained, held = record["train_loss"], record["held_loss"]
    message = Message("progress.epoch", epoch=epoch, train_loss=trained, held_loss=held)
    return ProgressEvent(message, epoch, train_loss=trained, held_loss=held)


class EpochProgress:
    """The loss of an epoch so far, reported every two seconds.

    Args:
        epoch: its number, from 0, of `epochs`.
        batches: how many it has, of `batch` rows each.
    """

    def __init__(self, epoch: int, epochs: int, batches: int, batch: int, report: Report) -> None:
        self.epoch, self.epochs, self.batches, self.batch = epoch, epochs, batches, batch
        self.report = report
        self.total, self.done = 0.0, 0
        self.began = self.reported = time.perf_counter()

    def add(self, loss: float, rows: int) -> None:
        """Count one more batch, of that mean loss and so many rows."""
        self.total += loss * rows
        self.done += 1
        now = time.perf_counter()
        if now - self.reported > QUIET:
            self.reported = now
            self.report(self._record(now - self.began))

    def _record(self, seconds: float) -> StepRecord:
        left = self.batches * (self.epochs - self.epoch) - self.done
        return {
            "epoch": self.epoch + 1,
            "step": self.done,
            "of": self.batches,
            "loss": round(self.total / (self.done * self.batch), 4),
            "left": round(seconds / self.done * left),
        }
