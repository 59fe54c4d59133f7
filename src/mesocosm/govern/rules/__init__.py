"""Kinds of rule. One for now: a condition in SQL over field names."""

from mesocosm.base.kinds import Kind
from mesocosm.govern.rules.condition import Condition

RULES: dict[str, type[Kind]] = {"condition": Condition}
