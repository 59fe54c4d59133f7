"""What the record of a version's preparation holds: its SQL, and the fields of a row. Knows shapes;
reads nothing.
"""

from __future__ import annotations

from typing import Required, TypedDict

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.messages import Text


class FieldRecord(TypedDict, total=False):
    """What a request's value of a field must be.

    `wanted` is what is expected, in words; `may_miss` whether it may be null; `extra` whether the
    model itself does not read it; `most` the characters of a text; `decimal` the decimal mark that
    its recipe reads.
    """

    wanted: Required[Text]
    may_miss: Required[bool]
    extra: bool
    most: int
    image: bool
    type: str
    unit: str | None
    decimal: str
    private: bool


class PreparationRecord(TypedDict, total=False):
    """How a version's requests are prepared.

    `sql` is over a table `incoming`; `training` has quantiles or counts by field, `days` the first
    and last day of each date in the data, `spellings` other texts for a label.
    """

    sql: str
    fields: Required[dict[str, FieldRecord]]
    training: dict[str, TrainingColumn]
    spellings: dict[str, str]
    days: dict[str, list[float]]
