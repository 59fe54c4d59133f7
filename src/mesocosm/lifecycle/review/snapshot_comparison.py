"""A new snapshot against the last one, field by field, before anything is trained on it.

Knows two snapshots' records. A changed unit, a changed schema and a field that became missing stop
the build; a shifted distribution is only reported. Accepting a change is a person's act and is
audited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigError
from mesocosm.core.hashing import canonical
from mesocosm.core.values.json_shapes import read_text
from mesocosm.lifecycle.review.field_change import ComparedSnapshot, FieldChange
from mesocosm.lifecycle.review.field_comparison import (
    compare_field,
    find_transformations,
    list_key_fields,
)
from mesocosm.lifecycle.review.stop_reasons import NewRows, explain_stops
from mesocosm.lifecycle.review.stopped_build import forget_stop, keep_stop, stop_findings
from mesocosm.lifecycle.review.table_comparison import compare_rows


def compare_snapshots(old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """Compare each field that both snapshots define alike.

    A field whose definition the file changed is left out: that change was asked for. Fields that
    `fields: auto` drafted are compared in any case, since no file asks for those.

    Args:
        old: `account`, `report`, `facts`, `recipe` of the last snapshot.
        new: the same of the new one.
    """
    found = compare_rows(old, new)
    if new["recipe"].get("auto"):
        found += _compare_columns(old, new)
    for name in _shared_fields(old, new):
        found += _compare_defined(name, old, new)
    done = _find_done(old, new, found)
    explained = {change.field for change in done}
    return [change for change in found if change.field not in explained] + done


def _shared_fields(old: ComparedSnapshot, new: ComparedSnapshot) -> list[str]:
    """The fields that both snapshots have, in the order of the new one."""
    return [name for name in new["recipe"]["fields"] if name in old["recipe"]["fields"]]


def _compare_defined(name: str, old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """What changed in a field that both snapshots have; nothing where the file defines it in
    another way now.
    """
    before, after = old["recipe"]["fields"][name], new["recipe"]["fields"][name]
    if new["recipe"].get("auto"):
        return _compare_drafted(name, old, new)
    if canonical(before) == canonical(after):
        return compare_field(name, after, old, new)
    return []


def _compare_drafted(name: str, old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """What changed in a field that no file defines."""
    before, after = old["recipe"]["fields"][name], new["recipe"]["fields"][name]
    was, now = before["type"], after["type"]
    if was != now:
        return [FieldChange(name, "schema", f"its type was {was} and is {now}")]
    return compare_field(name, after, old, new)


def _find_done(
    old: ComparedSnapshot, new: ComparedSnapshot, found: Sequence[FieldChange]
) -> list[FieldChange]:
    """What was done to whole fields (see `find_transformations`), among those that neither
    name a row nor became missing or unreadable.
    """
    was, now = old["facts"]["training"], new["facts"]["training"]
    without = {change.field for change in found if change.kind in ("missing", "unreadable")}
    without |= set(list_key_fields(new))
    names = [name for name in _measured_alike(old, new) if name not in without]
    return find_transformations(_select(was, names), _select(now, names))


def _select(
    training: Mapping[str, TrainingColumn], names: Sequence[str]
) -> dict[str, TrainingColumn]:
    return {name: training[name] for name in names}


def _measured_alike(old: ComparedSnapshot, new: ComparedSnapshot) -> list[str]:
    """The fields of the same type that both snapshots have a distribution of."""
    measured = set(old["facts"]["training"]) & set(new["facts"]["training"])
    return [name for name in _same_types(old, new) if name in measured]


def _same_types(old: ComparedSnapshot, new: ComparedSnapshot) -> list[str]:
    """The fields that have the same type in both snapshots."""
    before, after = old["recipe"]["fields"], new["recipe"]["fields"]
    return [n for n in _shared_fields(old, new) if before[n]["type"] == after[n]["type"]]


def _compare_columns(old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """Columns of a source that `fields: auto` drafts: one that is gone is a change of schema, one
    that is new is reported.
    """
    gone, added = _find_missing(old, new), _find_missing(new, old)
    if not gone:
        text = "the column is new in the source"
        return [FieldChange(name, "distribution", text) for name in added]
    text = "the source has no such column any more"
    if added:
        text += f"; new columns: {', '.join(added)}"
    return [FieldChange(name, "schema", text) for name in gone]


def _find_missing(there: ComparedSnapshot, other: ComparedSnapshot) -> list[str]:
    """The fields of a snapshot that another lacks, and whose column its sources lack too."""
    fields, listed = _columns(other), _listed(other)
    columns = _columns(there).items()
    return [name for name, column in columns if name not in fields and column not in listed]


def _columns(snapshot: ComparedSnapshot) -> dict[str, str]:
    """The column that each field of a snapshot reads."""
    fields = snapshot["recipe"]["fields"].items()
    return {name: read_text(field.get("column")) or name for name, field in fields}


def _listed(snapshot: ComparedSnapshot) -> set[str]:
    """The columns that a snapshot's sources had."""
    return set(chain.from_iterable(snapshot["report"].get("columns", {}).values()))


def check_new_data(
    spec: Spec,
    dataset: str,
    made: str,
    last: ComparedSnapshot | None,
    new: ComparedSnapshot,
    accepted: frozenset[str],
    origin: NewRows,
) -> list[FieldChange]:
    """Compare a new snapshot with the last one, and stop where something changed that was not
    accepted.

    Args:
        accepted: `DATASET`, `DATASET.FIELD`.
        origin: where the new rows come from.

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
    stops = _list_stops(dataset, changes, accepted)
    if not stops or last is None:
        forget_stop(store, dataset)
        return changes
    stops = explain_stops(stops, last, new, origin)
    keep_stop(store, dataset, made, stops)
    raise ConfigError(stop_findings(spec, dataset, stops))


def _list_stops(
    dataset: str, changes: Sequence[FieldChange], accepted: frozenset[str]
) -> list[FieldChange]:
    """The changes that stop a build, and that no person accepted."""
    if dataset in accepted:
        return []
    stops = [change for change in changes if change.stops]
    return [change for change in stops if f"{dataset}.{change.field}" not in accepted]
