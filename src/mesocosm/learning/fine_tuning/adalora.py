"""AdaLoRA: low-rank updates whose rank is cut where it helps least."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, cast

from pydantic import Field

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import linear_names
from mesocosm.learning.fine_tuning.lora import ATTENTION

if TYPE_CHECKING:
    from peft import AdaLoraConfig, AdaLoraModel, PeftModel
    from torch import Tensor, nn

MEMORY = ("ipt", "exp_avg_ipt", "exp_avg_unc")


class RankAllocator(Protocol):
    """What PEFT decides the ranks with; it keeps the importance of each update by its name."""

    ipt: dict[str, Tensor]
    exp_avg_ipt: dict[str, Tensor]
    exp_avg_unc: dict[str, Tensor]

    def set_total_step(self, total_step: int) -> None: ...


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

    def attach(self, base: nn.Module) -> nn.Module:
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
            # PEFT takes fractions too
            lora_alpha=self.alpha or 2 * self.rank,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            target_modules=names,
            orth_reg_weight=0.0001,
        )
        return get_peft_model(base, settings)

    def begin(self, net: nn.Module, steps: int) -> None:
        """A tenth of the steps at full rank, then cuts until half, then none."""
        settings = cast("AdaLoraConfig", cast("PeftModel", net).peft_config["default"])
        settings.total_step, settings.tinit, settings.tfinal = (
            steps,
            steps // 10,
            max(1, steps // 2),
        )
        _allocator_of(net).set_total_step(steps)

    def penalty(self, net: nn.Module) -> Tensor:
        """How far P and Q are from orthogonal."""
        import torch

        total = torch.zeros(())
        matrices = 0
        for name, weight in net.named_parameters():
            if "lora_A" in name:
                matrices += 1
                total = total + _distance_from_identity(weight @ weight.T)
            elif "lora_B" in name:
                total = total + _distance_from_identity(weight.T @ weight)
        return self.orthogonal * total / max(1, matrices)

    def after_step(self, net: nn.Module, step: int) -> None:
        """Let PEFT weigh the updates by this step's gradients, and cut their rank."""
        _model_of(net).update_and_allocate(step)

    def state(self, net: nn.Module) -> dict[str, Tensor]:
        """The importance of each update so far."""
        tensors: dict[str, Tensor] = {}
        for memory in MEMORY:
            for name, value in _memory_of(net, memory).items():
                tensors[f"{memory}:{name}"] = value
        return tensors

    def restore(self, net: nn.Module, state: dict[str, Tensor]) -> None:
        """Put the importance of each update back."""
        for name, value in state.items():
            memory, _, part = name.partition(":")
            _memory_of(net, memory)[part] = value


def _model_of(net: nn.Module) -> AdaLoraModel:
    """PEFT's model in a net that `attach` made."""
    return cast("AdaLoraModel", cast("PeftModel", net).base_model)


def _allocator_of(net: nn.Module) -> RankAllocator:
    return cast(RankAllocator, _model_of(net).rankallocator)


def _memory_of(net: nn.Module, memory: str) -> dict[str, Tensor]:
    """One of the allocator's memories, by the names of the updates."""
    values: dict[str, Tensor] = getattr(_allocator_of(net), memory)
    return values


def _distance_from_identity(square: Tensor) -> Tensor:
    import torch

    distance: Tensor = (square - torch.eye(len(square))).norm()
    return distance
