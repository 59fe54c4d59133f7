"""One JSON document: a list of objects, or an object that holds one. Elements are read one by one,
so a file may be larger than memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import Rows
from mesocosm.data.sources.delimited.encodings import BROKEN, decode
from mesocosm.data.sources.delimited.lines import MOST_TEXT, excerpt_length
from mesocosm.data.sources.delimited.plain_text import open_plain
from mesocosm.data.sources.file_union import Schema, differing_keys
from mesocosm.data.sources.files.json_lines import object_of
from mesocosm.data.sources.path_utils import files_of, fingerprint_files, name_and_fingerprint
from mesocosm.data.sources.source import SourceKind

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

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Show the objects as view `name`; `_line` is the place in its list, from 1.

        Raises:
            ConfigValueError: a file is not JSON, or has no list of objects there.
        """
        found = Collected([], 0, {})
        rows = Rows(con)
        keys: dict[str, dict[str, None]] = {}
        for path in files_of(where, self.path):
            label, found.files[label] = name_and_fingerprint(where, path)
            file = open_plain(con, path, label)
            found.notes += [file.note] if file.note else []
            seen = keys.setdefault(label, {})
            try:
                for number, written in enumerate(elements(file.path, self.at, label), start=1):
                    row, why = object_of(written)
                    if row is None:
                        excerpt = written[: excerpt_length(len(found.unreadable))]
                        found.unreadable.append(
                            (label, number, excerpt.replace(BROKEN, "\ufffd"), why)
                        )
                    else:
                        seen.update(dict.fromkeys(row))
                        rows.add(label, number, row)
            except (ValueError, RecursionError) as error:
                raise ConfigValueError(
                    "path", Message("data.not_json", file=label), Message("data.json_document")
                ) from error
        left = differing_keys(keys, self.schema_)
        rows.show(name)
        found.columns = [c for k, c in rows.named.items() if k not in left]
        found.rows = rows.total
        if not found.rows and found.unreadable:
            raise ConfigValueError(
                "path",
                Message("data.no_json_object", path=self.path),
                Message("data.list_of_objects"),
            )
        return found


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

    def value(self) -> tuple[str, Any]:
        """The next value, as written and read."""
        self.peek()
        while True:
            try:
                read, end = DECODER.raw_decode(self.text, self.at)
                if end < len(self.text) or not self.more():
                    written = self.text[self.at : end]
                    self.at = end
                    return written, read
            except ValueError:
                if len(self.text) - self.at > 4 * MOST_TEXT or not self.more():
                    raise


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
        keys.append(stream.value()[1])
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


def _no_list(value: Any, label: str) -> ConfigValueError:
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


def list_at(document: Any, at: str, label: str) -> list[Any]:
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
