"""Outlier detectors of a numeric field: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.cleaning.outliers.iqr import Iqr
from mesocosm.data.cleaning.outliers.isolation_forest import Forest
from mesocosm.data.cleaning.outliers.mad import Mad
from mesocosm.data.cleaning.outliers.zscore import Zscore

BUILT_IN: dict[str, type[OutlierDetector]] = {
    "forest": Forest,
    "iqr": Iqr,
    "mad": Mad,
    "zscore": Zscore,
}
OUTLIER_DETECTORS = Kinds("cleaning", BUILT_IN, OutlierDetector, "method")

if TYPE_CHECKING:
    OutliersSetting = OutlierDetector
else:
    OutliersSetting = one_of(OUTLIER_DETECTORS, "method")
