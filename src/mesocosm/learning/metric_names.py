"""Metrics in the lines of progress: their names in the reader's language, and retention."""

from __future__ import annotations

from mesocosm.core.messages import Message, Text

_NAMES = {
    "accuracy": Message("progress.accuracy"),
    "mean error": Message("progress.mean_error"),
    "mean reciprocal rank": Message("progress.mrr"),
    "perplexity": Message("progress.perplexity"),
}


def name_metric(label: str) -> Text:
    """The name of a metric; one that has no other name in Chinese as it is."""
    return _NAMES.get(label, label)


def describe_retention(
    rows: int, version: str, metric: str, before: float, after: float
) -> Message:
    """A line of progress: a metric on the previous version's test rows, of both versions."""
    return Message(
        "progress.retention",
        rows=rows,
        version=version,
        metric=name_metric(metric),
        before=before,
        after=after,
    )
