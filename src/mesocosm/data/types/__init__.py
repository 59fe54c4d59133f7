"""Types of a field: one file and one line each. A type reads a raw column and says what it could
not.
"""

from collections.abc import Mapping

from mesocosm.core.messages import Message
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.data.types.address import Address
from mesocosm.data.types.country import Country
from mesocosm.data.types.date import Date
from mesocosm.data.types.decimal import Decimal
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.identifier import Identifier
from mesocosm.data.types.image import Image
from mesocosm.data.types.integer import Integer
from mesocosm.data.types.labels.boolean import Boolean
from mesocosm.data.types.labels.category import Category
from mesocosm.data.types.labels.list import List
from mesocosm.data.types.labels.tags import Tags
from mesocosm.data.types.number import Number
from mesocosm.data.types.phone import Phone
from mesocosm.data.types.text import Text
from mesocosm.data.types.time import Time

BUILT_IN: dict[str, type[FieldKind]] = {
    "address": Address,
    "boolean": Boolean,
    "category": Category,
    "country": Country,
    "date": Date,
    "decimal": Decimal,
    "identifier": Identifier,
    "image": Image,
    "integer": Integer,
    "list": List,
    "number": Number,
    "phone": Phone,
    "tags": Tags,
    "text": Text,
    "time": Time,
}


def _find_fault(kind: type[FieldKind]) -> tuple[Message, Message] | None:
    if kind.acts_as in BUILT_IN:
        return None
    expected = Message("data.acts_as", names=", ".join(BUILT_IN))
    return Message("data.acts_as_of", kind=kind.__name__, value=kind.acts_as), expected


TYPES = Kinds("types", BUILT_IN, FieldKind, "type", find_fault=_find_fault)


def role_of(field: Mapping[str, object]) -> str:
    """The type of a field, as a recipe has its settings, as models and reports know it.

    >>> role_of({"type": "text"})
    'text'
    """
    name = str(field.get("type"))
    kind = TYPES.get(name)
    return (kind and kind.acts_as) or name
