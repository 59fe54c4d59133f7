"""How the learning rate moves: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.schedules.constant import Constant
from mesocosm.learn.schedules.cosine import Cosine
from mesocosm.learn.schedules.linear import Linear
from mesocosm.learn.schedules.one_cycle import OneCycle
from mesocosm.learn.schedules.plateau import Plateau
from mesocosm.learn.schedules.step import Step

SCHEDULES: dict[str, type[Kind]] = {
    "linear": Linear,
    "constant": Constant,
    "cosine": Cosine,
    "step": Step,
    "plateau": Plateau,
    "one_cycle": OneCycle,
}
