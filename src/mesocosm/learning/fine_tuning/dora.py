"""DoRA: LoRA on the direction of each matrix, and its columns' norms."""

from __future__ import annotations

from typing import ClassVar, Literal

from mesocosm.learning.fine_tuning.lora import Lora


class Dora(Lora):
    """As LoRA, with each matrix decomposed into the norms of its columns and their directions.

    Args:
        rank: of the update.
        alpha: scale of the update; twice the rank where not given.
        targets: ends of the names of modules to adapt.

    Source: Liu et al. 2024, arXiv 2402.09353.

    >>> Dora(rank=4).method
    'dora'
    """

    directions: ClassVar[bool] = True
    method: Literal["dora"] = "dora"  # type: ignore[assignment]
