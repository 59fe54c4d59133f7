"""The lineage of a prediction: version, snapshot, recipe, source files and rows. Knows records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from mesocosm.catalog.contents import VersionRecipe
from mesocosm.catalog.store import Catalog


class Lineage(TypedDict):
    """What led to a prediction: its version, that version's recipe and snapshot, source files."""

    prediction: dict[str, object]
    version: dict[str, object]
    recipe: VersionRecipe | None
    snapshot: dict[str, object]
    files: dict[str, str]


def format_ranges(lines: Sequence[int]) -> str:
    """Line numbers as ranges.

    >>> format_ranges([2, 3, 4, 7, 9, 10])
    '2-4,7,9-10'
    """
    found: list[list[int]] = []
    for line in sorted(set(lines)):
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ",".join(_format_range(first, last) for first, last in found)


def _format_range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def trace_prediction(catalog: Catalog, prediction: str) -> Lineage | None:
    """What led to a prediction, without its rows; None where there is no such prediction."""
    row = catalog.prediction(prediction)
    if row is None:
        return None
    version = catalog.version(row["version"])
    snapshot = catalog.snapshot(row["snapshot"])
    return {
        "prediction": _pick(row, ("id", "service", "at", "ms", "output"))
        | {"input": row["input"]["clean"]},
        "version": _pick(
            version or {}, ("id", "model", "number", "content", "origin", "at", "state", "why")
        ),
        "recipe": version["recipe"] if version else None,
        "snapshot": _pick(snapshot or {}, ("id", "dataset", "delta", "made", "account", "at")),
        "files": snapshot["files"] if snapshot else {},
    }


def _pick(row: Mapping[str, object], keys: Sequence[str]) -> dict[str, object]:
    """Some columns of a row, None where it has none."""
    return {key: row.get(key) for key in keys}
