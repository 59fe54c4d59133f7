"""Redaction: a text without the private values in it. Knows Ibis columns; the detector finds
them.
"""

from __future__ import annotations

from typing import Literal

from mesocosm.data.pipeline.ibis_sql import Column, functions
from mesocosm.data.privacy.private_kind import PrivateKind


class Redact(PrivateKind):
    """Put the kind of each private value in a text into its place: `call [phone]`.

    Names, e-mail, phone, national ids, cards, IBAN, addresses and IP, in English, German, French,
    Spanish and Chinese; what the detector does not find stays.

    Source: ISO/IEC 20889:2018, 8.3 (masking), for free text.

    >>> Redact().method
    'redact'
    """

    method: Literal["redact"] = "redact"

    def value(self, x: Column, key: str) -> Column:
        """The text with each private value as its kind in brackets, null for null."""
        del key
        return functions()["redacted"](x.cast("string"))
