"""Optimizers: one file and one line each."""

from mesocosm.core.settings import Settings
from mesocosm.learning.training.optimizers.adafactor import Adafactor
from mesocosm.learning.training.optimizers.adam import Adam
from mesocosm.learning.training.optimizers.adamw import Adamw
from mesocosm.learning.training.optimizers.lion import Lion
from mesocosm.learning.training.optimizers.sgd import Sgd

OPTIMISERS: dict[str, type[Settings]] = {
    "adamw": Adamw,
    "adam": Adam,
    "sgd": Sgd,
    "adafactor": Adafactor,
    "lion": Lion,
}
