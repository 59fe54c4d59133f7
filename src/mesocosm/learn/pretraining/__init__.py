"""How a base learns from texts without labels: one file and one line each."""

from mesocosm.learn.pretraining.contrastive import Contrastive
from mesocosm.learn.pretraining.masked import Masked
from mesocosm.learn.pretraining.objective import Objective

OBJECTIVES: dict[str, type[Objective]] = {"masked": Masked, "contrastive": Contrastive}

__all__ = ["OBJECTIVES", "Objective"]
