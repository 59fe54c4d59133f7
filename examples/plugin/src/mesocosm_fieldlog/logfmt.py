"""Logs of `key=value` pairs, one row a line. Every value is read as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from mesocosm.plugins import (
    Collected,
    ConfigValueError,
    ProjectPaths,
    Rows,
    SourceKind,
    files_of,
    fingerprint_files,
    name_and_fingerprint,
)

PAIR = re.compile(r'([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')


class Logfmt(SourceKind):
    """Files of logfmt: `station=k1 level=2.31 note="after rain"`, one row a line.

    Args:
        path: a path or glob inside the project.

    Source: https://brandur.org/logfmt

    >>> pairs_of('station=k1 note="after \\\\"rain\\\\""')
    {'station': 'k1', 'note': 'after "rain"'}
    """

    mesocosm_contract: ClassVar[int] = 1
    type: Literal["logfmt"] = "logfmt"
    path: str

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' names and bytes."""
        return fingerprint_files(where, self.path)

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Show the lines as view `name`; every key seen is a column.

        Raises:
            ConfigValueError: no line holds pairs.
        """
        found, rows = Collected([], 0, {}), Rows(con)
        for path in files_of(where, self.path):
            label, found.files[label] = name_and_fingerprint(where, path)
            counts = {"physical": 0, "rows": 0, "blank": 0, "quarantined": 0}
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                counts["physical"] += 1
                if not line.strip():
                    counts["blank"] += 1
                    continue
                pairs = pairs_of(line)
                if pairs is None:
                    counts["quarantined"] += 1
                    why = "it is not key=value pairs"
                    found.unreadable.append((label, counts["physical"], line[:4000], why))
                    continue
                counts["rows"] += 1
                rows.add(label, counts["physical"], pairs)
            found.lines[label] = counts
        rows.show(name)
        if not rows.total:
            raise ConfigValueError(
                "path", f"'{self.path}' holds no pairs", "key=value, one row a line"
            )
        found.columns, found.rows = list(rows.named.values()), rows.total
        return found


def pairs_of(line: str) -> dict[str, str] | None:
    """The pairs of a line; None where it is not made of pairs with a key each.

    >>> print(pairs_of("restarted by hand"))
    None
    """
    found: dict[str, str] = {}
    end = 0
    for match in _pairs(line.strip()):
        key, value = match.groups()
        if key in found or match.start() != end:
            return None
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found[key], end = value, match.end()
    return found if found and end == len(line.strip()) else None


def _pairs(line: str) -> Iterator[re.Match[str]]:
    return PAIR.finditer(line)
