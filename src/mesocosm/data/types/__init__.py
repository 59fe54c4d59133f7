"""Types of a field: one file and one line each. A type reads a raw column and says what it could
not.
"""

from mesocosm.core.settings import Settings
from mesocosm.data.types.address import Address
from mesocosm.data.types.boolean import Boolean
from mesocosm.data.types.category import Category
from mesocosm.data.types.country import Country
from mesocosm.data.types.date import Date
from mesocosm.data.types.decimal import Decimal
from mesocosm.data.types.image import Image
from mesocosm.data.types.list import List
from mesocosm.data.types.number import Integer, Number
from mesocosm.data.types.phone import Phone
from mesocosm.data.types.tags import Tags
from mesocosm.data.types.text import Text
from mesocosm.data.types.time import Time

TYPES: dict[str, type[Settings]] = {
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
