"""One JSON document: a list of objects, or an object that holds one. Elements are read one by one,
so a file may be larger than memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.delimited.encodings import decode
from mesocosm.data.sources.delimited.lines import MOST_TEXT
from mesocosm.data.sources.file_union import Schema
from mesocosm.data.sources.files.json_lines import ObjectRows
from mesocosm.data.sources.path_utils import files_of, fingerprint_files
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SPACE = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()


class Json(SourceKind):
    """Files of one JSON document each, also in gzip, bzip2 or Zstandard. Any key is a column; keys
    that differ in case only are kept apart (`id`, `ID#2`).

    Args:
        path: a path or glob inside the project.
        at: where the list stands, as `data.items`; the document itself where not given.
        schema: what becomes of files whose keys differ: `evolve` takes all keys, `fail` stops,
            `ignore` takes those that all files have.

    Source: RFC 8259.

    >>> Json(path="data/loans.json", at="data.items").at
    'data.items'
    """

    type: Literal["json"] = "json"
    path: str
    at: str = ""
    schema_: Schema = Field("evolve", alias="schema")

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' names and bytes."""
        return fingerprint_files(where, self.path)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Show the objects as view `name`; `_line` is the place in its list, from 1.

        Raises:
            ConfigValueError: a file is not JSON, or has no list of objects there.
        """
        objects = ObjectRows(con)
        for path in files_of(where, self.path):
            file, label = objects.open_file(where, path)
            self._add_elements(file, label, objects)
        return objects.show(name, self.path, self.schema_, Message("data.list_of_objects"))

    def _add_elements(self, path: Path, label: str, objects: ObjectRows) -> None:
        """Add the elements of a document's list.

        Raises:
            ConfigValueError: the file is not JSON, or has no list there.
        """
        try:
            for number, written in enumerate(elements(path, self.at, label), start=1):
                objects.add(label, number, written)
        except (ValueError, RecursionError) as error:
            raise ConfigValueError(
                "path", Message("data.not_json", file=label), Message("data.json_document")
            ) from error


class _Stream:
    """The characters of a document from where it has been read."""

    def __init__(self, path: Path) -> None:
        self.source, self.text, self.at, self.done = decode(path, "utf-8"), "", 0, False

    def more(self) -> bool:
        """Read on, twice as much as is at hand; whether there was more."""
        parts, size = [self.text[self.at :]], 0
        wanted = max(1 << 16, len(parts[0]))
        while size < wanted and not self.done:
            part = next(self.source, None)
            self.done = part is None
            parts.append(part or "")
            size += len(parts[-1])
        self.text, self.at = "".join(parts), 0
        return size > 0

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, expected: str) -> None:
        if self.peek() != expected:
            raise ValueError(f"expected {expected}")
        self.at += 1

    def value(self) -> tuple[str, object]:
        """The next value, as written and read."""
        self.peek()
        while True:
            decoded = self._decode()
            if decoded is not None:
                read, end = decoded
                written = self.text[self.at : end]
                self.at = end
                return written, read

    def _decode(self) -> tuple[object, int] | None:
        """The value at hand and where it ends; None where there was more of the document, so that
        it may go on.

        Raises:
            ValueError: it is not JSON, or is too long.
        """
        try:
            read, end = DECODER.raw_decode(self.text, self.at)
        except ValueError:
            if len(self.text) - self.at > 4 * MOST_TEXT or not self.more():
                raise
            return None
        if end == len(self.text) and self.more():
            return None
        return read, end


def elements(path: Path, at: str, label: str) -> Iterator[str]:
    """The elements of the list at a dotted path of a document, each as it is written.

    Raises:
        ConfigValueError: there is no list.
        ValueError: the document is not JSON.
    """
    stream = _Stream(path)
    steps = [step for step in at.split(".") if step]
    for step in steps:
        _enter(stream, step, at, label)
    if stream.peek() != "[":
        raise _no_list(stream.value()[1], label)
    yield from _items(stream)
    if steps:
        _finish(stream, len(steps))
    if stream.peek():
        raise ValueError("more than one document")


def _enter(stream: _Stream, step: str, at: str, label: str) -> None:
    """Read on to the value of a key of the next object.

    Raises:
        ConfigValueError: the next value is no object, or has no such key.
    """
    keys: list[str] = []
    if stream.peek() != "{":
        stream.value()
        raise _no_step(step, at, label, keys)
    stream.take("{")
    while stream.peek() == '"':
        keys.append(str(stream.value()[1]))
        stream.take(":")
        if keys[-1] == step:
            return
        stream.value()
        if stream.peek() == ",":
            stream.take(",")
    stream.take("}")
    raise _no_step(step, at, label, sorted(set(keys)))


def _items(stream: _Stream) -> Iterator[str]:
    """The elements of the next list, each as it is written."""
    stream.take("[")
    if stream.peek() == "]":
        stream.take("]")
        return
    while True:
        yield stream.value()[0]
        if stream.peek() == "]":
            stream.take("]")
            return
        stream.take(",")


def _no_step(step: str, at: str, label: str, keys: list[str]) -> ConfigValueError:
    return ConfigValueError(
        "at",
        Message("data.no_step", file=label, step=step, at=at),
        Message("data.path_of_list"),
        keys,
        step,
    )


def _no_list(value: object, label: str) -> ConfigValueError:
    choices: list[str] = []
    if isinstance(value, dict):
        choices = sorted(key for key, inner in value.items() if isinstance(inner, list))
    return ConfigValueError(
        "at", Message("data.no_list_there", file=label), Message("data.set_at"), choices
    )


def _finish(stream: _Stream, depth: int) -> None:
    """Read a document to its end, out of as many objects as the list lies in.

    Raises:
        ValueError: the rest is not JSON, as of a file that was cut off.
    """
    for _ in range(depth):
        while stream.peek() == ",":
            stream.take(",")
            if not isinstance(stream.value()[1], str):
                raise ValueError("a key is not a text")
            stream.take(":")
            stream.value()
        stream.take("}")


def list_at(document: object, at: str, label: str) -> list[object]:
    """The list that stands at a dotted path of a document.

    Raises:
        ConfigValueError: there is none.
    """
    node = document
    for step in filter(None, at.split(".")):
        if not isinstance(node, dict):
            raise _no_step(step, at, label, [])
        if step not in node:
            raise _no_step(step, at, label, sorted(node))
        node = node[step]
    if not isinstance(node, list):
        raise _no_list(node, label)
    return node
