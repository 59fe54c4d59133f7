"""JSON lines: one object a line; a line that is no object is kept with its number.

Knows DuckDB's JSON functions. Every value is read as text, a nested one as its JSON.
"""

from __future__ import annotations

from typing import Any, Literal

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.govern.sources.paths import files_of, name_and_print, pour, print_files, quote, text
from mesocosm.govern.sources.source import SourceKind


class Jsonl(SourceKind):
    """Files of JSON objects, one a line.

    Args:
        path: a path or glob inside the project.

    Source: https://jsonlines.org

    >>> Jsonl(path="data/events.jsonl").type
    'jsonl'
    """

    type: Literal["jsonl"] = "jsonl"
    path: str

    def fingerprint(self, where: Where) -> str:
        """A print over the files' names and bytes."""
        return print_files(where, self.path)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the files into table `name`; keys seen in any line are columns.

        Raises:
            Wrong: there is no line that is an object.
        """
        found = Collected([], 0, {})
        parts: list[str] = []
        for path in files_of(where, self.path):
            label, content = name_and_print(where, path)
            try:
                lines = path.read_text(encoding="utf-8-sig").split("\n")
            except UnicodeDecodeError as error:
                raise Wrong("path", f"'{label}' is not utf-8", "text in utf-8") from error
            import pyarrow as pa

            part = f"_part{len(parts)}"
            numbered = pa.table(
                {
                    "_file": [label] * len(lines),
                    "_line": pa.array(range(1, len(lines) + 1), pa.int64()),
                    "_text": pa.array([line.rstrip("\r") for line in lines], pa.string()),
                }
            )
            con.register("_numbered", numbered)
            con.execute(f"create temp table {part} as select * from _numbered where trim(_text) <> ''")
            con.unregister("_numbered")
            parts.append(part)
            found.files[label] = content
        whole = " union all ".join(f"select * from {p}" for p in parts)
        is_object = "case when json_valid(_text) then json_type(_text) = 'OBJECT' else false end"
        con.execute(f"create temp table _lines as select *, {is_object} as _good from ({whole})")
        good = "_good"
        keys = "select distinct unnest(case when _good then json_keys(_text) end) as k from _lines order by k"
        found.columns = [row[0] for row in con.execute(keys).fetchall()]
        bad = con.execute("select _file, _line, _text from _lines where not _good order by all")
        found.unreadable = [(f, int(n), t, "it is no JSON object") for f, n, t in bad.fetchall()]
        if not found.columns:
            raise Wrong("path", f"'{self.path}' holds no JSON object", "one object a line")
        pick = ", ".join(
            f"case when _good then json_extract_string(_text, {text('$.' + quote(k))}) end as {quote(k)}" for k in found.columns
        )
        pour(con, name, f"select _file, _line, {pick} from _lines where {good}", first=True)
        for part in [*parts, "_lines"]:
            con.execute(f"drop table {part}")
        found.rows = int(con.execute(f"select count(*) from {quote(name)}").fetchone()[0])
        return found
