"""Pseudonyms: a keyed hash, the same for one value in every dataset. Knows Ibis columns."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.pipeline.ibis_sql import Column, functions, literal, trim
from mesocosm.data.privacy.private_kind import PrivateKind


class Pseudonymise(PrivateKind):
    """Replace a value by HMAC-SHA256 under the project's key, 128 bits as hex.

    The value is taken in lower case without outer spaces, so one person has one pseudonym.

    Source: RFC 2104; ENISA, Pseudonymisation techniques and best practices (2019).

    >>> Pseudonymise().method
    'pseudonymise'
    """

    method: Literal["pseudonymise"] = "pseudonymise"

    def value(self, x: Column, key: str) -> Column:
        """The pseudonym, null for null; `key` is 64 hex digits."""
        call = functions()
        block = bytes.fromhex(key).ljust(64, b"\0")
        inner, outer = _pad(block, 0x36), _pad(block, 0x5C)
        text = trim(x).lower()
        first = call["sha256_bytes"](call["join"](inner, call["encode"](text)))
        return call["sha256_bytes"](call["join"](outer, call["unhex"](first))).left(32)


def _pad(block: bytes, pad: int) -> Column:
    """A key as HMAC takes it: each byte changed by a pad."""
    return literal(bytes(byte ^ pad for byte in block), "binary")
