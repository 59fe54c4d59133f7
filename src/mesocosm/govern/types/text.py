"""Free text. Knows outer spaces; the words stay as they are."""

from __future__ import annotations

from typing import Literal

from mesocosm.govern.types.field import FieldKind


class Text(FieldKind):
    """Free text without outer spaces.

    Source: Unicode 16, White_Space.

    >>> Text().wanted
    'text'
    """

    type: Literal["text"] = "text"

    @property
    def narrows(self) -> bool:
        """Free text keeps its characters."""
        return False
