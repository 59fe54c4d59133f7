"""A folder of what can always be made again, shared by all projects of a person.

Knows files and digests. What is taken out of it is whole, or it is not taken.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest_folder

SEAL = "seal"


def cache_folder() -> Path | None:
    """Where it lies: `MESOCOSM_CACHE`, else `mesocosm` in the person's cache; None where that is
    set to nothing.
    """
    named = os.environ.get("MESOCOSM_CACHE")
    if named is not None:
        return Path(named) if named else None
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mesocosm"
    except RuntimeError:  # a person without a home
        return None


def there(name: str) -> bool:
    """Whether the folder of a name is in the cache."""
    home = cache_folder()
    return home is not None and (home / name / SEAL).is_file()


def taken(name: str, target: Path) -> bool:
    """Copy the folder of a name to `target`, where it is there and as it was left."""
    home = cache_folder()
    found = home / name if home else None
    try:
        if found is None or not (found / SEAL).is_file():
            return False
        with folder_appears(target) as aside:
            shutil.copytree(found, aside, dirs_exist_ok=True)
            sealed = (aside / SEAL).read_text(encoding="ascii")
            (aside / SEAL).unlink()
            if digest_folder(aside) != sealed:
                raise OSError("it is not as it was left")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def left(name: str, folder: Path) -> None:
    """Leave a copy of a folder under a name; a cache that cannot be written to is none."""
    home = cache_folder()
    if home is None:
        return
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with folder_appears(home / name) as aside:
            shutil.copytree(folder, aside, dirs_exist_ok=True)
            (aside / SEAL).write_text(digest_folder(folder), encoding="ascii")
    except OSError:
        return
