"""Learning rate schedules: one file and one line each."""

from mesocosm.core.settings import Settings
from mesocosm.learning.training.schedules.constant import Constant
from mesocosm.learning.training.schedules.cosine import Cosine
from mesocosm.learning.training.schedules.linear import Linear
from mesocosm.learning.training.schedules.one_cycle import OneCycle
from mesocosm.learning.training.schedules.plateau import Plateau
from mesocosm.learning.training.schedules.step import Step

SCHEDULES: dict[str, type[Settings]] = {
    "linear": Linear,
    "constant": Constant,
    "cosine": Cosine,
    "step": Step,
    "plateau": Plateau,
    "one_cycle": OneCycle,
}
