"""Kinds of repair: one file and one line each. They run right after the types are read."""

from typing import TYPE_CHECKING

from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.data.cleaning.repairs.dependency import Dependency
from mesocosm.data.cleaning.repairs.learned import Learned
from mesocosm.data.cleaning.repairs.misplaced_value import Moved
from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.cleaning.repairs.spelling import Spelling

BUILT_IN: dict[str, type[RepairKind]] = {
    "dependency": Dependency,
    "learned": Learned,
    "moved": Moved,
    "spelling": Spelling,
}
REPAIRS = Kinds("cleaning", BUILT_IN, RepairKind, "method", ("fit", "values"))

if TYPE_CHECKING:
    RepairSetting = RepairKind
else:
    RepairSetting = one_of(REPAIRS, "method")
