"""JSON lines: one object a line; a line that is no object is kept with its number.

Knows the standard library's reader. Every value is read as text, a number as it is written, a
nested one as its JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import Exact, Rows
from mesocosm.data.sources.delimited.encodings import BROKEN
from mesocosm.data.sources.delimited.lines import MOST_TEXT, excerpt_length, read_lines
from mesocosm.data.sources.delimited.plain_text import open_plain
from mesocosm.data.sources.file_union import Schema, differing_keys
from mesocosm.data.sources.path_utils import files_of, fingerprint_files, name_and_fingerprint
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Jsonl(SourceKind):
    """Files of JSON objects, one a line, also in gzip, bzip2 or Zstandard. Any key is a column;
    keys that differ in case only are kept apart (`id`, `ID#2`).

    Args:
        path: a path or glob inside the project.
        schema: what becomes of files whose keys differ: `evolve` takes all keys, `fail` stops,
            `ignore` takes those that all files have.

    Source: https://jsonlines.org

    >>> Jsonl(path="data/events.jsonl").type
    'jsonl'
    """

    type: Literal["jsonl"] = "jsonl"
    path: str
    schema_: Schema = Field("evolve", alias="schema")

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' names and bytes."""
        return fingerprint_files(where, self.path)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Show the files as view `name`; keys seen in any line are columns.

        Raises:
            ConfigValueError: there is no line that is an object, or files differ in their keys and
                `schema` is `fail`.
        """
        objects = ObjectRows(con)
        for path in files_of(where, self.path):
            file, label = objects.open_file(where, path)
            objects.found.lines[label] = _add_lines(file, label, objects)
        return objects.show(name, self.path, self.schema_, Message("data.object_a_line"))


class ObjectRows:
    """Objects of files of JSON as the rows of a source, and what of the files is no object."""

    def __init__(self, con: DuckDBPyConnection) -> None:
        self.con = con
        self.rows = Rows(con)
        self.found = Collected([], 0, {})
        self.keys: dict[str, dict[str, None]] = {}  # of each file, as they come up

    def open_file(self, where: ProjectPaths, path: Path) -> tuple[Path, str]:
        """The next file as one of UTF-8, and its name in the project."""
        label, self.found.files[label] = name_and_fingerprint(where, path)
        file = open_plain(self.con, path, label)
        if file.note:
            self.found.notes.append(file.note)
        self.keys.setdefault(label, {})
        return file.path, label

    def add(self, label: str, number: int, written: str) -> bool:
        """Add an object of a file; returns whether the text is one.

        Args:
            number: its line, or its place in a list.
        """
        row, why = object_of(written)
        if row is None:
            excerpt = written[: excerpt_length(len(self.found.unreadable))]
            self.found.unreadable.append((label, number, excerpt.replace(BROKEN, "\ufffd"), why))
            return False
        self.keys[label].update(dict.fromkeys(row))
        self.rows.add(label, number, row)
        return True

    def show(self, name: str, path: str, schema: Schema, expected: Message) -> Collected:
        """Show the objects as view `name`; returns what was read.

        Args:
            path: the setting that names the files.

        Raises:
            ConfigValueError: no text was an object, or files differ in their keys and `schema` is
                `fail`.
        """
        left = differing_keys(self.keys, schema)
        self.rows.show(name)
        found = self.found
        found.columns = [column for key, column in self.rows.named.items() if key not in left]
        found.rows = self.rows.total
        if not found.rows and found.unreadable:
            raise ConfigValueError("path", Message("data.no_json_object", path=path), expected)
        return found


def _add_lines(path: Path, label: str, objects: ObjectRows) -> dict[str, int]:
    """Add the objects of a file; returns how many lines are rows, blank or quarantined."""
    number = blank = bad = 0
    for number, (body, _) in enumerate(read_lines(path, only_feeds=True), start=1):
        if not body.strip():
            blank += 1
        elif not objects.add(label, number, body):
            bad += 1
    lines = {"physical": number, "rows": number - blank - bad}
    if blank:
        lines["blank"] = blank
    if bad:
        lines["quarantined"] = bad
    return lines


def object_of(written: str) -> tuple[dict[str, object] | None, str]:
    """The object that a text of JSON is, its numbers as written; or why it is none."""
    if len(written) > MOST_TEXT:
        return None, f"it is longer than {MOST_TEXT} characters"
    if BROKEN in written:
        return None, "its bytes are invalid in UTF-8"
    try:
        found: object = json.loads(
            written, parse_float=Exact, parse_constant=str, object_pairs_hook=_pairs
        )
    except _RepeatedKey as error:
        return None, f"the key '{str(error)[:100]}' comes twice in it"
    except (ValueError, RecursionError):
        return None, "it is not a JSON object"
    if not isinstance(found, dict):
        return None, "it is not a JSON object"
    return found, ""


class _RepeatedKey(Exception):
    pass


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKey(key)
        found[key] = value
    return found
