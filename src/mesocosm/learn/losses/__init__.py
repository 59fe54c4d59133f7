"""What training makes small: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.learn.losses.cross_entropy import CrossEntropy
from mesocosm.learn.losses.focal import Focal

LOSSES: dict[str, type[Kind]] = {
    "cross_entropy": CrossEntropy,
    "focal": Focal,
}
