"""The lineage of a prediction: version, snapshot, recipe, source files and rows. Knows records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesocosm.catalog.store import Catalog


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


def trace_prediction(catalog: Catalog, prediction: str) -> dict[str, Any] | None:
    """What led to a prediction, without its rows; None where there is no such prediction."""
    row = catalog.prediction(prediction)
    if row is None:
        return None
    version = catalog.version(row["version"]) or {}
    snapshot = catalog.snapshot(row["snapshot"]) or {}
    return {
        "prediction": (
            {k: row[k] for k in ("id", "service", "at", "ms", "output")}
            | {"input": row["input"]["clean"]}
        ),
        "version": {
            k: version.get(k)
            for k in ("id", "model", "number", "content", "origin", "at", "state", "why")
        },
        "recipe": version.get("recipe"),
        "snapshot": {
            k: snapshot.get(k) for k in ("id", "dataset", "delta", "made", "account", "at")
        },
        "files": snapshot.get("files", {}),
    }
