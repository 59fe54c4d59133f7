"""Images in one form: RGB, upright, no longer than asked, as PNG in base64, without what cameras
write beside them. Knows Pillow.

The value is the image itself, so that a snapshot is whole without its files and a row that is
erased takes its image along.
"""

from __future__ import annotations

import base64
import binascii
import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.data.pipeline.ibis_sql import Column, functions, literal
from mesocosm.data.types.field import Facts, FieldKind

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_BYTES = 20_000_000
MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MOST_PATH = 1000


class Image(FieldKind):
    """An image: a file inside the project, or its bytes as a data URL or in base64; what a service
    is asked with is bytes, never a path.

    Args:
        size: pixels of the longer side at most; a larger image is made smaller.

    Source: PNG (ISO/IEC 15948); data URLs (RFC 2397); Exif 2.32 (orientation is applied, the rest,
    places too, is left out).

    >>> Image().most > 1_000_000
    True
    """

    type: Literal["image"] = "image"
    size: int = Field(96, ge=8, le=512)

    @property
    def narrows(self) -> bool:
        """Base64 has no full-width letters."""
        return False

    @property
    def most(self) -> int:
        """Characters of a value that a service takes."""
        return 1_900_000

    @property
    def expected(self) -> str:
        """In words."""
        return "an image (PNG, JPEG, WebP, BMP, GIF or TIFF)"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The image in one form, null where it is none."""
        del parts, facts
        return functions()["image_of"](raw.cast("string"), literal(str(self.size)))


def image_of(raw: str, size: str, root: Path | None = None) -> str | None:
    """An image as PNG in base64, no side longer than `size` pixels; None where it is none.

    Args:
        raw: a data URL, base64, or with `root` a path below it.
        root: the project's folder; where it is not given no file is read.

    >>> image_of("no image", "96") is None
    True
    """
    data = _bytes(raw, root)
    if data is None:
        return None
    from PIL import Image as Pictures

    try:
        with Pictures.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            drawn = _draw(picture, int(size))
    # what Pillow raises for torn files
    except (OSError, ValueError, SyntaxError, OverflowError, Pictures.DecompressionBombError):
        return None
    return base64.b64encode(drawn).decode("ascii")


def _draw(picture: Picture, size: int) -> bytes:
    """A picture as PNG: upright, its longer side bounded, what is seen through in white."""
    from PIL import Image as Pictures
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    if "A" in upright.getbands() or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        ground = Pictures.new("RGBA", clear.size, (255, 255, 255, 255))
        plain = Pictures.alpha_composite(ground, clear).convert("RGB")
    else:
        plain = upright.convert("RGB")
    plain.thumbnail((size, size), Pictures.Resampling.LANCZOS)
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=False)
    return out.getvalue()


def _bytes(raw: str, root: Path | None) -> bytes | None:
    """The bytes of an image; None where there are none, or too many."""
    if raw.startswith("data:"):
        head, _, body = raw.partition(",")
        return _decode(body) if head.endswith(";base64") else None
    try:
        file = _find_file(raw, root)
        if file is not None:
            return file.read_bytes() if file.stat().st_size <= MOST_BYTES else None
    except OSError:
        # a short image in base64 may be too long for a file's name; others may not be read
        pass
    return _decode(raw)


def _find_file(raw: str, root: Path | None) -> Path | None:
    """The file inside a folder that a text names; None where it names none."""
    if root is None or len(raw) > MOST_PATH or "\0" in raw:
        return None
    path = (root / raw).resolve()
    if path.is_relative_to(root.resolve()) and path.is_file():
        return path
    return None


def _decode(raw: str) -> bytes | None:
    """The bytes of a text in base64."""
    if len(raw) > MOST_BYTES * 4 // 3:
        return None
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return None
