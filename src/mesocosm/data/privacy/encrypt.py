"""Encryption: a value that only who holds the key can read again. Knows Ibis columns."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.pipeline.ibis_sql import Column, functions, trim
from mesocosm.data.privacy.private_kind import PrivateKind


class Encrypt(PrivateKind):
    """Seal a value by AES-256-GCM; `mesocosm data reveal` opens it, `mesocosm data rotate` changes
    the key.

    Equal values are sealed differently, so rows cannot be linked by them.

    Source: NIST SP 800-38D (GCM).

    >>> Encrypt().method
    'encrypt'
    """

    method: Literal["encrypt"] = "encrypt"

    def value(self, x: Column, key: str) -> Column:
        """`enc:KEY:...`, null for null; the key is the one on the ring of the connection."""
        del key
        return functions()["seal"](trim(x))
