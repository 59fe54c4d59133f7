"""LoRA: two thin matrices beside each attention projection are trained, and merged at the end."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mesocosm.base.errors import Wrong
from mesocosm.learn.tuning.gradient import Gradient


class Lora(Gradient):
    """Train two thin matrices per attention projection: W x becomes W x + (alpha / rank) B A x.

    Args:
        rank: width of A (rank, in) and B (out, rank); 1 or more.
        alpha: scale of the update, > 0; twice the rank where not given.
        targets: ends of the names of modules to adapt; `attention` takes the query and value.

    Raises:
        Wrong: no module of the base bears a name in `targets`; lists those that exist.

    Source: Hu et al. 2021, arXiv 2106.09685.

    >>> Lora(rank=4).rank
    4
    """

    method: Literal["lora"] = "lora"
    learning_rate: float = Field(5e-4, gt=0, le=1)
    rank: int = Field(8, ge=1, le=1024)
    alpha: float | None = Field(None, gt=0)
    targets: tuple[str, ...] | Literal["attention"] = "attention"

    def attach(self, base: Any) -> Any:
        """The base wrapped by PEFT; only the thin matrices train."""
        from peft import LoraConfig, get_peft_model

        ends = {name.rsplit(".", 1)[-1] for name, m in base.named_modules() if getattr(m, "in_features", 0)}
        usual = [n for n in ("query", "value", "q_proj", "v_proj", "q_lin", "v_lin") if n in ends]
        names = usual if self.targets == "attention" else list(self.targets)
        unknown = [n for n in names if n not in ends]
        if unknown or not names:
            word = unknown[0] if unknown else "attention"
            raise Wrong("tune.targets", f"no module of the base is named '{word}'", "a module of it", sorted(ends), word)
        settings = LoraConfig(r=self.rank, lora_alpha=self.alpha or 2 * self.rank, lora_dropout=self.dropout, target_modules=names)
        return get_peft_model(base, settings)
