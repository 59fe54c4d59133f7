"""LoRA: a low-rank update of each attention projection is trained, and merged at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import linear_names

if TYPE_CHECKING:
    from torch import nn

ATTENTION = ("query", "value", "q_proj", "v_proj", "q_lin", "v_lin", "c_attn")


class Lora(Gradient):
    """Train a low-rank update of each attention projection: W x becomes W x + (alpha / rank) B A x.

    Args:
        rank: width of A (rank, in) and B (out, rank); 1 or more.
        alpha: scale of the update, > 0; twice the rank where not given.
        targets: ends of the names of modules to adapt; `attention` takes the query and value.

    Raises:
        ConfigValueError: no module of the base bears a name in `targets`; lists those that exist.

    Source: Hu et al. 2021, arXiv 2106.09685.

    >>> Lora(rank=4).rank
    4
    """

    directions: ClassVar[bool] = False
    method: Literal["lora"] = "lora"
    learning_rate: float = Field(5e-4, gt=0, le=1)
    rank: int = Field(8, ge=1, le=1024)
    alpha: float | None = Field(None, gt=0)
    targets: tuple[str, ...] | Literal["attention"] = "attention"

    def attach(self, base: nn.Module) -> nn.Module:
        """The base wrapped by PEFT; only the low-rank matrices train."""
        from peft import LoraConfig, get_peft_model

        names = linear_names(base, ATTENTION, self.targets, "attention")
        settings = LoraConfig(
            r=self.rank,
            # PEFT takes fractions too
            lora_alpha=self.alpha or 2 * self.rank,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            target_modules=names,
            use_dora=self.directions,
        )
        return get_peft_model(base, settings)
