"""Metrics and states of versions by their names in the reader's language, and retention."""

from __future__ import annotations

from mesocosm.core.messages import Message, Text

_KEYS = (  # the metrics that have a name in each language
    "accuracy",
    "macro_f1",
    "auc",
    "log_loss",
    "brier",
    "calibration_error",
    "rank_error",
    "kappa",
    "r2",
    "mae",
    "rmse",
    "median_error",
    "micro_f1",
    "example_f1",
    "subset_accuracy",
    "hamming_loss",
    "hit_rate_at_10",
    "ndcg_at_10",
    "coverage",
    "diversity",
    "mrr",
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "perplexity",
    "rouge_l",
    "token_f1",
    "exact",
    "span_f1",
    "span_precision",
    "span_recall",
    "token_accuracy",
)
_STATES = {  # of a version, as the catalog has them
    "champion": Message("learning.state.champion"),
    "challenger": Message("learning.state.challenger"),
    "refused": Message("learning.state.refused"),
    "retired": Message("learning.state.retired"),
}
_NAMES = {
    "accuracy": Message("progress.accuracy"),
    "mean error": Message("progress.mean_error"),
    "mean reciprocal rank": Message("progress.mrr"),
    "perplexity": Message("progress.perplexity"),
}


def name_metric(label: str) -> Text:
    """The name of a metric; one that has no other name in Chinese as it is."""
    return _NAMES.get(label, label)


def name_key(key: str) -> Text:
    """The name of a metric by its key, which stands with it where the name is another; one of a
    plugin by its key's words.

    >>> from mesocosm.core.messages import render
    >>> str(name_key("macro_f1")), name_key("my_score"), render(name_key("log_loss"), "zh")
    ('macro f1', 'my score', '对数损失（log_loss）')
    """
    return Message(f"learning.metric.{key}") if key in _KEYS else key.replace("_", " ")


def name_state(state: str) -> Text:
    """The state of a version."""
    return _STATES.get(state, state)


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
