"""Types of a field: one file and one line each. A type reads a raw column and says what it could
not.
"""

from mesocosm.base.kinds import Kind
from mesocosm.govern.types.address import Address
from mesocosm.govern.types.boolean import Boolean
from mesocosm.govern.types.category import Category
from mesocosm.govern.types.country import Country
from mesocosm.govern.types.date import Date
from mesocosm.govern.types.decimal import Decimal
from mesocosm.govern.types.image import Image
from mesocosm.govern.types.list import List
from mesocosm.govern.types.number import Integer, Number
from mesocosm.govern.types.phone import Phone
from mesocosm.govern.types.tags import Tags
from mesocosm.govern.types.text import Text
from mesocosm.govern.types.time import Time

TYPES: dict[str, type[Kind]] = {
    "address": Address,
    "boolean": Boolean,
    "category": Category,
    "country": Country,
    "date": Date,
    "decimal": Decimal,
    "image": Image,
    "integer": Integer,
    "list": List,
    "number": Number,
    "phone": Phone,
    "tags": Tags,
    "text": Text,
    "time": Time,
}
