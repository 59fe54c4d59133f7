"""How a base learns before it is tuned: one file and one line each."""

from mesocosm.learn.pretraining.contrastive import Contrastive
from mesocosm.learn.pretraining.masked import Masked
from mesocosm.learn.pretraining.multitask import Multitask
from mesocosm.learn.pretraining.objective import Objective

OBJECTIVES: dict[str, type[Objective]] = {
    "masked": Masked,
    "contrastive": Contrastive,
    "multitask": Multitask,
}

__all__ = ["OBJECTIVES", "Objective"]
