"""The message of an alert of drift. Knows what was found; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from mesocosm.catalog.contents import AlertPart, DriftedFeature
from mesocosm.catalog.records import Diagnosis
from mesocosm.core.confidential.row_values import mark_value
from mesocosm.core.messages import Message, Text
from mesocosm.monitoring.drift.category_changes import Change


def describe_drift(
    service: str,
    prefix: Text,
    found: Sequence[DriftedFeature],
    changes: Sequence[Change],
    rows: int,
    part: AlertPart | None,
    diagnosis: Diagnosis,
) -> Message:
    """Which features drifted over how many rows, the smallest p-value, the part of the rows that
    holds the drift, the diagnosis and the remediation.
    """
    fields = [*(str(f["feature"]) for f in found), *(c.field for c in changes)]
    smallest = min([*(float(f["p"]) for f in found), *(float(c.p) for c in changes)])
    return Message(
        "monitoring.inputs_drifted",
        prefix=prefix,
        service=service,
        fields=tuple(dict.fromkeys(fields)),
        p=smallest,
        rows=rows,
        median=_describe_median(found),
        part=_describe_part(part),
        why=diagnosis.why,
        remedy=diagnosis.remedy_name,
    )


def _describe_median(found: Sequence[DriftedFeature]) -> Text:
    """How the median of the feature that drifted most moved; empty where it is not a number."""
    if not found or "median_now" not in found[0]:
        return ""
    before, now = float(found[0]["median_before"]), float(found[0]["median_now"])
    return Message("monitoring.median_moved", before=before, now=now)


def _describe_part(part: AlertPart | None) -> Text:
    """The part of the rows that holds the drift; empty where all do."""
    if not part:
        return ""
    return Message(
        "monitoring.only_where",
        field=part["field"],
        value=mark_value(part["value"]),
        rows=part["rows"],
        of=part["of"],
    )
