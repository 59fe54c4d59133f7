"""What training makes small: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.losses.binary import Binary
from mesocosm.learn.losses.cross_entropy import CrossEntropy
from mesocosm.learn.losses.focal import Focal
from mesocosm.learn.losses.huber import Huber
from mesocosm.learn.losses.mse import Mse
from mesocosm.learn.losses.quantile import Quantile

LOSSES: dict[str, type[Kind]] = {
    "binary": Binary,
    "cross_entropy": CrossEntropy,
    "focal": Focal,
    "huber": Huber,
    "mse": Mse,
    "quantile": Quantile,
}
