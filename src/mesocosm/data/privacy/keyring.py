"""The keys of encrypted fields: one that seals, and older ones that still open.

Knows AES-256-GCM and key files. A value opened is never kept or printed here.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

SEALED = re.compile(r"enc:([0-9a-f]{8}):([A-Za-z0-9_-]{38,})")
LINE = re.compile(r"([0-9a-f]{8}) ([0-9a-f]{64})")


@dataclass(frozen=True)
class Ring:
    """Keys by their names, the newest first.

    Args:
        keys: names of 8 hex digits, each with 32 bytes.
    """

    keys: tuple[tuple[str, bytes], ...]

    def seal(self, text: str) -> str:
        """A text as `enc:KEY:...`: a nonce of 96 random bits, the ciphertext and its tag, in
        base64url.

        Source: NIST SP 800-38D (GCM), section 8.2.2 (random nonces).
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name, key = self.keys[0]
        nonce = secrets.token_bytes(12)
        box = nonce + AESGCM(key).encrypt(nonce, text.encode(), name.encode())
        return f"enc:{name}:{base64.urlsafe_b64encode(box).decode().rstrip('=')}"

    def open(self, sealed: str) -> str:
        """What was sealed.

        Raises:
            MesocosmError: it is not a sealed value, its key is not on the ring, or it was changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        match = SEALED.fullmatch(sealed)
        if not match:
            raise MesocosmError(Message("data.not_sealed"))
        key = dict(self.keys).get(match[1])
        if key is None:
            raise MesocosmError(Message("data.key_unknown", key=match[1]))
        box = base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
        try:
            return AESGCM(key).decrypt(box[:12], box[12:], match[1].encode()).decode()
        except InvalidTag as error:
            raise MesocosmError(Message("data.sealed_changed")) from error

    def reseal(self, text: str) -> str:
        """A text in which every sealed value is sealed again by the newest key."""
        return SEALED.sub(lambda m: self.seal(self.open(m[0])), text)


def ring_path(store: Path) -> Path:
    """The key file: `MESOCOSM_KEYS`, or one in the store."""
    given = os.environ.get("MESOCOSM_KEYS", "")
    return Path(given) if given else store / "keys"


def read_ring(store: Path) -> Ring:
    """The keys; the first is made where there is none.

    Raises:
        MesocosmError: the key file cannot be read.
    """
    path = ring_path(store)
    if not path.exists():
        write_ring(path, Ring((new_key(),)))
    found = []
    for number, line in enumerate(
        path.read_text(encoding="ascii", errors="replace").splitlines(), start=1
    ):
        match = LINE.fullmatch(line.strip())
        if not match:
            raise MesocosmError(Message("data.key_line", number=number))
        found.append((match[1], bytes.fromhex(match[2])))
    if not found:
        raise MesocosmError(Message("data.no_key_in_file"))
    return Ring(tuple(found))


def cached_ring(store: Path) -> Ring:
    """The keys of a store, read again only where their file changed."""
    path = ring_path(store)
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    if path not in _READ or _READ[path][0] != stamp:
        keys = read_ring(store)
        _READ[path] = (path.stat().st_mtime_ns, keys)
    return _READ[path][1]


_READ: dict[Path, tuple[int, Ring]] = {}


def new_key() -> tuple[str, bytes]:
    """A key and its name, at random."""
    return secrets.token_hex(4), secrets.token_bytes(32)


def write_ring(path: Path, keys: Ring) -> None:
    """Write the key file aside and rename it into place; only its owner reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(handle, "".join(f"{name} {key.hex()}\n" for name, key in keys.keys).encode())
    os.fsync(handle)
    os.close(handle)
    os.replace(aside, path)
