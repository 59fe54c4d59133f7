"""AdaLoRA: low-rank updates whose rank is cut where it helps least."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import linear_names
from mesocosm.learning.fine_tuning.lora import ATTENTION

MEMORY = ("ipt", "exp_avg_ipt", "exp_avg_unc")


class Adalora(Gradient):
    """Train updates P diag(l) Q of `rank`, cut step by step to `target` on average, by each part's
    weight in the loss.

    Args:
        rank: the rank at the start.
        target: the mean rank at the end.
        alpha: scale of the update; twice the rank where not given.
        orthogonal: how much P and Q are held to be orthogonal.
        targets: ends of the names of modules to adapt; `attention` takes the query and value.

    Source: Zhang et al. 2023, arXiv 2303.10512.

    >>> Adalora().target
    8
    """

    method: Literal["adalora"] = "adalora"
    learning_rate: float = Field(2e-3, gt=0, le=10)
    rank: int = Field(12, ge=2, le=1024)
    target: int = Field(8, ge=1, le=1024)
    alpha: float | None = Field(None, gt=0)
    orthogonal: float = Field(0.1, ge=0)
    targets: tuple[str, ...] | Literal["attention"] = "attention"

    def attach(self, base: Any) -> Any:
        """The base wrapped by PEFT; only the low-rank updates train."""
        from peft import AdaLoraConfig, get_peft_model

        names = linear_names(base, ATTENTION, self.targets, "attention")
        settings = AdaLoraConfig(
            init_r=self.rank,
            target_r=min(self.target, self.rank),
            total_step=1000,
            tinit=100,
            tfinal=200,
            deltaT=1,
            lora_alpha=self.alpha or 2 * self.rank,  # type: ignore[arg-type]  # PEFT takes fractions
            lora_dropout=self.dropout,
            target_modules=names,
            orth_reg_weight=0.0001,
        )
        return get_peft_model(base, settings)

    def begin(self, net: Any, steps: int) -> None:
        """A tenth of the steps at full rank, then cuts until half, then none."""
        settings = net.peft_config["default"]
        settings.total_step, settings.tinit, settings.tfinal = (
            steps,
            steps // 10,
            max(1, steps // 2),
        )
        net.base_model.rankallocator.set_total_step(steps)

    def penalty(self, net: Any) -> Any:
        """How far P and Q are from orthogonal."""
        import torch

        total: Any = 0.0
        matrices = 0
        for name, weight in net.named_parameters():
            if "lora_A" in name:
                matrices += 1
                square = weight @ weight.T
            elif "lora_B" in name:
                square = weight.T @ weight
            else:
                continue
            total = total + (square - torch.eye(len(square))).norm()
        return self.orthogonal * total / max(1, matrices)

    def after_step(self, net: Any, step: int) -> None:
        """Let PEFT weigh the updates by this step's gradients, and cut their rank."""
        net.base_model.update_and_allocate(step)

    def state(self, net: Any) -> dict[str, Any]:
        """The importance of each update so far."""
        allocator, found = net.base_model.rankallocator, {}
        for memory in MEMORY:
            for name, value in getattr(allocator, memory).items():
                found[f"{memory}:{name}"] = value
        return found

    def restore(self, net: Any, state: dict[str, Any]) -> None:
        """Put the importance of each update back."""
        for name, value in state.items():
            what, _, part = name.partition(":")
            getattr(net.base_model.rankallocator, what)[part] = value
