"""Why new rows are rejected, and whether the file or the source is the likely cause.

Knows the records of two snapshots, the plan's reasons, and the table of quarantined rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mesocosm.core.messages import Message
from mesocosm.core.values.json_shapes import read_object
from mesocosm.data.quality.report import without_values
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.review.field_change import ComparedSnapshot, FieldChange

MOST = 3  # reasons that are named
ROSE = 0.01  # rise of the share of rows from which a reason is named
LONGEST = 40  # characters of an example


@dataclass(frozen=True)
class NewRows:
    """Where new rows come from.

    Args:
        change: the plan's change of their dataset.
        folder: the folder of their snapshot.
    """

    change: Change
    folder: Path


def explain_stops(
    stops: Sequence[FieldChange], last: ComparedSnapshot, new: ComparedSnapshot, origin: NewRows
) -> list[FieldChange]:
    """The changes that stop a build, with the largest reasons of rejected rows and the likely
    cause.
    """
    cause = _name_cause(origin.change)
    return [_explain_stop(stop, last, new, origin.folder, cause) for stop in stops]


def _explain_stop(
    stop: FieldChange, last: ComparedSnapshot, new: ComparedSnapshot, folder: Path, cause: str
) -> FieldChange:
    if stop.field or stop.kind != "rows":
        return replace(stop, evidence=stop.evidence + cause)
    reasons = list_risen_reasons(last, new)
    named = "; ".join(f"{why} ({rows:,} {_rows(rows)})" for why, rows in reasons.items())
    found = f"; because: {named}" if named else ""
    examples = tuple(_find_example(folder, new, reasons))
    return replace(stop, evidence=stop.evidence + cause + found, examples=examples)


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _name_cause(change: Change) -> str:
    """That the file changed and the sources did not, in a clause; empty where that is not so."""
    keys = []
    for reason in change.because:
        if not isinstance(reason, Message):
            return ""
        if reason.id == "lifecycle.setting_changed":
            keys.append(str(reason.params["key"]))
        elif reason.id != "lifecycle.build_stops":
            return ""
    if not keys:
        return ""
    return (
        "; the sources are unchanged, so the settings that changed in the file are the likely"
        f" cause ({', '.join(keys)})"
    )


def list_risen_reasons(last: ComparedSnapshot, new: ComparedSnapshot) -> dict[str, int]:
    """The reasons why a larger share of the rows is rejected than before, the most frequent
    first, each with its count of rows.
    """
    was, now = _count_rejected(last), _count_rejected(new)
    before, rows = max(1, last["account"]["in"]), max(1, new["account"]["in"])
    risen = {
        why: count for why, count in now.items() if count / rows - was.get(why, 0) / before >= ROSE
    }
    return dict(sorted(risen.items(), key=lambda entry: -entry[1])[:MOST])


def _count_rejected(snapshot: ComparedSnapshot) -> dict[str, int]:
    """How many rows each reason rejects; values of rows are left out of the reasons."""
    counts = dict(snapshot["report"].get("reasons") or {})
    duplicates = snapshot["account"]["duplicates"]
    return counts | ({"duplicate rows": duplicates} if duplicates else {})


def _find_example(folder: Path, new: ComparedSnapshot, reasons: Mapping[str, int]) -> Iterator[str]:
    """One value that the most frequent reason rejects, as `FIELD: VALUE`; none of a private
    field.
    """
    why = next(iter(reasons), "")
    field = why.partition(":")[0]
    settings = new["recipe"]["fields"].get(field)
    if not settings or settings.get("private"):
        return
    for row in _read_quarantine(folder, new):
        if without_values(row["reason"]) == why:
            value = read_object(json.loads(row["original"])).get(field)
            if value is not None:
                yield f"{field}: {str(value)[:LONGEST]}"
            return


def _read_quarantine(folder: Path, new: ComparedSnapshot) -> list[dict[str, str]]:
    """The quarantined rows of a snapshot that are rows of a table."""
    from mesocosm.data.snapshots.delta_tables import read_table

    delta = new["report"].get("delta") or {}
    if "quarantine" not in delta:
        return []
    columns, where = "reason, original", "original like '{%'"
    table = read_table(folder / "quarantine", delta["quarantine"], columns, where)
    return list(table.to_pylist())
