"""Losses: one file and one line each."""

from mesocosm.core.settings import Settings
from mesocosm.learning.training.losses.binary import Binary
from mesocosm.learning.training.losses.cross_entropy import CrossEntropy
from mesocosm.learning.training.losses.focal import Focal
from mesocosm.learning.training.losses.huber import Huber
from mesocosm.learning.training.losses.mse import Mse
from mesocosm.learning.training.losses.quantile import Quantile

LOSSES: dict[str, type[Settings]] = {
    "binary": Binary,
    "cross_entropy": CrossEntropy,
    "focal": Focal,
    "huber": Huber,
    "mse": Mse,
    "quantile": Quantile,
}
