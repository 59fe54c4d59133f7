"""Kinds of what stands for a missing value: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.base.kinds import union
from mesocosm.govern.clean.missing.constant import Constant
from mesocosm.govern.clean.missing.drop import Drop, Quarantine
from mesocosm.govern.clean.missing.fill import Fill
from mesocosm.govern.clean.missing.forward import Forward
from mesocosm.govern.clean.missing.iterative import Iterative
from mesocosm.govern.clean.missing.keep import Keep
from mesocosm.govern.clean.missing.knn import Knn
from mesocosm.govern.clean.missing.mean import Mean
from mesocosm.govern.clean.missing.median import Median
from mesocosm.govern.clean.missing.mode import Mode

FILLS: dict[str, type[Fill]] = {
    "constant": Constant,
    "drop": Drop,
    "forward": Forward,
    "iterative": Iterative,
    "keep": Keep,
    "knn": Knn,
    "mean": Mean,
    "median": Median,
    "mode": Mode,
    "quarantine": Quarantine,
}

if TYPE_CHECKING:
    MissingSetting = Fill
else:
    MissingSetting = union(FILLS, "how", "with")
