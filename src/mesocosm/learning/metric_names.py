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
    "NDCG at 10": Message("learning.label.ndcg"),
    "R2": Message("learning.label.r2"),
    "accuracy": Message("progress.accuracy"),
    "macro F1": Message("learning.label.macro_f1"),
    "mean error": Message("progress.mean_error"),
    "mean reciprocal rank": Message("progress.mrr"),
    "micro F1": Message("learning.label.micro_f1"),
    "perplexity": Message("progress.perplexity"),
    "span F1": Message("learning.metric.span_f1_label"),
}
_BASELINES = {
    "base": Message("learning.baseline.base"),
    "dictionary": Message("learning.baseline.dictionary"),
    "ease": Message("learning.baseline.ease"),
    "item_knn": Message("learning.baseline.item_knn"),
    "linear": Message("learning.baseline.linear"),
    "majority": Message("learning.baseline.majority"),
    "mean": Message("learning.baseline.mean"),
    "nearest": Message("learning.baseline.nearest"),
    "popular": Message("learning.baseline.popular"),
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


def name_baseline(key: str) -> Text:
    """The name of a baseline; one of a plugin as it is.

    >>> from mesocosm.core.messages import render
    >>> str(name_baseline("majority")), render(name_baseline("majority"), "zh"), name_baseline("x")
    ('majority', '多数类', 'x')
    """
    return _BASELINES.get(key, key)


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
