"""Kinds of cleaning step: one file and one line each. The steps run in one documented order."""

from mesocosm.base.kinds import Kind
from mesocosm.govern.clean.duplicates import DUPLICATES
from mesocosm.govern.clean.missing import FILLS
from mesocosm.govern.clean.outliers import FENCES

CLEAN: dict[str, dict[str, type[Kind]]] = {
    "duplicates": dict(DUPLICATES),
    "missing": dict(FILLS),
    "outliers": dict(FENCES),
}
