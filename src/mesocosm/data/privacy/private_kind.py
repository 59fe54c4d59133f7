"""What every kind of privacy has: how a value is hidden. Knows Ibis columns."""

from __future__ import annotations

from abc import abstractmethod

from mesocosm.core.settings import Settings
from mesocosm.data.pipeline.ibis_sql import Column


class PrivateKind(Settings):
    """How a private value is hidden."""

    method: str

    @abstractmethod
    def value(self, x: Column, key: str) -> Column:
        """The hidden value, null for null.

        Args:
            key: 64 hex digits that pseudonyms are made under.
        """
