"""Any text file as one of plain UTF-8: unpacked, decoded, its encoding reported.

Knows gzip, bzip2, Zstandard and encodings. What it unpacks is bounded.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.sources.delimited.encodings import (
    BLOCK,
    Found,
    decode,
    find_encoding,
    is_chinese_utf8,
    prefer_other,
)
from mesocosm.data.sources.spool import new_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GZIP, BZIP2, ZSTANDARD = b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd"
MOST_RATIO = 300  # bytes unpacked for each packed one, beyond the first `FREE`
FREE = 1_000_000_000


@dataclass(frozen=True)
class Plain:
    """A file of UTF-8.

    Args:
        path: the file itself, or a copy that leaves with the engine.
        encoding: the encoding of the file that was given.
        note: a sentence about the encoding where it is a guess or is not UTF-8.
    """

    path: Path
    encoding: str
    note: str = ""


def open_plain(
    con: DuckDBPyConnection, path: Path, label: str, encoding: str | None = None
) -> Plain:
    """A text file as UTF-8.

    Raises:
        ConfigValueError: it cannot be unpacked, no encoding is plausible, or the one that is named
            is not the file's.
    """
    path = unpack(con, path, label)
    if encoding:
        _refuse_utf8(path, label, encoding)
        return Plain(_as_utf8(con, path, encoding), encoding, _note_other(path, label, encoding))
    found = find_encoding(path)
    if found is None:
        raise ConfigValueError(
            "encoding",
            Message("data.encoding_unknown", file=label),
            Message("data.set_encoding"),
        )
    return Plain(_as_utf8(con, path, found.encoding), found.encoding, _note_encoding(found, label))


def _refuse_utf8(path: Path, label: str, encoding: str) -> None:
    """Refuse another encoding for a file of UTF-8, whose Chinese it would read as other characters.

    Raises:
        ConfigValueError: the file is UTF-8, and the encoding is one of before Unicode.
    """
    if not encoding.startswith("utf") and is_chinese_utf8(path):
        raise ConfigValueError(
            "encoding",
            Message("data.encoding_is_utf_8", file=label, encoding=encoding),
            Message("data.encoding_of_bytes"),
            ["utf-8"],
            encoding,
        )


def _note_other(path: Path, label: str, encoding: str) -> str:
    """A sentence about an encoding that is named where another one fits far better; else empty."""
    if encoding.startswith("utf"):
        return ""
    other = prefer_other(path, encoding)
    if not other:
        return ""
    return f"'{label}' is read as {encoding}, as 'encoding' says; its bytes look more like {other}"


def _note_encoding(found: Found, label: str) -> str:
    """A sentence about an encoding that is a guess or is not UTF-8; else empty."""
    name = found.encoding
    if found.guess:
        also = f"; {' or '.join(found.beside)} would also fit" if found.beside else ""
        return (
            f"'{label}' is read as {name}, a guess from its bytes{also}; set 'encoding:"
            f" {name}' to confirm it, or another one"
        )
    if name != "utf-8":
        return f"'{label}' is read as {name}, as its byte-order mark says"
    return ""


def _as_utf8(con: DuckDBPyConnection, path: Path, encoding: str) -> Path:
    """The file, or a copy in UTF-8 of one in another encoding.

    Raises:
        ConfigValueError: it is not in the encoding.
    """
    if encoding == "utf-8":
        return path
    copy = new_path(con, "text")
    try:
        with copy.open("wb") as target:
            for number, text in enumerate(decode(path, encoding)):
                if number == 0:
                    text = text.removeprefix("\ufeff")
                target.write(text.encode("utf-8", "surrogatepass"))
    except UnicodeError as error:
        raise _not_in_encoding(path, encoding) from error
    return copy


def _not_in_encoding(path: Path, encoding: str) -> ConfigValueError:
    found = Message("data.not_in_encoding", file=path.name, encoding=encoding)
    expected = Message("data.encoding_of_bytes")
    if encoding in ("utf-16", "utf-32"):
        found = Message("data.not_in_encoding_without_mark", file=path.name, encoding=encoding)
    if encoding == "utf-16":
        expected = Message("data.utf_16_order")
    return ConfigValueError("encoding", found, expected)


def unpack(con: DuckDBPyConnection, path: Path, label: str) -> Path:
    """The file, or an unpacked copy of one in gzip, bzip2 or Zstandard.

    Raises:
        ConfigValueError: it is damaged, or it grows beyond what data would.
    """
    with path.open("rb") as handle:
        start = handle.read(4)
    if not start.startswith((GZIP, BZIP2, ZSTANDARD)):
        return path
    copy = new_path(con, "text")
    packed, total = path.stat().st_size, 0
    try:
        with _opened(path, start) as source, copy.open("wb") as target:
            while block := source.read(BLOCK):
                total += len(block)
                if total > FREE and total > MOST_RATIO * packed:
                    raise ConfigValueError(
                        "path",
                        Message(
                            "data.unpacks_too_far", file=label, ratio=MOST_RATIO, packed=packed
                        ),
                        Message("data.data_file"),
                    )
                target.write(block)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ConfigValueError(
            "path",
            Message("data.cannot_unpack", file=label),
            Message("data.whole_archive"),
        ) from error
    return copy


def _opened(path: Path, start: bytes) -> IO[bytes]:
    if start.startswith(GZIP):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if start.startswith(BZIP2):
        return bz2.open(path, "rb")
    import pyarrow as pa

    return cast(IO[bytes], pa.input_stream(str(path), compression="zstd"))
