"""Kinds of fence round a numeric field: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.base.kinds import union
from mesocosm.govern.clean.outliers.fence import Fence
from mesocosm.govern.clean.outliers.forest import Forest
from mesocosm.govern.clean.outliers.iqr import Iqr
from mesocosm.govern.clean.outliers.mad import Mad
from mesocosm.govern.clean.outliers.zscore import Zscore

FENCES: dict[str, type[Fence]] = {
    "forest": Forest,
    "iqr": Iqr,
    "mad": Mad,
    "zscore": Zscore,
}

if TYPE_CHECKING:
    OutliersSetting = Fence
else:
    OutliersSetting = union(FENCES, "method")
