"""Kinds of repair: one file and one line each. They run right after the types are read."""

from typing import TYPE_CHECKING

from mesocosm.base.kinds import union
from mesocosm.govern.repair.dependency import Dependency
from mesocosm.govern.repair.moved import Moved
from mesocosm.govern.repair.repair import RepairKind
from mesocosm.govern.repair.spelling import Spelling

REPAIRS: dict[str, type[RepairKind]] = {
    "dependency": Dependency,
    "moved": Moved,
    "spelling": Spelling,
}

if TYPE_CHECKING:
    RepairSetting = RepairKind
else:
    RepairSetting = union(REPAIRS, "repair")
