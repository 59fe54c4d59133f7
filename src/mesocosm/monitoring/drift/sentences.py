"""What an alert of drift says, in parts of a sentence. Knows what was found; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.confidential.row_values import mark_value
from mesocosm.monitoring.drift.source_changes import Change


def describe_moved(found: Sequence[Mapping[str, Any]], changes: Sequence[Change]) -> str:
    """What moved, and how unlikely that is."""
    names = ", ".join(
        dict.fromkeys([*(str(f["feature"]) for f in found), *(c.field for c in changes)])
    )
    return (
        f"drifted in {names} (p"
        f" {min([*(float(f['p']) for f in found), *(c.p for c in changes)]):.1e}"
    )


def describe_median(found: Sequence[Mapping[str, Any]]) -> str:
    return (
        f", median {found[0]['median_before']:.6g} -> {found[0]['median_now']:.6g}"
        if found and "median_now" in found[0]
        else ""
    )


def describe_part(part: Mapping[str, Any] | None) -> str:
    return (
        f", all of it where {part['field']} is '{mark_value(part['value'])}' ({part['rows']} of"
        f" {part['of']} rows)"
        if part
        else ""
    )
