"""JSON lines: one object a line; a line that is no object is kept with its number.

Knows the standard library's reader. Every value is read as text, a number as it is written, a
nested one as its JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

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

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Show the files as view `name`; keys seen in any line are columns.

        Raises:
            ConfigValueError: there is no line that is an object, or files differ in their keys and
                `schema` is `fail`.
        """
        found = Collected([], 0, {})
        rows = Rows(con)
        keys: dict[str, dict[str, None]] = {}
        for path in files_of(where, self.path):
            label, found.files[label] = name_and_fingerprint(where, path)
            file = open_plain(con, path, label)
            found.notes += [file.note] if file.note else []
            seen = keys.setdefault(label, {})
            found.lines[label] = _add_lines(file.path, label, rows, seen, found.unreadable)
        left = differing_keys(keys, self.schema_)
        rows.show(name)
        found.columns = [c for k, c in rows.named.items() if k not in left]
        found.rows = rows.total
        if not found.rows and found.unreadable:
            raise ConfigValueError(
                "path",
                Message("data.no_json_object", path=self.path),
                Message("data.object_a_line"),
            )
        return found


def _add_lines(
    path: Path,
    label: str,
    rows: Rows,
    keys: dict[str, None],
    unreadable: list[tuple[str, int, str, str]],
) -> dict[str, int]:
    """Add the objects of a file; returns how many lines are rows, blank or quarantined.

    Args:
        keys: gets every key seen.
        unreadable: gets every line that is no object.
    """
    number = blank = bad = 0
    for number, (body, _) in enumerate(read_lines(path, only_feeds=True), start=1):
        if not body.strip():
            blank += 1
            continue
        row, why = object_of(body)
        if row is None:
            bad += 1
            excerpt = body[: excerpt_length(len(unreadable))]
            unreadable.append((label, number, excerpt.replace(BROKEN, "\ufffd"), why))
        else:
            keys.update(dict.fromkeys(row))
            rows.add(label, number, row)
    lines = {"physical": number, "rows": number - blank - bad}
    if blank:
        lines["blank"] = blank
    if bad:
        lines["quarantined"] = bad
    return lines


def object_of(written: str) -> tuple[dict[str, Any] | None, str]:
    """The object that a text of JSON is, its numbers as written; or why it is none."""
    if len(written) > MOST_TEXT:
        return None, f"it is longer than {MOST_TEXT} characters"
    if BROKEN in written:
        return None, "its bytes are invalid in UTF-8"
    try:
        found = json.loads(written, parse_float=Exact, parse_constant=str, object_pairs_hook=_pairs)
    except _RepeatedKey as error:
        return None, f"the key '{str(error)[:100]}' comes twice in it"
    except (ValueError, RecursionError):
        return None, "it is not a JSON object"
    if not isinstance(found, dict):
        return None, "it is not a JSON object"
    return found, ""


class _RepeatedKey(Exception):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKey(key)
        found[key] = value
    return found
