"""A folder of artifacts that can always be built again, shared by all projects of a person.

Knows files and digests. What is taken out of it is intact, or it is not taken.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest_folder

SEAL = "seal"


def cache_folder() -> Path | None:
    """Its path: `MESOCOSM_CACHE`, else `mesocosm` in the person's cache; None where that is
    empty.
    """
    named = os.environ.get("MESOCOSM_CACHE")
    if named is not None:
        return Path(named) if named else None
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mesocosm"
    except RuntimeError:  # a person without a home
        return None


def is_cached(name: str) -> bool:
    """Whether the folder of a name is in the cache."""
    home = cache_folder()
    return home is not None and (home / name / SEAL).is_file()


def copy_from_cache(name: str, target: Path) -> bool:
    """Copy the folder of a name to `target`; False where it is not cached, or not intact."""
    home = cache_folder()
    try:
        if home is None or not (home / name / SEAL).is_file():
            return False
        with folder_appears(target) as aside:
            shutil.copytree(home / name, aside, dirs_exist_ok=True)
            seal = (aside / SEAL).read_text(encoding="ascii")
            (aside / SEAL).unlink()
            if digest_folder(aside) != seal:
                raise OSError("the cached folder was changed")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def copy_to_cache(name: str, folder: Path) -> None:
    """Cache a copy of a folder under a name; a cache that cannot be written to is left out."""
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
