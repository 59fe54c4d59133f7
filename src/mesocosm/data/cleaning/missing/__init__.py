"""Kinds of what stands for a missing value: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.data.cleaning.missing.constant import Constant
from mesocosm.data.cleaning.missing.drop import Drop, Quarantine
from mesocosm.data.cleaning.missing.forward import Forward
from mesocosm.data.cleaning.missing.imputer import Imputer
from mesocosm.data.cleaning.missing.iterative import Iterative
from mesocosm.data.cleaning.missing.keep import Keep
from mesocosm.data.cleaning.missing.knn import Knn
from mesocosm.data.cleaning.missing.mean import Mean
from mesocosm.data.cleaning.missing.median import Median
from mesocosm.data.cleaning.missing.mode import Mode

BUILT_IN: dict[str, type[Imputer]] = {
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
IMPUTERS = Kinds("cleaning", BUILT_IN, Imputer, "method")

if TYPE_CHECKING:
    MissingSetting = Imputer
else:
    MissingSetting = one_of(IMPUTERS, "method")
