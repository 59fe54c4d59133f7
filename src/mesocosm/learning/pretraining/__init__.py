"""How a base learns before it is tuned: one file and one line each."""

from mesocosm.learning.pretraining.contrastive import Contrastive
from mesocosm.learning.pretraining.masked import Masked
from mesocosm.learning.pretraining.multitask import Multitask
from mesocosm.learning.pretraining.objective import Objective

OBJECTIVES: dict[str, type[Objective]] = {
    "masked": Masked,
    "contrastive": Contrastive,
    "multitask": Multitask,
}

__all__ = ["OBJECTIVES", "Objective"]
