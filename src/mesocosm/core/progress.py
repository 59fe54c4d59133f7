"""A sentence about work in progress, with the data it was written from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

QUIET = 2.0  # seconds after which progress is told


class Told(str):
    """A sentence that carries a record.

    Args:
        text: the sentence.
        record: of training `epoch`, `step`, `of`, `loss`, `left` (seconds) or an epoch's losses; of
            a price `about` (seconds).

    >>> Told("about 12 s", {"about": 12.0}).record
    {'about': 12.0}
    """

    record: Mapping[str, Any]

    def __new__(cls, text: str, record: Mapping[str, Any]) -> Told:
        """The sentence with its record."""
        said = super().__new__(cls, text)
        said.record = record
        return said
