"""A folder of documents: text files with their words, images with their size; one row a file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import SourceRow, pour_rows
from mesocosm.data.sources.path_utils import files_of, fingerprint_files, name_and_fingerprint
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_TEXT = 2_000_000
TEXT = (".txt", ".md", ".html", ".htm", ".xml", ".json", ".log", ".rst")


class Folder(SourceKind):
    """Files as rows: `path`, `label` (the folder it lies in), `bytes`, `text` of text files,
    `format`, `width` and `height` of images.

    Args:
        path: a glob inside the project, as `photos/**/*.png`.

    Source: PNG (ISO/IEC 15948), JPEG (ISO/IEC 10918-1), GIF89a headers.

    >>> Folder(path="letters/*.txt").type
    'folder'
    """

    type: Literal["folder"] = "folder"
    path: str

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' names and bytes."""
        return fingerprint_files(where, self.path)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour one row a file into table `name`; a file that is neither text nor image is
        quarantined.

        Raises:
            ConfigValueError: no file is there.
        """
        columns = ["path", "label", "bytes", "text", "format", "width", "height"]
        found = Collected(columns, 0, {})
        rows: list[SourceRow] = []
        for path in files_of(where, self.path):
            label, found.files[label] = name_and_fingerprint(where, path)
            content, why = _read_document(path)
            if why:
                found.unreadable.append((label, 1, "", why))
                continue
            place = {"path": label, "label": path.parent.name, "bytes": path.stat().st_size}
            rows.append((label, 1, {**place, **content}))
        if not rows:
            raise ConfigValueError(
                "path",
                Message("data.folder_empty", path=self.path),
                Message("data.texts_or_images"),
            )
        found.rows = pour_rows(con, name, columns, rows)
        return found


def _read_document(path: Path) -> tuple[dict[str, object], str]:
    """What is read of a file: the size of an image, the words of a text; or why nothing is."""
    image = size_of(path)
    if image:
        return dict(zip(("format", "width", "height"), image, strict=True)), ""
    if path.suffix.lower() not in TEXT or path.stat().st_size > MOST_TEXT:
        return {}, "it is neither text nor an image that is known"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return {}, "the text is not utf-8"
    return {"text": text, "format": path.suffix[1:].lower()}, ""


def size_of(path: Path) -> tuple[str, int, int] | None:
    """An image's format, width and height in pixels by its header; None where it is no image."""
    with path.open("rb") as handle:
        start = handle.read(32)
        if start[:8] == b"\x89PNG\r\n\x1a\n" and len(start) >= 24:
            return "png", *_read_pair(">II", start[16:24])
        if start[:6] in (b"GIF87a", b"GIF89a"):
            return "gif", *_read_pair("<HH", start[6:10])
        if start[:2] == b"\xff\xd8":
            return _size_of_jpeg(handle)
    return None


def _size_of_jpeg(handle: BinaryIO) -> tuple[str, int, int] | None:
    """The size of a JPEG by the first marker that has it; None where none does."""
    handle.seek(2)
    while len(mark := handle.read(4)) == 4 and mark[0] == 0xFF:
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in (0xC4, 0xC8, 0xCC):
            high, wide = _read_pair(">HH", handle.read(5)[1:])
            return "jpeg", wide, high
        handle.seek(int.from_bytes(mark[2:], "big") - 2, 1)
    return None


def _read_pair(form: str, data: bytes) -> tuple[int, int]:
    """Two whole numbers in a form of `struct`."""
    first, second = struct.unpack(form, data)
    return first, second
