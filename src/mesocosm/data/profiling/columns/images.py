"""Whether a column names pictures: files of the project, or the pictures themselves as data
URLs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mesocosm.data.profiling.columns.column import Column

ENDING = re.compile(r".+\.(png|jpe?g|webp|bmp|gif|tiff?)", re.I)
MOST_LETTERS = 1000  # of a name
LARGEST = 96  # pixels of a side, where pictures are larger


def profile_images(column: Column, root: Path | None) -> tuple[dict[str, Any], str] | None:
    """An image field and its evidence; None where the values are no pictures that are there."""
    values = list(column.counts)
    if not values or column.distinct != len(values):
        return None
    if all(v.startswith("data:image/") for v in values):
        field = {"type": "image", "size": LARGEST}
        return field, f"all {column.seen} values are pictures as data URLs"
    if root is None:
        return None
    if not all(ENDING.fullmatch(v) and len(v) < MOST_LETTERS for v in values):
        return None
    return _profile_files(values, root.resolve())


def _profile_files(names: list[str], home: Path) -> tuple[dict[str, Any], str] | None:
    """The same of names of files in a folder."""
    paths = [(home / name).resolve() for name in names]
    there = [p for p in paths if p.is_relative_to(home) and p.is_file()]
    if len(there) != len(paths):
        return (
            {"type": "text"},
            f"its values are names of pictures, and {len(paths) - len(there)} of {len(paths)}"
            " files are not in the project's folder; with all of them it would be an image",
        )
    size = max((_measure_side(p) for p in there[:50]), default=0)
    if not size:
        return None
    return (
        {"type": "image", "size": max(8, min(LARGEST, size))},
        f"all {len(paths)} values are names of pictures in the project's folder; the first are"
        f" {size} pixels wide or high at most",
    )


def _measure_side(path: Path) -> int:
    """Pixels of the longer side; 0 where it is no picture."""
    from PIL import Image as Pictures

    try:
        with Pictures.open(path) as picture:
            return int(max(picture.size))
    except (OSError, ValueError, Pictures.DecompressionBombError):
        return 0
