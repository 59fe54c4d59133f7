"""An alert of drift in parts of a sentence. Knows what was found; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.confidential.row_values import mark_value
from mesocosm.monitoring.drift.source_changes import Change


def describe_moved(found: Sequence[Mapping[str, Any]], changes: Sequence[Change]) -> str:
    """Which features drifted, and the smallest p-value; a parenthesis stays open."""
    fields = [*(str(f["feature"]) for f in found), *(c.field for c in changes)]
    names = ", ".join(dict.fromkeys(fields))
    smallest = min([*(float(f["p"]) for f in found), *(c.p for c in changes)])
    return f"drifted in {names} (p {smallest:.1e}"


def describe_median(found: Sequence[Mapping[str, Any]]) -> str:
    """How the median of the feature that drifted most moved; empty where it is not a number."""
    if not found or "median_now" not in found[0]:
        return ""
    return f", median {found[0]['median_before']:.6g} -> {found[0]['median_now']:.6g}"


def describe_part(part: Mapping[str, Any] | None) -> str:
    """The part of the rows that holds the drift; empty where all do."""
    if not part:
        return ""
    value = mark_value(part["value"])
    return f", only where {part['field']} is '{value}' ({part['rows']} of {part['of']} rows)"
