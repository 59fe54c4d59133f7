"""`fields: auto`: a dataset's fields and repairs drafted from its sources; and files of data
drafted as a dataset.

Knows sources and the draft. What the file says beside `fields: auto` stays as it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, get_args

from pydantic import ValidationError

from mesocosm.core.errors import ConfigValueError, belonging_to
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths, Source
from mesocosm.data.dataset import From
from mesocosm.data.engines.bounded_duckdb import open_engine
from mesocosm.data.profiling.file_detection import (
    detect_csv_settings,
    detect_excel_settings,
    detect_kind,
    find_list,
    read_sheet,
)
from mesocosm.data.profiling.goal.goal import Aim, aim
from mesocosm.data.profiling.goal.named_columns import find_named_column
from mesocosm.data.profiling.goal.spelling import name_source
from mesocosm.data.profiling.goal.target_column import choose_target, score_table
from mesocosm.data.profiling.header_detection import FileSettings
from mesocosm.data.profiling.join_discovery import Related, find_relations, join_tables
from mesocosm.data.profiling.profile import DatasetSettings, Draft, draft, list_names
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_PROMISED = 40  # columns of a proposed contract
GIVEN = {
    "csv": ("encoding", "delimiter", "skip"),
    "excel": ("sheet",),
}  # what a person may say of files of a kind


@dataclass(frozen=True)
class _File:
    """A file as a source: its settings, and the reason for those beyond its path."""

    source: Source
    settings: dict[str, object]
    why: str


def draft_dataset(sources: Mapping[str, Source], belong: From, where: ProjectPaths) -> Draft:
    """Collect sources and draft a dataset of their rows, put together as a file says.

    Raises:
        ConfigValueError: rows of several sources stand below each other, and others beside them.
    """
    union = belong.union if len(belong.union) > 1 else ()
    if union and belong.lookup:
        raise ConfigValueError(
            "fields",
            Message("data.auto_without_lookup"),
            Message("data.auto_from"),
        )
    if not all(how.is_plain for how in belong.partners.values()):
        raise ConfigValueError(
            "fields", Message("data.auto_with_plain_keys"), Message("data.auto_from")
        )
    shared = {source: how.left for source, how in belong.partners.items()}
    with open_engine(where.store) as con:
        tables, _ = _collect(con, sources, belong.sources, where)
        join_tables(con, tables, Related(belong.sources[0], union, shared), "src")
        return draft(con, "src", where.root)


def draft_files(
    root: Path,
    paths: Sequence[Path],
    goal: str = "",
    target: str | None = None,
    kind: str | None = None,
    given: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Draft files of data as sources and one dataset, ready to be written as an ecosystem.

    Args:
        goal: what is to be predicted, in words; then `split`, and under `aim` what the goal picked
            (see `goal.py`). The file that holds it leads, and others add columns to its rows.
        target: the column to predict, where it is given outright.
        kind: `classes` or `number`, where it is given outright.
        given: settings of the files that are not to be found, such as `encoding` or `skip` of
            delimited ones and `sheet` of workbooks.

    Raises:
        ConfigValueError: a file is of no kind that is known by its ending, or what is given is no
            setting of its kind.
    """
    with tempfile.TemporaryDirectory() as aside:
        where = ProjectPaths(root, Path(aside))
        with open_engine(where.store) as con:
            files = _name_files(con, root, paths, given or {})
            tables, collected = _collect_files(con, files, where)
            belong = find_relations(con, tables, _choose_leads(con, tables, goal, target))
            join_tables(con, tables, belong, "src")
            drafted, aimed = _draft_for_goal(con, root, goal, target, kind)
            columns = _list_columns(con, tables)
            contracts = _draft_contracts(con, tables, belong, drafted.key)
    dataset, evidence = drafted.settings(), dict(drafted.evidence)
    _choose_holders(dataset, evidence, _find_shared(columns, belong))
    if belong.why:
        evidence["from"] = "; ".join(belong.why)
    used = {name: file for name, file in files.items() if name not in belong.left}
    return {
        "name": belong.lead.removesuffix("-source"),
        "sources": {name: file.settings for name, file in used.items()},
        "from": belong.settings(),
        "left": _explain_left(files, belong.left),
        "dataset": dataset,
        "evidence": evidence,
        "proposals": [vars(p) for p in drafted.proposals],
        "columns": drafted.columns,
        "contracts": contracts,
        "notes": _note_files(used, collected),
        **aimed,
    }


def _note_files(
    files: Mapping[str, _File], collected: Mapping[str, Collected]
) -> dict[str, list[str]]:
    """What a person has to know of each source; sources without any are left out."""
    notes: dict[str, list[str]] = {}
    for name, file in files.items():
        sentences = _list_notes(file, collected[name])
        if sentences:
            notes[name] = sentences
    return notes


def _collect_files(
    con: DuckDBPyConnection, files: Mapping[str, _File], where: ProjectPaths
) -> tuple[dict[str, str], dict[str, Collected]]:
    sources = {name: file.source for name, file in files.items()}
    return _collect(con, sources, list(sources), where)


def _draft_for_goal(
    con: DuckDBPyConnection, root: Path, goal: str, target: str | None, kind: str | None
) -> tuple[Draft, dict[str, Aim]]:
    """The draft of the joined rows, and under `aim` what a goal picks of it; nothing without
    one.
    """
    drafted = draft(con, "src", root, target)
    if not (goal or target):
        return drafted, {}
    picked, _, _ = choose_target(drafted, goal, target)
    if picked == drafted.key:  # what is predicted names no row
        drafted = draft(con, "src", root, picked)
    return drafted, {"aim": aim(con, "src", drafted, goal, target, kind)}


def _choose_holders(
    dataset: DatasetSettings, evidence: dict[str, str], shared: Mapping[str, Sequence[str]]
) -> None:
    """Take the columns that several sources have from the first of them."""
    for column, holders in shared.items():
        dataset["fields"][column] = {
            **dataset["fields"][column],
            "column": f"{holders[0]}.{column}",
        }
        evidence[f"fields.{column}"] += (
            f"; {' and '.join(holders)} have a column of this name, and 'column' chooses that of"
            f" {holders[0]}"
        )


def _explain_left(files: Mapping[str, _File], left: Mapping[str, str]) -> dict[str, str]:
    """Why each file that is left out is."""
    return {name: _name_left(name, files[name], why) for name, why in left.items()}


def _name_left(name: str, file: _File, why: str) -> str:
    """Why a file is left out, with its path where its name does not say which it is."""
    if name.startswith("table-") or not str(file.settings["path"]).isascii():
        return f"'{file.settings['path']}': {why}"
    return why


def _find_shared(columns: Mapping[str, Sequence[str]], belong: Related) -> dict[str, list[str]]:
    """Columns that several joined sources have, beside the one that they are joined on: the
    sources, the first of which the draft takes.
    """
    holders = {column: [belong.lead] for column in columns[belong.lead]}
    for partner, on in belong.partners.items():
        for column in columns[partner]:
            if column != on:
                holders.setdefault(column, []).append(partner)
    return {column: sources for column, sources in holders.items() if len(sources) > 1}


def _draft_contracts(
    con: DuckDBPyConnection, tables: Mapping[str, str], belong: Related, key: str | None
) -> dict[str, Contract]:
    """What each source that is used has kept so far, as a contract would say it: its columns, half
    of its rows, and the key once a row where it is the one that leads.
    """
    contracts: dict[str, Contract] = {}
    for name, table in tables.items():
        if name not in belong.left:
            leads = name == belong.lead and not belong.union
            contracts[name] = _draft_contract(con, table, key if leads else None)
    return contracts


class Contract(TypedDict):
    """What a source promises: its columns, those whose values come once, and its least rows."""

    columns: list[str]
    unique: NotRequired[list[str]]
    min: NotRequired[int]


def _draft_contract(con: DuckDBPyConnection, table: str, key: str | None) -> Contract:
    """What one source has kept so far.

    Args:
        key: the column that comes once a row, where the source leads.
    """
    rows, columns = count_rows(con, quote(table)), list_names(con, table)
    contract: Contract = {"columns": columns[:MOST_PROMISED]}
    if key is not None and key in columns:
        contract["unique"] = [key]
    if rows > 1:
        contract["min"] = rows // 2
    return contract


def _choose_leads(
    con: DuckDBPyConnection, tables: Mapping[str, str], goal: str, target: str | None
) -> list[str]:
    """The sources whose rows may lead: with a goal the one that holds what is predicted."""
    if len(tables) == 1 or not (goal or target):
        return list(tables)
    columns = _list_columns(con, tables)
    if len(set(map(frozenset, columns.values()))) == 1:
        return list(tables)[:1]
    holders = [name for name, names in columns.items() if _holds_target(names, goal, target)]
    if len(holders) == 1:
        return holders
    return [_choose_best(con, {name: tables[name] for name in holders or tables}, goal)]


def _list_columns(con: DuckDBPyConnection, tables: Mapping[str, str]) -> dict[str, list[str]]:
    """The columns of each source."""
    return {name: list_names(con, table) for name, table in tables.items()}


def _choose_best(con: DuckDBPyConnection, tables: Mapping[str, str], goal: str) -> str:
    """The table of which some column fits a goal best."""
    scores = {name: score_table(draft(con, table), goal) for name, table in tables.items()}
    return max(scores, key=lambda name: scores[name])


def _holds_target(names: Sequence[str], goal: str, target: str | None) -> bool:
    """Whether one of some columns is named outright as what is predicted."""
    if target is None:
        return bool(find_named_column(goal, names))
    return target in names


def _name_files(
    con: DuckDBPyConnection, root: Path, paths: Sequence[Path], given: Mapping[str, object]
) -> dict[str, _File]:
    """A source for each file, under a name that the file gives."""
    found: dict[str, _File] = {}
    for path in paths:
        kind, stem = detect_kind(path)
        settings: dict[str, object] = {"type": kind, "path": path.relative_to(root).as_posix()}
        _check_given(path, kind, given)
        if given:
            _make_source(kind, {**settings, **given})  # before the file is read by it
        more, why = _detect_settings(con, path, kind, given)
        settings |= {**more, **given}
        name = name_source(stem, len(found) + 1)
        while f"{name}-source" in found:
            name += "-too"
        found[f"{name}-source"] = _File(_make_source(kind, settings), settings, why)
    return found


def _check_given(path: Path, kind: str, given: Mapping[str, object]) -> None:
    """Refuse settings that files of a kind do not have.

    Raises:
        ConfigValueError: a setting is one of another kind.
    """
    for key in given:
        if key not in GIVEN.get(kind, ()):
            takes = next(other for other, keys in GIVEN.items() if key in keys)
            raise ConfigValueError(
                "",
                Message("data.kind_without_setting", file=path.name, kind=kind, key=key),
                Message("data.kind_with_option", kind=takes, key=key),
            )


def _make_source(kind: str, settings: Mapping[str, object]) -> Source:
    """The source of these settings.

    Raises:
        ConfigValueError: a setting is none that its kind takes.
    """
    from mesocosm.data.sources import SOURCES
    from mesocosm.data.sources.delimited.encodings import Encoding

    encoding = settings.get("encoding")
    if encoding is not None and encoding not in get_args(Encoding):
        raise ConfigValueError(
            "encoding",
            Message("data.unsupported_encoding", encoding=str(encoding)),
            Message("data.supported_encoding"),
            list(get_args(Encoding)),
            str(encoding),
        )
    try:
        return SOURCES[kind].model_validate(settings)  # type: ignore[return-value]
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "delimiter"
        raise ConfigValueError(
            key,
            Message("data.got_value", value=f"{settings.get(key)!r:.80}"),
            re.sub(r"^(?:Value error, |(?:String|Input) should (?:have|be) )", "", first["msg"]),
        ) from error


def _detect_settings(
    con: DuckDBPyConnection, path: Path, kind: str, given: Mapping[str, object]
) -> FileSettings:
    """Settings of a file beyond its path, where its own records show that it needs them."""
    if not path.is_file():
        return {}, ""
    if kind == "csv":
        skip = given.get("skip")
        return detect_csv_settings(
            con,
            path,
            _read_text(given, "encoding"),
            _read_text(given, "delimiter"),
            skip if isinstance(skip, int) else None,
        )
    if kind == "excel":
        return detect_excel_settings(read_sheet(path, _read_text(given, "sheet")))
    if kind == "json" and (at := find_list(path)):
        return {"at": at}, f"'{at}' is the only list of objects in the document"
    return {}, ""


def _read_text(given: Mapping[str, object], key: str) -> str | None:
    """A setting that is given outright as a text, None where it is not."""
    value = given.get(key)
    return value if isinstance(value, str) else None


def _collect(
    con: DuckDBPyConnection,
    sources: Mapping[str, Source],
    names: Sequence[str],
    where: ProjectPaths,
) -> tuple[dict[str, str], dict[str, Collected]]:
    """The table of each source, and what was found in reading it."""
    found: dict[str, Collected] = {}
    for name in names:
        with belonging_to(f"sources.{name}"):
            found[name] = sources[name].collect(where, con, f"src_{name}")
    return {name: f"src_{name}" for name in names}, found


def _list_notes(file: _File, collected: Collected) -> list[str]:
    """What a person has to know of a source: how its bytes were read, and which lines were not."""
    notes = [file.why] if file.why else []
    notes += collected.notes
    if bad := collected.unreadable:
        places = ", ".join(f"line {line} ({why})" for _, line, _, why in bad[:3])
        more = " and more" if len(bad) > 3 else ""
        notes.append(
            f"{len(bad)} of {collected.rows + len(bad)} lines cannot be read, and a build"
            f" quarantines them: {places}{more}"
        )
    return notes
