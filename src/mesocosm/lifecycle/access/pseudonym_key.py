"""The key of pseudonyms, given from outside or kept in the store.

Knows `MESOCOSM_KEY` and one file.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


def read_private_key(store: Path) -> str:
    """The key of pseudonyms: `MESOCOSM_KEY` (64 hex digits), or a file only its owner reads.

    Raises:
        MesocosmError: the key given is not 64 hex digits.
    """
    given = os.environ.get("MESOCOSM_KEY", "")
    path = store / "key"
    if not given:
        if not path.exists():
            store.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(handle, secrets.token_hex(32).encode())
            os.close(handle)
        given = path.read_text().strip()
    try:
        if len(bytes.fromhex(given)) != 32:
            raise ValueError
    except ValueError as error:
        raise MesocosmError(Message("lifecycle.key_not_hex")) from error
    return given
