"""DoRA: LoRA on the direction of each matrix, its columns' lengths trained beside."""

from __future__ import annotations

from typing import ClassVar, Literal

from mesocosm.learning.fine_tuning.lora import Lora


class Dora(Lora):
    """As LoRA, with each matrix taken apart into the lengths of its columns and their directions.

    Args:
        rank: width of the two thin matrices.
        alpha: scale of the update; twice the rank where not given.
        targets: ends of the names of modules to adapt.

    Source: Liu et al. 2024, arXiv 2402.09353.

    >>> Dora(rank=4).method
    'dora'
    """

    directions: ClassVar[bool] = True
    method: Literal["dora"] = "dora"  # type: ignore[assignment]
