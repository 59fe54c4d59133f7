"""A new snapshot against the last one, field by field, before anything is trained on it.

Knows two snapshots' records. A changed unit, a changed schema and a field that became missing stop
the build; a shifted distribution is only reported. Accepting a change is a person's act and is
audited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.config import Spec
from mesocosm.core.errors import ConfigError
from mesocosm.core.hashing import canonical
from mesocosm.lifecycle.review.field_change import FieldChange
from mesocosm.lifecycle.review.field_comparison import (
    compare_field,
    find_transformations,
    list_key_fields,
)
from mesocosm.lifecycle.review.table_comparison import compare_rows
from mesocosm.lifecycle.stopped_build import forget_stop, keep_stop, stop_findings


def compare_snapshots(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Compare each field that both snapshots define alike.

    A field whose definition the file changed is left out: that change was asked for. Fields that
    `fields: auto` drafted are compared in any case, since no file asks for those.

    Args:
        old: `account`, `report`, `facts`, `recipe` of the last snapshot.
        new: the same of the new one.
    """
    before, after = old["recipe"]["fields"], new["recipe"]["fields"]
    drafted = bool(new["recipe"].get("auto"))
    found = compare_rows(old, new)
    if drafted:
        found += _compare_columns(old, new)
    for name in after:
        if name not in before:
            continue
        was, now = before[name]["type"], after[name]["type"]
        if was != now and drafted:
            found.append(FieldChange(name, "schema", f"its type was {was} and is {now}"))
        elif was == now and (drafted or canonical(before[name]) == canonical(after[name])):
            found += compare_field(name, after[name], old, new)
    done = _find_done(old, new, found)
    explained = {change.field for change in done}
    return [change for change in found if change.field not in explained] + done


def _find_done(
    old: Mapping[str, Any], new: Mapping[str, Any], found: Sequence[FieldChange]
) -> list[FieldChange]:
    """What was done to whole fields (see `find_transformations`), among those that neither
    name a row nor became missing or unreadable.
    """
    before, after = old["recipe"]["fields"], new["recipe"]["fields"]
    was, now = old["facts"]["training"], new["facts"]["training"]
    without = {change.field for change in found if change.kind in ("missing", "unreadable")}
    without |= set(list_key_fields(new))
    measured = set(was) & set(now) & set(before) - without
    names = [n for n in after if n in measured and before[n]["type"] == after[n]["type"]]
    return find_transformations(
        {name: was[name] for name in names}, {name: now[name] for name in names}
    )


def _compare_columns(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Columns of a source that `fields: auto` drafts: one that is gone is a change of schema, one
    that is new is reported.
    """
    was, now = _columns(old), _columns(new)
    gone = [name for name, column in was.items() if name not in now and column not in _listed(new)]
    added = [name for name, column in now.items() if name not in was and column not in _listed(old)]
    if not gone:
        text = "the column is new in the source"
        return [FieldChange(name, "distribution", text) for name in added]
    text = "the source has no such column any more"
    if added:
        text += f"; new columns: {', '.join(added)}"
    return [FieldChange(name, "schema", text) for name in gone]


def _columns(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """The column that each field of a snapshot reads."""
    return {n: f.get("column") or n for n, f in snapshot["recipe"]["fields"].items()}


def _listed(snapshot: Mapping[str, Any]) -> set[str]:
    """The columns that a snapshot's sources had."""
    return set().union(*snapshot["report"].get("columns", {}).values())


def check_new_data(
    spec: Spec,
    dataset: str,
    made: str,
    last: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    accepted: frozenset[str],
) -> list[FieldChange]:
    """Compare a new snapshot with the last one, and stop where something changed that was not
    accepted.

    Args:
        accepted: `DATASET`, `DATASET.FIELD`.

    Returns:
        The changes that do not stop the build: shifts, and what was accepted.

    Raises:
        ConfigError: a unit or a schema changed, or a field became missing or unreadable; the
            findings hold the evidence and the line that accepts it.
    """
    store = spec.root / ".mesocosm"
    changes: list[FieldChange] = []
    if last:
        changes = compare_snapshots(last, new)
    stops = [
        change
        for change in changes
        if change.stops and not {dataset, f"{dataset}.{change.field}"} & accepted
    ]
    if not stops:
        forget_stop(store, dataset)
        return changes
    keep_stop(store, dataset, made, stops)
    raise ConfigError(stop_findings(spec, dataset, stops))
