"""Kinds of cleaning step: one file and one line each. The steps run in one documented order."""

from mesocosm.base.kinds import Kind
from mesocosm.govern.clean.duplicates import Duplicates
from mesocosm.govern.clean.missing import Missing
from mesocosm.govern.clean.outliers import Outliers

CLEAN: dict[str, type[Kind]] = {
    "duplicates": Duplicates,
    "missing": Missing,
    "outliers": Outliers,
}
