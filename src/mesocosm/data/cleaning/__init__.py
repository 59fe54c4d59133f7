"""Kinds of cleaning step: one file and one line each. The steps run in one documented order."""

from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.duplicates import DUPLICATES
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.cleaning.outliers import OUTLIER_DETECTORS

CLEAN: dict[str, dict[str, type[Settings]]] = {
    "duplicates": dict(DUPLICATES),
    "missing": dict(IMPUTERS),
    "outliers": dict(OUTLIER_DETECTORS),
}
