"""A new snapshot against the last one, field by field, before anything is trained on it.

Knows two snapshots' records. A changed unit, a changed schema and a field that became missing stop
the build; a shifted distribution is only reported. Accepting a change is a person's act and is
audited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.config import Spec
from mesocosm.core.errors import Invalid
from mesocosm.core.hashing import canonical
from mesocosm.lifecycle.review.field_change import FieldChange
from mesocosm.lifecycle.review.field_comparison import compare_field, find_done, keys
from mesocosm.lifecycle.review.table_comparison import compare_rows
from mesocosm.lifecycle.stopped_build import forget_stop, keep_stop, stop_findings


def compare_snapshots(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Compare each field that both snapshots define alike.

    A field whose definition the file changed is left out: that change was asked for. Fields that
    `fields: auto` drafted are compared in any case, since nobody asked for those.

    Args:
        old: `account`, `report`, `facts`, `recipe` of the last snapshot.
        new: the same of the new one.
    """
    before, after = old["recipe"]["fields"], new["recipe"]["fields"]
    drafted = bool(new["recipe"].get("auto"))
    found: list[FieldChange] = compare_rows(old, new) + (
        _compare_columns(old, new) if drafted else []
    )
    for name in after:
        if name not in before:
            continue
        if before[name]["type"] != after[name]["type"]:
            if drafted:
                found.append(
                    FieldChange(
                        name,
                        "schema",
                        f"its type was {before[name]['type']} and is {after[name]['type']}",
                    )
                )
            continue
        if not drafted and canonical(before[name]) != canonical(after[name]):
            continue
        found += compare_field(name, after[name], old, new)
    named = {c.field for c in found if c.kind in ("missing", "unreadable")}
    known = [
        (old["facts"]["training"][n], new["facts"]["training"][n], n)
        for n in after
        if n in before
        and n not in named
        and n not in keys(new)
        and before[n]["type"] == after[n]["type"]
        and all(n in s["facts"]["training"] for s in (old, new))
    ]
    if other := find_done({n: was for was, _, n in known}, {n: now for _, now, n in known}):
        found = [c for c in found if c.field not in {o.field for o in other}] + other
    return found


def _compare_columns(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Columns of a source that `fields: auto` drafts: one that is gone is a change of schema, one
    that is new is reported.
    """
    was, now = (_columns(snapshot) for snapshot in (old, new))
    gone = [n for n, column in was.items() if n not in now and column not in _listed(new)]
    added = [n for n, column in now.items() if n not in was and column not in _listed(old)]
    beside = f"; new beside it: {', '.join(added)}" if added else ""
    return [
        FieldChange(n, "schema", f"the source has no such column any more{beside}") for n in gone
    ] + [
        FieldChange(n, "distribution", "the column is new in the source") for n in added if not gone
    ]


def _columns(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """The column that each field of a snapshot reads."""
    return {n: f.get("column") or n for n, f in snapshot["recipe"]["fields"].items()}


def _listed(snapshot: Mapping[str, Any]) -> set[str]:
    """The columns that a snapshot's sources had."""
    return {c for columns in snapshot["report"].get("columns", {}).values() for c in columns}


def check_new_data(
    spec: Spec,
    dataset: str,
    made: str,
    last: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    accepted: frozenset[str],
) -> list[FieldChange]:
    """Compare, and stop where something changed that nobody accepted.

    Args:
        accepted: `DATASET`, `DATASET.FIELD`.

    Returns:
        The changes that do not stop the build: shifts, and what was accepted.

    Raises:
        Invalid: a unit or a schema changed, or a field became missing or unreadable; the findings
            hold the evidence and the line that accepts it.
    """
    store = spec.root / ".mesocosm"
    changes = compare_snapshots(last, new) if last else []
    stops = [c for c in changes if c.stops and not {dataset, f"{dataset}.{c.field}"} & accepted]
    if not stops:
        forget_stop(store, dataset)
        return changes
    keep_stop(store, dataset, made, stops)
    raise Invalid(stop_findings(spec, dataset, stops))
