"""`fields: auto`: a dataset's fields and repairs drafted from its sources; and files of data
drafted as a dataset.

Knows sources and the draft. What the file says beside `fields: auto` stays as it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from mesocosm.core.errors import Wrong, belonging_to
from mesocosm.core.settings import Collected, Source, Where
from mesocosm.data.dataset import From
from mesocosm.data.engines.bounded_duckdb import engine
from mesocosm.data.profiling.file_detection import (
    csv_settings,
    excel_settings,
    kind_of,
    list_in,
    sheet_rows,
)
from mesocosm.data.profiling.goal.goal import aim
from mesocosm.data.profiling.goal.named_columns import named_in
from mesocosm.data.profiling.goal.target_column import aimed_at, target_of
from mesocosm.data.profiling.join_discovery import Related, beside, related
from mesocosm.data.profiling.profile import Draft, draft, list_names
from mesocosm.data.sources.path_utils import quote

MOST_PROMISED = 40  # columns of a proposed contract
GIVEN = {
    "csv": ("encoding", "delimiter", "skip"),
    "excel": ("sheet",),
}  # what a person may say of files of a kind


def look(sources: Mapping[str, Source], belong: From, where: Where) -> Draft:
    """Collect sources and draft a dataset of their rows, put together as a file says.

    Raises:
        Wrong: rows of several sources stand below each other, and others beside them.
    """
    if len(belong.union) > 1 and belong.lookup:
        raise Wrong(
            "fields",
            "'auto' drafts no fields of a union with a lookup",
            "'from' with one source, a union or a join, or the fields by name",
        )
    with engine(where.store) as con:
        tables, _ = _collected(con, sources, belong.sources, where)
        beside(
            con,
            tables,
            Related(
                belong.sources[0], belong.union if len(belong.union) > 1 else (), belong.partners
            ),
            "src",
        )
        return draft(con, "src", where.root)


def draft_files(
    root: Path,
    paths: Sequence[Path],
    goal: str = "",
    target: str | None = None,
    kind: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Files of data as sources and one drafted dataset, ready to be written as an ecosystem.

    Args:
        goal: what is to be predicted, in words; then `split`, and under `aim` what the goal picked
            (see `aim.py`). The file that holds it leads, and others add columns to its rows.
        target: the column to predict, where it is given outright.
        kind: `classes` or `number`, where it is given outright.
        given: settings of the files that are not to be found, such as `encoding` or `skip` of
            delimited ones and `sheet` of workbooks.

    Raises:
        Wrong: a file is of no kind that is known by its ending, or what is given is no setting of
            its kind.
    """
    with tempfile.TemporaryDirectory() as aside:
        where = Where(root, Path(aside))
        with engine(where.store) as con:
            named = _named(con, root, paths, given or {})
            tables, collected = _collected(
                con, {n: s for n, (s, _, _) in named.items()}, list(named), where
            )
            leads = list(named)
            aimed: dict[str, Any] | None = None
            if (goal or target) and len(named) > 1:
                leads = (
                    leads[:1]
                    if len({frozenset(list_names(con, t)) for t in tables.values()}) == 1
                    else [_leading(con, tables, goal, target)]
                )
            belong = related(con, tables, leads)
            beside(con, tables, belong, "src")
            made = draft(con, "src", root, target)
            if goal or target:
                picked = target_of(made, goal, target)[0]
                made = made if picked != made.key else draft(con, "src", root, picked)
                aimed = aim(con, "src", made, goal, target, kind)
            chosen = _chosen({n: list_names(con, t) for n, t in tables.items()}, belong)
            contracts = {
                n: _contract(con, t, made.key if n == belong.lead and not belong.union else None)
                for n, t in tables.items()
                if n not in belong.left
            }
    dataset = made.settings()
    for column, holders in chosen.items():
        dataset["fields"][column] = {
            **dataset["fields"][column],
            "column": f"{holders[0]}.{column}",
        }
        made.evidence[f"fields.{column}"] += (
            f"; {' and '.join(holders)} have a column of this name, and 'column' chooses that of"
            f" {holders[0]}"
        )
    name = belong.lead.removesuffix("-source")
    evidence = made.evidence | ({"from": "; ".join(belong.why)} if belong.why else {})
    kept = {n: s for n, (_, s, _) in named.items() if n not in belong.left}
    notes = {
        n: told
        for n in kept
        if (told := [*([named[n][2]] if named[n][2] else []), *_told(collected[n])])
    }
    said = {
        "name": name,
        "sources": kept,
        "from": belong.settings(),
        "left": {
            n: f"'{named[n][1]['path']}': {why}" if n.startswith("table-") else why
            for n, why in belong.left.items()
        },
        "dataset": dataset,
        "evidence": evidence,
        "proposals": [vars(p) for p in made.proposals],
        "columns": made.columns,
        "contracts": contracts,
        "notes": notes,
    }
    return said | ({"aim": aimed} if aimed else {})


def _chosen(columns: Mapping[str, Sequence[str]], belong: Related) -> dict[str, list[str]]:
    """Columns that several joined sources have, beside the one that they are joined on: the
    sources, the first of which the draft takes.
    """
    holders = {c: [belong.lead] for c in columns[belong.lead]} if belong.partners else {}
    for partner, on in belong.partners.items():
        for column in columns[partner]:
            if column != on:
                holders.setdefault(column, []).append(partner)
    return {c: sources for c, sources in holders.items() if len(sources) > 1}


def _contract(con: Any, table: str, key: str | None) -> dict[str, Any]:
    """What a source has kept so far, as a contract would say it: its columns, half of its rows, and
    its key once a row.
    """
    rows = con.execute(f"select count(*) from {quote(table)}").fetchall()[0][0]
    columns = list_names(con, table)
    return (
        {"columns": columns[:MOST_PROMISED]}
        | ({"unique": [key]} if key in columns else {})
        | ({"least": rows // 2} if rows > 1 else {})
    )


def _leading(con: Any, tables: Mapping[str, str], goal: str, target: str | None) -> str:
    """The source whose rows hold what is predicted: the one that has the column named outright,
    else the one that fits the goal best.
    """
    columns = {n: list_names(con, t) for n, t in tables.items()}
    holds = [
        n for n, c in columns.items() if (target in c if target is not None else named_in(goal, c))
    ]
    if len(holds) == 1:
        return holds[0]
    return max(holds or tables, key=lambda n: aimed_at(draft(con, tables[n]), goal))


def _named(
    con: Any, root: Path, paths: Sequence[Path], given: Mapping[str, Any]
) -> dict[str, tuple[Source, dict[str, Any], str]]:
    """A source for each file, under a name that the file gives: its settings, and the sentence that
    speaks for those beyond its path.
    """
    found: dict[str, tuple[Source, dict[str, Any], str]] = {}
    for path in paths:
        kind, stem = kind_of(path)
        settings: dict[str, Any] = {"type": kind, "path": path.relative_to(root).as_posix()}
        mine = {k: v for k, v in given.items() if k in GIVEN.get(kind, ())}
        if other := next((k for k in given if k not in mine), ""):
            takes = next(k for k, keys in GIVEN.items() if other in keys)
            raise Wrong(
                "",
                f"'{path.name}' is read as {kind}, which has no '{other}'",
                f"files of kind {takes} beside --{other}",
            )
        if mine:
            _source(kind, {**settings, **mine})  # before the file is read by it
        more, why = _beyond(con, path, kind, mine) if path.is_file() else ({}, "")
        settings |= {**more, **mine}
        name = (
            re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or f"table-{len(found) + 1}"
        )  # a name is in small Latin letters; the path beside it says the file
        name = (name if name[0].isalpha() else f"data-{name}")[:50]
        while f"{name}-source" in found:
            name += "-too"
        found[f"{name}-source"] = (_source(kind, settings), settings, why)
    return found


def _source(kind: str, settings: Mapping[str, Any]) -> Source:
    """The source of these settings.

    Raises:
        Wrong: a setting is none that its kind takes.
    """
    from mesocosm.data.sources import SOURCES
    from mesocosm.data.sources.delimited.encodings import Encoding

    encoding = settings.get("encoding")
    if encoding is not None and encoding not in get_args(Encoding):
        raise Wrong(
            "encoding",
            f"'{encoding}' is no encoding that is read",
            "a name of one",
            list(get_args(Encoding)),
            str(encoding),
        )
    try:
        return SOURCES[kind].model_validate(settings)  # type: ignore[return-value]
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "delimiter"
        raise Wrong(
            key,
            f"got {settings.get(key)!r:.80}",
            re.sub(r"^(?:Value error, |(?:String|Input) should (?:have|be) )", "", first["msg"]),
        ) from error


def _beyond(
    con: Any, path: Path, kind: str, given: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Settings of a file beyond its path, where its own records show that it needs them."""
    if kind == "csv":
        return csv_settings(
            con, path, given.get("encoding"), given.get("delimiter"), given.get("skip")
        )
    if kind == "excel":
        return excel_settings(sheet_rows(path, given.get("sheet")))
    at = list_in(path) if kind == "json" else ""
    return ({"at": at}, f"'{at}' is the only list of objects in the document") if at else ({}, "")


def _collected(
    con: Any, sources: Mapping[str, Source], names: Sequence[str], where: Where
) -> tuple[dict[str, str], dict[str, Collected]]:
    """The table of each source, and what was found in reading it."""
    found: dict[str, Collected] = {}
    for name in names:
        with belonging_to(f"sources.{name}"):
            found[name] = sources[name].collect(where, con, f"src_{name}")
    return {name: f"src_{name}" for name in names}, found


def _told(collected: Collected) -> list[str]:
    """What a person has to know of a source: how its bytes were read, and which lines were not."""
    told = list(collected.notes)
    if bad := collected.unreadable:
        places = ", ".join(f"line {line} ({why})" for _, line, _, why in bad[:3])
        told.append(
            f"{len(bad)} of {collected.rows + len(bad)} lines cannot be read, and a build"
            f" quarantines them: {places}{' and more' if len(bad) > 3 else ''}"
        )
    return told
