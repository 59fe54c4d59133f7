"""The lock of a store: one build at a time.

Knows the store's folder only.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mesocosm.core.confidential.owner_files import owned_folder, owner_only
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


@contextmanager
def hold_build_lock(store: Path, wait: float = 0.0) -> Iterator[None]:
    """One build at a time; the lock dies with its process.

    Args:
        wait: seconds to wait for another build to end.

    Raises:
        MesocosmError: another build is in progress.
    """
    owned_folder(store)
    with owner_only(), (store / "lock").open("w") as handle:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() >= until:
                    raise MesocosmError(Message("lifecycle.build_in_progress")) from error
                time.sleep(0.2)
        yield
