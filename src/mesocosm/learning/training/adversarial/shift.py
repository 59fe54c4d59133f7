"""A shift of what an embedding gives, which gradients reach. Knows torch's hooks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from pydantic import Field

from mesocosm.core.settings import Settings

Pass = Callable[[], Any]


class Shift:
    """While it lasts, the output of `words` (rows, length, width) is shifted by `delta`.

    Args:
        words: the module that embeds words.
    """

    def __init__(self, words: Any) -> None:
        self.words = words
        self.delta: Any = None

    def __enter__(self) -> Shift:
        self.hook = self.words.register_forward_hook(self._shifted)
        return self

    def __exit__(self, *_: object) -> None:
        self.hook.remove()

    def _shifted(self, module: Any, given: Any, out: Any) -> Any:
        import torch

        del module, given
        if self.delta is None:
            self.delta = torch.zeros_like(out, requires_grad=True)
        return out + self.delta

    def climb(self, by: float, reach: float) -> None:
        """Move `by` along the gradient, each row's shift held within the norm `epsilon`."""
        import torch

        grad = self.delta.grad
        sizes = grad.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None]
        with torch.no_grad():
            moved = self.delta + by * grad / sizes
            far = moved.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None]
            moved = moved * (reach / far).clamp(max=1.0)
        self.delta = moved.detach().requires_grad_(True)


class Adversarial(Settings):
    """Settings common to all.

    Args:
        epsilon: the norm of the shift of a row's embeddings, all its words together.
    """

    epsilon: float = Field(0.5, gt=0, le=100)

    @abstractmethod
    def backward(self, loss: Pass, words: Any, back: Callable[[Any], None]) -> float:
        """Run passes and their backward passes; gradients add up. Returns the loss of the unshifted
        rows.

        Args:
            loss: runs one forward pass of the batch.
            words: the module that embeds words.
            back: runs one backward pass.
        """
