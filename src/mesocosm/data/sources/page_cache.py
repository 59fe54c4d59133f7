"""Rows read from a server and kept between builds: Arrow pages, each sealed by the store's key.

Knows files and AES-256-GCM. A page that cannot be opened is as if it were not there: all is read
again.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from mesocosm.core.errors import MesocosmError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.privacy.keyring import cached_ring

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "kept"


class PageIndex(TypedDict):
    """What `index.json` of a table holds: its pages in order, and the sealed watermark."""

    files: list[str]
    mark: str


class Kept:
    """The pages of one table up to a watermark.

    Args:
        name: a fingerprint of the server, the table and the cursor.
    """

    def __init__(self, where: ProjectPaths, name: str) -> None:
        self.folder = where.store / FOLDER / name[:32]
        self.store = where.store
        self.files: list[str] = []

    def open(self, columns: Sequence[str]) -> str | None:
        """The watermark of what is kept; None where nothing is, or where the table's columns
        changed.
        """
        try:
            index: PageIndex = json.loads((self.folder / "index.json").read_text())
            self.files = [str(file) for file in index["files"]]
            mark = cached_ring(self.store).open(index["mark"])
            for page in self.pages():
                if list(page.schema.names) != list(columns):
                    return None
            return mark
        except (OSError, ValueError, KeyError, MesocosmError):
            return None

    def add(self, page: pa.Table, mark: str) -> None:
        """Keep a page; it counts once the index names it, so a build that is stopped loses nothing
        and doubles nothing.
        """
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(
            sink, page.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
        ) as writer:
            writer.write_table(page)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{uuid.uuid4().hex}.page"
        keys = cached_ring(self.store)
        self._write(name, keys.seal(base64.b64encode(sink.getvalue().to_pybytes()).decode()))
        self.files.append(name)
        index: PageIndex = {"files": self.files, "mark": keys.seal(mark)}
        self._write("index.json", json.dumps(index))

    def _write(self, name: str, content: str) -> None:
        aside = self.folder / f".{uuid.uuid4().hex}"
        with aside.open("w", encoding="ascii") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(aside, self.folder / name)

    def pages(self) -> Iterator[pa.Table]:
        """The pages in the order they came, one in memory at a time."""
        import pyarrow as pa

        for name in self.files:
            sealed = (self.folder / name).read_text(encoding="ascii")
            with pa.ipc.open_stream(
                base64.b64decode(cached_ring(self.store).open(sealed))
            ) as reader:
                yield reader.read_all()

    def forget(self) -> None:
        """Keep nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.files = []


def forget_kept(store: Path) -> None:
    """Delete what is kept of every table; the next build reads it from its server."""
    shutil.rmtree(store / FOLDER, ignore_errors=True)
