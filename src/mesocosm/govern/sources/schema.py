"""Files of one source put below each other, and what becomes of columns that not all of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mesocosm.base.errors import Wrong, nearest
from mesocosm.govern.sources.paths import quote, text

Schema = Literal["fail", "evolve", "ignore"]


@dataclass(frozen=True)
class Part:
    """One file: what it is called, its columns, and SQL of `_line` and those columns."""

    label: str
    columns: Sequence[str]
    query: str


def unite(con: Any, name: str, parts: Sequence[Part], schema: Schema) -> list[str]:
    """Create view `name` over the files of a source; returns its columns.

    Raises:
        Wrong: the columns differ and `schema` is `fail`; both files are named.
    """
    first = parts[0]
    columns = list(first.columns)
    for part in parts[1:]:
        more, fewer = [c for c in part.columns if c not in first.columns], [c for c in first.columns if c not in part.columns]
        if (more or fewer) and schema == "fail":
            _refuse(part, first)
        columns = columns + [c for c in more if c not in columns] if schema == "evolve" else [c for c in columns if c in part.columns]
    if schema == "evolve":
        lower: dict[str, str] = {}
        for column in columns:
            other = lower.setdefault(column.casefold(), column)
            if other != column:
                raise Wrong("schema", f"the files have columns '{other}' and '{column}' that differ in case only", "one spelling of the name")
    shown = [", ".join(quote(c) if c in part.columns else f"null as {quote(c)}" for c in columns) for part in parts]
    selects = [f"select {text(p.label)} as _file, _line{', ' if s else ''}{s} from ({p.query})" for p, s in zip(parts, shown, strict=True)]
    con.execute(f"create view {quote(name)} as " + " union all by name ".join(selects))
    return columns


def agree(keys: Mapping[str, Mapping[str, None]], schema: Schema) -> set[str]:
    """The keys of files of objects that are left out.

    Raises:
        Wrong: the keys differ and `schema` is `fail`; both files are named.
    """
    named = {label: list(seen) for label, seen in keys.items() if seen}
    if not named or schema == "evolve":
        return set()
    (first, own), *others = named.items()
    for label, theirs in others if schema == "fail" else ():
        if set(theirs) != set(own):
            _refuse(Part(label, theirs, ""), Part(first, own, ""))
    every = {k for seen in named.values() for k in seen}
    return every - set(own).intersection(*map(set, named.values()))


def _refuse(part: Part, first: Part) -> None:
    more, fewer = [c for c in part.columns if c not in first.columns], [c for c in first.columns if c not in part.columns]
    raise Wrong("schema", f"the columns of '{part.label}' and '{first.label}' differ: {_differ(part, first, more, fewer)}", "files of the same columns, or 'schema: evolve' (take all columns) or 'schema: ignore' (take those that all files have)")


def _differ(part: Part, first: Part, more: list[str], fewer: list[str]) -> str:
    if len(more) == len(fewer) == 1:
        near = " (nearly the same name)" if nearest(more[0], fewer) else ""
        return f"'{more[0]}' only in '{part.label}', '{fewer[0]}' only in '{first.label}'{near}"
    said = [f"{', '.join(map(repr, names[:8]))} only in '{label}'" for names, label in ((more, part.label), (fewer, first.label)) if names]
    return "; ".join(said)
