"""Hidden already: a value that the dataset before this one hid. Knows Ibis columns."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.pipeline.ibis_sql import Column
from mesocosm.data.privacy.private_kind import PrivateKind


class Hidden(PrivateKind):
    """Keep a value as the dataset that is read hid it, and treat the field as private.

    For a field that reads a private field of another dataset: nothing can be shown of it again.

    Source: Regulation (EU) 2016/679, article 5 (1) (c), data minimisation.

    >>> Hidden().method
    'hidden'
    """

    method: Literal["hidden"] = "hidden"

    def value(self, x: Column, key: str) -> Column:
        """The value as it came."""
        del key
        return x.cast("string")
