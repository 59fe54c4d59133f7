"""Whether a column names pictures: files of the project, or the pictures themselves as data
URLs.
"""

from __future__ import annotations

import re
from pathlib import Path

from mesocosm.data.profiling.columns.column import Column, FieldSettings

ENDING = re.compile(r".+\.(png|jpe?g|webp|bmp|gif|tiff?)", re.I)
MOST_LETTERS = 1000  # of a name
LARGEST = 96  # pixels of a side, where pictures are larger


def profile_images(column: Column, root: Path | None) -> tuple[FieldSettings, str] | None:
    """An image field and its evidence; None where the values are no pictures that are there."""
    values = list(column.counts)
    if not values or column.distinct != len(values):
        return None
    if all(v.startswith("data:image/") for v in values):
        field: FieldSettings = {"type": "image", "size": LARGEST}
        return field, f"all {column.seen} values are pictures as data URLs"
    if root is None or not all(map(_names_picture, values)):
        return None
    return _profile_files(values, root.resolve())


def _names_picture(value: str) -> bool:
    """Whether a value is the name of a file of a picture."""
    return bool(ENDING.fullmatch(value)) and len(value) < MOST_LETTERS


def _is_inside(path: Path, home: Path) -> bool:
    """Whether a file lies in a folder."""
    return path.is_relative_to(home) and path.is_file()


def _profile_files(names: list[str], home: Path) -> tuple[FieldSettings, str] | None:
    """The same of names of files in a folder."""
    paths = [(home / name).resolve() for name in names]
    there = [path for path in paths if _is_inside(path, home)]
    if len(there) != len(paths):
        return (
            {"type": "text"},
            f"its values are names of pictures, and {len(paths) - len(there)} of {len(paths)}"
            " files are not in the project's folder; with all of them it would be an image",
        )
    size = max(map(_measure_side, there[:50]), default=0)
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
