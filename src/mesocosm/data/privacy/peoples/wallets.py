"""Addresses of crypto money, with their checksums."""

from __future__ import annotations

import hashlib
import re

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def base58(value: str) -> bool:
    """Whether the four check bytes of an address in base 58 hold.

    >>> base58("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"), base58("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3")
    (True, False)
    """
    number = 0
    for letter in value:
        number = number * 58 + _BASE58.index(letter)
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def bech32(value: str) -> bool:
    """Whether the checksum of a segwit address holds (BIP 173 and 350).

    >>> bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
    True
    """
    low = value.lower()
    values = [3, 3, 0, 2, 3, *(_BECH32.index(c) for c in low[3:])]
    check = 1
    for part in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ part
        for i, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= term if top >> i & 1 else 0
    return check in (1, 0x2BC830A3)


def ether(value: str) -> bool:
    """Whether forty hex digits are more than one repeated digit."""
    return len(set(value[2:].lower())) > 4


WALLETS = (
    (re.compile(r"(?<![A-Za-z0-9])([13][1-9A-HJ-NP-Za-km-z]{25,34})(?![A-Za-z0-9])"), base58),
    (re.compile(r"(?<![A-Za-z0-9])(bc1[ac-hj-np-z02-9]{11,71})(?![A-Za-z0-9])"), bech32),
    (re.compile(r"(?<![A-Za-z0-9])(0x[0-9A-Fa-f]{40})(?![A-Za-z0-9])"), ether),
)
