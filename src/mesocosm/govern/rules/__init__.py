"""Kinds of rule: one file and one line each."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from mesocosm.base.kinds import union
from mesocosm.govern.rules.condition import Condition
from mesocosm.govern.rules.distribution import Distribution
from mesocosm.govern.rules.foreign_key import ForeignKey
from mesocosm.govern.rules.freshness import Freshness
from mesocosm.govern.rules.in_set import InSet
from mesocosm.govern.rules.not_null import NotNull
from mesocosm.govern.rules.range import Range
from mesocosm.govern.rules.regex import Regex
from mesocosm.govern.rules.row_count import RowCount
from mesocosm.govern.rules.rule import RuleKind
from mesocosm.govern.rules.unique import Unique

RULES: dict[str, type[RuleKind]] = {
    "condition": Condition,
    "distribution": Distribution,
    "foreign_key": ForeignKey,
    "freshness": Freshness,
    "in_set": InSet,
    "not_null": NotNull,
    "range": Range,
    "regex": Regex,
    "row_count": RowCount,
    "unique": Unique,
}


def _condition(value: Any) -> Any:
    if isinstance(value, str):
        return (
            {"rule": value}
            if value in RULES and value != "condition"
            else {"rule": "condition", "condition": value}
        )
    if isinstance(value, dict) and "condition" in value:
        return {"rule": "condition", **value}
    return value


if TYPE_CHECKING:
    RuleSetting = RuleKind
else:
    RuleSetting = Annotated[union(RULES, "rule"), BeforeValidator(_condition)]
