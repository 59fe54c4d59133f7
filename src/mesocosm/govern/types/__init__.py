"""Types of a field: one file and one line each. A type reads a raw column and says what it could not."""

from mesocosm.base.kinds import Kind
from mesocosm.govern.types.boolean import Boolean
from mesocosm.govern.types.category import Category
from mesocosm.govern.types.date import Date
from mesocosm.govern.types.number import Integer, Number
from mesocosm.govern.types.text import Text

TYPES: dict[str, type[Kind]] = {
    "boolean": Boolean,
    "category": Category,
    "date": Date,
    "integer": Integer,
    "number": Number,
    "text": Text,
}
