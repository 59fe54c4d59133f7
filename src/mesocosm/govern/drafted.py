"""`fields: auto`: a dataset's fields and repairs drafted from its sources; and files of data drafted as a dataset.

Knows sources and the draft. What the file says beside `fields: auto` stays as it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Source, Where
from mesocosm.govern.aim import aim, aimed_at, target_of
from mesocosm.govern.dataset import From
from mesocosm.govern.draft import Draft, draft, names_of
from mesocosm.govern.drafts.named import named_in
from mesocosm.govern.govern import engine
from mesocosm.govern.related import Related, beside, related
from mesocosm.govern.sources.paths import quote

ENDINGS = {"csv": "csv", "tsv": "csv", "txt": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json", "parquet": "parquet", "pq": "parquet", "xlsx": "excel", "xls": "excel", "ods": "excel"}

MOST_PROMISED = 40  # columns of a proposed contract


def look(sources: Mapping[str, Source], belong: From, where: Where) -> Draft:
    """Collect sources and draft a dataset of their rows, put together as a file says.

    Raises:
        Wrong: rows of several sources stand below each other, and others beside them.
    """
    if len(belong.union) > 1 and belong.lookup:
        raise Wrong("fields", "'auto' drafts no fields of a union with a lookup", "'from' with one source, a union or a join, or the fields by name")
    with engine(where.store) as con:
        tables = _collected(con, sources, belong.sources, where)
        beside(con, tables, Related(belong.sources[0], belong.union if len(belong.union) > 1 else (), belong.partners), "src")
        return draft(con, "src", where.root)


def draft_files(root: Path, paths: Sequence[Path], goal: str = "", target: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Files of data as sources and one drafted dataset, ready to be written as an ecosystem.

    Args:
        goal: what is to be predicted, in words; then `split`, and under `aim` what the goal picked (see `aim.py`). The file that
            holds it leads, and others add columns to its rows.
        target: the column to predict, where it is given outright.
        kind: `classes` or `number`, where it is given outright.

    Raises:
        Wrong: a file is of no kind that is known by its ending.
    """
    named = _named(root, paths)
    with tempfile.TemporaryDirectory() as aside:
        where = Where(root, Path(aside))
        with engine(where.store) as con:
            tables = _collected(con, {n: s for n, (s, _) in named.items()}, list(named), where)
            leads = list(named)
            aimed: dict[str, Any] | None = None
            if (goal or target) and len(named) > 1:
                leads = leads[:1] if len({frozenset(names_of(con, t)) for t in tables.values()}) == 1 else [_leading(con, tables, goal, target)]
            belong = related(con, tables, leads)
            beside(con, tables, belong, "src")
            made = draft(con, "src", root, target)
            if goal or target:
                picked = target_of(made, goal, target)[0]
                made = made if picked != made.key else draft(con, "src", root, picked)
                aimed = aim(con, "src", made, goal, target, kind)
            contracts = {n: _contract(con, t, made.key if n == belong.lead and not belong.union else None) for n, t in tables.items() if n not in belong.left}
    dataset = made.settings()
    name = belong.lead.removesuffix("-source")
    evidence = made.evidence | ({"from": "; ".join(belong.why)} if belong.why else {})
    kept = {n: s for n, (_, s) in named.items() if n not in belong.left}
    said = {"name": name, "sources": kept, "from": belong.settings(), "left": {n: f"'{named[n][1]['path']}': {why}" if n.startswith("table-") else why for n, why in belong.left.items()}, "dataset": dataset, "evidence": evidence, "proposals": [vars(p) for p in made.proposals], "columns": made.columns, "contracts": contracts}
    return said | ({"aim": aimed} if aimed else {})


def _contract(con: Any, table: str, key: str | None) -> dict[str, Any]:
    """What a source has kept so far, as a contract would say it: its columns, half of its rows, and its key once a row."""
    rows = con.execute(f"select count(*) from {quote(table)}").fetchall()[0][0]
    columns = names_of(con, table)
    return {"columns": columns[:MOST_PROMISED]} | ({"unique": [key]} if key in columns else {}) | ({"least": rows // 2} if rows > 1 else {})


def _leading(con: Any, tables: Mapping[str, str], goal: str, target: str | None) -> str:
    """The source whose rows hold what is predicted: the one that has the column named outright, else the one that fits the goal best."""
    columns = {n: names_of(con, t) for n, t in tables.items()}
    holds = [n for n, c in columns.items() if (target in c if target is not None else named_in(goal, c))]
    if len(holds) == 1:
        return holds[0]
    return max(holds or tables, key=lambda n: aimed_at(draft(con, tables[n]), goal))


def _named(root: Path, paths: Sequence[Path]) -> dict[str, tuple[Source, dict[str, Any]]]:
    """A source for each file, under a name that the file gives."""
    from mesocosm.govern.sources import SOURCES

    found: dict[str, tuple[Source, dict[str, Any]]] = {}
    for path in paths:
        ending = path.suffix.lower().removeprefix(".")
        kind = ENDINGS.get(ending)
        if kind is None:
            raise Wrong("", f"'{path.name}' ends in '.{ending}'", "a file that ends in .csv, .tsv, .jsonl, .json, .parquet or .xlsx")
        settings = {"type": kind, "path": path.relative_to(root).as_posix()}
        name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or f"table-{len(found) + 1}"  # a name is in small Latin letters; the path beside it says the file
        name = (name if name[0].isalpha() else f"data-{name}")[:50]
        while f"{name}-source" in found:
            name += "-too"
        found[f"{name}-source"] = (SOURCES[kind].model_validate(settings), settings)  # type: ignore[assignment]
    return found


def _collected(con: Any, sources: Mapping[str, Source], names: Sequence[str], where: Where) -> dict[str, str]:
    for name in names:
        sources[name].collect(where, con, f"src_{name}")
    return {name: f"src_{name}" for name in names}
