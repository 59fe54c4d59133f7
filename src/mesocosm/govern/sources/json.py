"""One JSON document: a list of objects, or an object that holds one. Knows the standard library's reader."""

from __future__ import annotations

import json
from typing import Any, Literal

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.govern.sources.paths import files_of, name_and_print, print_files
from mesocosm.govern.sources.pour import pour_rows
from mesocosm.govern.sources.source import SourceKind

MOST_BYTES = 500_000_000


class Json(SourceKind):
    """Files of one JSON document each.

    Args:
        path: a path or glob inside the project.
        at: where the list stands, as `data.items`; the document itself where not given.

    Source: RFC 8259.

    >>> Json(path="data/loans.json", at="data.items").at
    'data.items'
    """

    type: Literal["json"] = "json"
    path: str
    at: str = ""

    def fingerprint(self, where: Where) -> str:
        """A print over the files' names and bytes."""
        return print_files(where, self.path)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the objects into table `name`; `_line` is the place in its list, from 1.

        Raises:
            Wrong: a file is no JSON, too long, or has no list of objects there.
        """
        found = Collected([], 0, {})
        rows: list[tuple[str, int, dict[str, Any]]] = []
        for path in files_of(where, self.path):
            label, found.files[label] = name_and_print(where, path)
            if path.stat().st_size > MOST_BYTES:
                raise Wrong("path", f"'{label}' has {path.stat().st_size} bytes", f"at most {MOST_BYTES}; JSON lines have no such bound")
            try:
                document = json.loads(path.read_text(encoding="utf-8-sig"))
            except (ValueError, RecursionError) as error:
                raise Wrong("path", f"'{label}' is no JSON", "one JSON document in utf-8") from error
            for number, item in enumerate(listed(document, self.at, label), start=1):
                if isinstance(item, dict):
                    rows.append((label, number, item))
                else:
                    found.unreadable.append((label, number, json.dumps(item)[:2000], "it is no JSON object"))
        found.columns = list(dict.fromkeys(k for _, _, item in rows for k in item))
        if not rows:
            raise Wrong("path", f"'{self.path}' holds no JSON object", "a list of objects")
        found.rows = pour_rows(con, name, found.columns, rows)
        return found


def listed(document: Any, at: str, label: str) -> list[Any]:
    """The list that stands at a dotted path of a document.

    Raises:
        Wrong: there is none.
    """
    node = document
    for step in (s for s in at.split(".") if s):
        if not isinstance(node, dict) or step not in node:
            keys = sorted(node) if isinstance(node, dict) else []
            raise Wrong("at", f"'{label}' has no '{step}' on the way to '{at}'", "the path of a list", keys, step)
        node = node[step]
    if not isinstance(node, list):
        keys = sorted(k for k, v in node.items() if isinstance(v, list)) if isinstance(node, dict) else []
        raise Wrong("at", f"'{label}' has no list there", "'at' with the path of a list of objects", keys)
    return node
