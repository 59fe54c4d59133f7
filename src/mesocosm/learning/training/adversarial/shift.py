"""A shift of what an embedding gives, which gradients reach. Knows torch's hooks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor, nn

    Pass = Callable[[], Tensor]  # a forward pass of the batch; its loss
    Backward = Callable[[Tensor], None]  # the backward pass of a loss


class Shift:
    """While it lasts, the output of `words` (rows, length, width) is shifted by `delta`.

    Args:
        words: the module that embeds words.
    """

    def __init__(self, words: nn.Module) -> None:
        self.words = words
        self._delta: Tensor | None = None

    @property
    def delta(self) -> Tensor:
        """The shift (rows, length, width); it is there from the first pass on."""
        assert self._delta is not None
        return self._delta

    def __enter__(self) -> Shift:
        self.hook = self.words.register_forward_hook(self._shifted)
        return self

    def __exit__(self, *_: object) -> None:
        self.hook.remove()

    def _shifted(self, module: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> Tensor:
        import torch

        del module, given
        if self._delta is None:
            self._delta = torch.zeros_like(out, requires_grad=True)
        return out + self._delta

    def climb(self, by: float, reach: float) -> None:
        """Move `by` along the gradient, each row's shift held within the norm `epsilon`."""
        import torch

        grad = self.delta.grad
        assert grad is not None
        with torch.no_grad():
            moved = self.delta + by * grad / _row_norms(grad)
            moved = moved * (reach / _row_norms(moved)).clamp(max=1.0)
        self._delta = moved.detach().requires_grad_(True)


def _row_norms(shift: Tensor) -> Tensor:
    """The norm of each row's shift, (rows, 1, 1); never 0."""
    norms: Tensor = shift.flatten(1).norm(dim=1)
    return norms.clamp(min=1e-12)[:, None, None]


class Adversarial(Settings):
    """Settings common to all.

    Args:
        epsilon: the norm of the shift of a row's embeddings, all its words together.
    """

    epsilon: float = Field(0.5, gt=0, le=100)

    @abstractmethod
    def backward(self, loss: Pass, words: nn.Module, back: Backward) -> float:
        """Run passes and their backward passes; gradients add up. Returns the loss of the unshifted
        rows.

        Args:
            loss: runs one forward pass of the batch.
            words: the module that embeds words.
            back: runs one backward pass.
        """
