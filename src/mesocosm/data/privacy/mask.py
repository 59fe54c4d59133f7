"""Mask: all but the last characters become stars. Knows Ibis columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mesocosm.data.pipeline.ibis_sql import Column, cases, literal, null, trim
from mesocosm.data.privacy.private_kind import PrivateKind


class Mask(PrivateKind):
    """Hide all but the last characters of a value.

    Args:
        show: how many characters at the end stay, 0 to 4; at most a third of the value is shown.

    Source: PCI DSS 4.0, requirement 3.4 (truncated display).

    >>> Mask().show
    2
    """

    method: Literal["mask"] = "mask"
    show: int = Field(2, ge=0, le=4)

    def value(self, x: Column, key: str) -> Column:
        """Six stars and the last characters, whatever the value's length; null stays null."""
        del key
        text = trim(x)
        shown = text.right(self.show) if self.show else literal("")
        tail = cases((text.length() >= 3 * self.show, shown), other=literal(""))
        return cases((text.notnull(), literal("******") + tail), other=null())
