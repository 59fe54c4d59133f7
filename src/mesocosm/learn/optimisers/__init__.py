"""How weights follow their gradients: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.optimisers.adafactor import Adafactor
from mesocosm.learn.optimisers.adam import Adam
from mesocosm.learn.optimisers.adamw import Adamw
from mesocosm.learn.optimisers.lion import Lion
from mesocosm.learn.optimisers.sgd import Sgd

OPTIMISERS: dict[str, type[Kind]] = {
    "adamw": Adamw,
    "adam": Adam,
    "sgd": Sgd,
    "adafactor": Adafactor,
    "lion": Lion,
}
