"""Kinds of rule: one file and one line each."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator

from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.data.quality.rules.condition import Condition
from mesocosm.data.quality.rules.distribution import Distribution
from mesocosm.data.quality.rules.foreign_key import ForeignKey
from mesocosm.data.quality.rules.freshness import Freshness
from mesocosm.data.quality.rules.in_set import InSet
from mesocosm.data.quality.rules.not_null import NotNull
from mesocosm.data.quality.rules.quantile import Quantile
from mesocosm.data.quality.rules.range import Range
from mesocosm.data.quality.rules.regex import Regex
from mesocosm.data.quality.rules.row_count import RowCount
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.quality.rules.unique import Unique

BUILT_IN: dict[str, type[RuleKind]] = {
    "condition": Condition,
    "distribution": Distribution,
    "foreign_key": ForeignKey,
    "freshness": Freshness,
    "in_set": InSet,
    "not_null": NotNull,
    "quantile": Quantile,
    "range": Range,
    "regex": Regex,
    "row_count": RowCount,
    "unique": Unique,
}
RULES = Kinds("rules", BUILT_IN, RuleKind, "type")


def _condition(value: object) -> object:
    if isinstance(value, str):
        if value in RULES and value != "condition":
            return {"type": value}
        return {"type": "condition", "condition": value}
    if isinstance(value, dict) and "condition" in value:
        return {"type": "condition", **value}
    return value


if TYPE_CHECKING:
    RuleSetting = RuleKind
else:
    RuleSetting = Annotated[one_of(RULES, "type"), BeforeValidator(_condition)]
