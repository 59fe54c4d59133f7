"""The processes that share each batch, and the weight of each one's rows. Knows no net."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import torch
from torch import nn


class Accelerator(Protocol):
    """What is asked of Accelerate."""

    @property
    def process_index(self) -> int: ...

    @property
    def num_processes(self) -> int: ...

    @property
    def is_main_process(self) -> bool: ...

    def prepare(self, net: nn.Module, /) -> nn.Module: ...

    def autocast(self) -> AbstractContextManager[None]: ...

    def backward(self, loss: torch.Tensor, /) -> None: ...


class ProcessGroup:
    """The processes that share each batch; a single process has all of it."""

    def __init__(self, accelerator: Accelerator) -> None:
        self.rank, self.count = int(accelerator.process_index), int(accelerator.num_processes)

    def mine(self, pick: list[int]) -> list[int]:
        """This process's rows of a batch; one row at least, of weight 0 where there are fewer rows
        than processes.
        """
        return pick[self.rank :: self.count] or pick[:1]

    def share(
        self,
        mine: torch.Tensor,
        whole: torch.Tensor,
        weights: torch.Tensor | None,
        rows: int,
        of: int,
    ) -> float:
        """The weight of the mean over this process's rows, so that the mean over processes is the
        mean over the batch.

        Args:
            mine, whole: the targets of this process's rows and of the batch.
            weights: of the classes, or None.
            rows, of: how many rows each of them has.
        """
        if self.count == 1:
            return 1.0
        if self.rank >= of:
            return 0.0
        if weights is None:
            return rows * self.count / of
        ours, all_of = float(weights[mine].sum()), float(weights[whole].sum())
        return ours * self.count / all_of

    def mean(self, loss: float) -> float:
        """The mean over processes of a loss that each has multiplied by its share."""
        if self.count == 1:
            return loss
        both = torch.tensor([loss], dtype=torch.float64)
        torch.distributed.all_reduce(both)
        return float(both[0]) / self.count
