"""What the build of a version changed in its cells, as its ledger has it.

Knows the catalog and the ledger's table. Private fields have counts and no cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import ChangedCells
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.quality.ledger.steps import STEPS
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows
from mesocosm.lifecycle.access.datasets.history import find_dataset, find_version
from mesocosm.lifecycle.project_store import locate_project

COLUMNS = ("row", "file", "line", "field", "step", "rule", "source", "old", "new", "confidence")


@dataclass(frozen=True)
class ChangeFilter:
    """Which changes are asked for; None asks for all.

    Args:
        field: a field's name.
        step: `read`, `repairs`, `outliers` or `missing`.
        rule: a part of the setting, as `unit: kg`.
        row: the number of a row.
    """

    field: str | None = None
    step: str | None = None
    rule: str | None = None
    row: int | None = None


class ListedChange(TypedDict):
    """A changed cell: where its row came from, the step and its setting, the text in the source,
    and the value before and after the step.
    """

    row: int
    file: str
    line: int
    field: str
    step: str
    rule: str
    source: str | None
    old: str | None
    new: str | None
    confidence: float | None


class ListedChanges(TypedDict):
    """The changes of a version that a filter finds.

    Args:
        counts: of each field, step and setting: how many cells it changed, exactly.
        recorded: how many of these cells the ledger holds.
        changes: some of them.
    """

    dataset: str
    version: str
    counts: list[ChangedCells]
    recorded: int
    changes: list[ListedChange]


def list_changes(
    spec: Spec,
    catalog: Catalog,
    dataset: str,
    wanted: ChangeFilter,
    limit: int = 20,
    at: str = "newest",
) -> ListedChanges:
    """The cells that the build of a version changed.

    Args:
        limit: cells that are listed.
        at: the version, by number, id, `newest`, `previous`, or the time it stood.

    Raises:
        ConfigValueError: there is no such dataset, version, field or step.
        MesocosmError: it was not built, or a release built it that kept no changes.
    """
    _check_filter(sorted(find_dataset(spec, dataset).fields), wanted)
    snapshot = find_version(catalog, dataset, at)
    counts = snapshot["report"].get("changed_cells")
    if counts is None or "changes" not in snapshot["report"]["delta"]:
        raise MesocosmError(Message("lifecycle.changes_not_recorded", version=snapshot["id"]))
    found, recorded = _read_changes(spec, snapshot, wanted, limit)
    return {
        "dataset": dataset,
        "version": snapshot["id"],
        "counts": [count for count in counts if _is_wanted(count, wanted)],
        "recorded": recorded,
        "changes": found,
    }


def _check_filter(fields: Sequence[str], wanted: ChangeFilter) -> None:
    """Refuse a field or step that is none.

    Raises:
        ConfigValueError: with the nearest one.
    """
    named = (
        (wanted.field, fields, Message("lifecycle.no_field_of_name", name=wanted.field or "")),
        (wanted.step, STEPS, Message("lifecycle.no_step_of_name", name=wanted.step or "")),
    )
    for name, known, found in named:
        if name is not None and name not in known:
            expected = Message("lifecycle.one_of_these")
            raise ConfigValueError("", found, expected, list(known), name)


def _is_wanted(count: ChangedCells, wanted: ChangeFilter) -> bool:
    if wanted.field is not None and count["field"] != wanted.field:
        return False
    if wanted.step is not None and count["step"] != wanted.step:
        return False
    return wanted.rule is None or wanted.rule in count["rule"]


def _read_changes(
    spec: Spec, snapshot: SnapshotRow, wanted: ChangeFilter, limit: int
) -> tuple[list[ListedChange], int]:
    """Some of the cells that a filter finds, of each setting as many, and how many the ledger
    holds.
    """
    import duckdb

    from mesocosm.data.snapshots.delta_tables import scan

    path = Path(locate_project(spec).store / snapshot["path"])
    changes = scan(path / "changes", snapshot["report"]["delta"]["changes"])
    rows = scan(path / "rows", snapshot["delta"])
    where = _where_sql(wanted)
    order = " ".join(f"when {text(step)} then {number}" for number, step in enumerate(STEPS))
    with duckdb.connect() as con:
        recorded = count_rows(con, changes, where)
        listed = con.execute(
            f"select c._row, r._file, r._line, c.* exclude (_row, turn) from (select *,"
            " row_number() over (partition by field, step, rule order by _row) as turn from"
            f" {changes} where {where} order by turn, field, step, rule limit {limit}) c"
            f" left join (select _row, _file, _line from {rows}) r using (_row) order by c.field,"
            f" case c.step {order} end, c.rule, c._row"
        ).fetchall()
    return [_as_change(row) for row in listed], recorded


def _as_change(row: tuple[object, ...]) -> ListedChange:
    change: ListedChange = dict(zip(COLUMNS, row, strict=True))  # type: ignore[assignment]
    return change


def _where_sql(wanted: ChangeFilter) -> str:
    """SQL that is true for the changes that are asked for."""
    conditions = ["true"]
    for column, value in (("field", wanted.field), ("step", wanted.step)):
        if value is not None:
            conditions.append(f"{quote(column)} = {text(value)}")
    if wanted.rule is not None:
        conditions.append(f"contains(rule, {text(wanted.rule)})")
    if wanted.row is not None:
        conditions.append(f"_row = {int(wanted.row)}")
    return " and ".join(conditions)
