"""What a reader of a model card must know without asking: warnings about the data, the split and
the metrics. Knows cleaned columns and metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.model_card import leading_label
from mesocosm.learning.evaluation.split_structure import find_group, find_time
from mesocosm.learning.features.tabular import MAX_VALUES

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.outcome import Outcome

Array = np.ndarray[Any, Any]
Columns = Mapping[str, Sequence[Any]]
SIGNIFICANT = 0.05  # p under which a difference counts as proven
RARE = 0.02  # share of the training rows under which a class is rare
MIN_DUPLICATES = 0.05  # share of test rows that duplicate training rows, from which on it is said
MAX_NAMED = 8  # classes that one warning names


def compare_with_baselines(metrics: Mapping[str, Any]) -> list[str]:
    """How the model compares with its plain baselines: worse, or not significantly better."""
    metric, warnings = leading_label(metrics), []
    for name, other in metrics.get("baselines", {}).items():
        gain, p = _gain(other)
        figures = f"{metric} {gain:+.3f}, p = {p:.2g}"
        if p < SIGNIFICANT and gain < 0:
            warnings.append(f"significantly worse than the {name} baseline: {figures}")
        elif p >= SIGNIFICANT or gain <= 0:
            warnings.append(f"not significantly better than the {name} baseline: {figures}")
    return warnings


def find_better_baselines(metrics: Mapping[str, Any]) -> list[str]:
    """The baselines that the paired test proves better, in the leading metric and in the loss, each
    as a sentence; a version with one is not deployed.
    """
    metric, refusals = leading_label(metrics), []
    for name, other in metrics.get("baselines", {}).items():
        gain, p = _gain(other)
        if p < SIGNIFICANT and gain < 0 and _has_higher_loss(metrics, other):
            refusals.append(
                f"it is significantly worse than the {name} baseline ({metric} {gain:+.3f}, p ="
                f" {p:.2g})"
            )
    return refusals


def _gain(other: Mapping[str, Any]) -> tuple[float, float]:
    """The gain over a baseline and its p-value; no gain, and a p of 1, where none was measured."""
    return float(other.get("gain") or 0.0), float(other.get("p", 1.0))


def _has_higher_loss(metrics: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the model's loss is above a baseline's, where both have one."""
    for name in ("log_loss", "mae"):
        if name in other and metrics.get(name) is not None:
            return bool(metrics[name] > other[name])
    return True


def warn_of_data(rows: Columns, split: Sequence[str], parts: Splits, model: Model) -> list[str]:
    """Rows without a label or with an unknown one, class imbalance, and categories that are not
    used.
    """
    target = [parts.outcome.parse_target(v) for v in rows[model.target]]
    return [
        *_warn_of_labels(target, split, parts, model.target),
        *_warn_of_classes(parts),
        *_warn_of_categories(rows, parts, model.features),
    ]


def _warn_of_labels(
    target: Sequence[Any], split: Sequence[str], parts: Splits, predict: str
) -> Iterator[str]:
    unlabelled = sum(t is None for t in target)
    if unlabelled and "bare" not in parts.where:
        yield (
            f"{unlabelled:,} of {len(target):,} rows have no value of '{predict}' and are used"
            " neither for training nor for evaluation"
        )
    unknown = sum(
        t is not None and s in ("test", "validation") and not parts.outcome.is_known(t)
        for t, s in zip(target, split, strict=True)
    )
    if unknown:
        yield (
            f"{unknown:,} validation and test rows have a value of '{predict}' that no training row"
            " has; they are not evaluated"
        )


def _warn_of_classes(parts: Splits) -> Iterator[str]:
    y, labels = parts.y["train"], parts.outcome.labels
    if not labels or y.ndim != 1:
        return
    counts = np.bincount(y, minlength=len(labels))
    rare = [f"'{labels[k]}' ({counts[k]})" for k in np.argsort(counts) if counts[k] < 2][:5]
    if rare:
        yield (
            f"classes with fewer than 2 training rows: {', '.join(rare)}; cross-validation cannot"
            " evaluate them"
        )
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[least] < RARE * counts.sum() or counts[most] > 10 * counts[least]:
        yield (
            f"classes are imbalanced: '{labels[most]}' has {counts[most] / counts.sum():.1%} of the"
            f" training rows, '{labels[least]}' {counts[least] / counts.sum():.1%}"
        )


def _warn_of_categories(rows: Columns, parts: Splits, inputs: Sequence[str]) -> Iterator[str]:
    for name in inputs:
        used = _used_values(parts, name)
        if len(used) < MAX_VALUES:
            continue
        column = rows[name]
        values = [str(column[i]) for i in parts.where["train"] if column[i] is not None]
        distinct = len(set(values))
        if distinct > len(used):
            share = sum(v not in used for v in values) / len(values)
            yield (
                f"'{name}' has {distinct:,} values; the {len(used):,} most frequent are used,"
                f" {distinct - len(used):,} are not ({share:.1%} of the training rows)"
            )


def _used_values(parts: Splits, name: str) -> set[str]:
    """The values of a category that have a column of their own; none for other inputs."""
    fact = parts.facts.get(name)
    if fact is None or "values" not in fact or fact["kind"] != "category":
        return set()
    return set(fact["values"])


def warn_of_split(
    rows: Columns, kinds: Mapping[str, str], outcome: Outcome, model: Model, unused: Columns
) -> list[str]:
    """Columns that look like time or a group under a random split.

    Args:
        unused: columns of the dataset that the model does not read.
    """
    target = [outcome.parse_target(v) for v in rows[model.target]]
    columns = {n: rows[n] for n in model.features} | dict(unused)
    warnings = []
    for name, values in columns.items():
        used = name in model.features
        warnings += find_time(name, kinds[name], values, target, used) or find_group(
            name, kinds[name], values, target, used
        )
    return warnings


def warn_of_duplicates(predictions: Array, parts: Splits) -> list[str]:
    """Test rows that are duplicates or near-duplicates of a training row, and the metric of the
    others.

    Args:
        predictions: the predictions of the test rows.
    """
    if not parts.groups or not len(predictions):
        return []
    duplicate = np.isin(parts.groups["test"], parts.groups["train"])
    if not duplicate.mean() >= MIN_DUPLICATES:
        return []
    without = ""
    if not duplicate.all():
        without = _describe_others(predictions, parts, ~duplicate)
    return [
        f"{int(duplicate.sum()):,} of {len(duplicate):,} test rows are duplicates or"
        f" near-duplicates of a training row, so metrics are too optimistic for new rows{without}"
    ]


def _describe_others(predictions: Array, parts: Splits, others: Array) -> str:
    """The metric of the other rows, beside that of all."""
    count = f"{int(others.sum()):,}"
    if parts.outcome.labels:
        wrong = parts.outcome.find_errors(predictions, parts)
        return (
            f"; accuracy on the other {count} is {1 - wrong[others].mean():.1%} (on all"
            f" {1 - wrong.mean():.1%})"
        )
    if parts.outcome.scale:
        mean, deviation = parts.outcome.scale
        error = np.abs(predictions[:, 0] - (parts.y["test"] * deviation + mean))
        return (
            f"; the mean error of the other {count} is {error[others].mean():.4g} (of all"
            f" {error.mean():.4g})"
        )
    return ""


def warn_of_predictions(predictions: Array, parts: Splits, metrics: Mapping[str, Any]) -> list[str]:
    """Classes that are never predicted, and intervals that do not hold their level.

    Args:
        predictions: the predictions of the test rows.
    """
    return [*_warn_of_classes_never_predicted(predictions, parts), *_warn_of_intervals(metrics)]


def _warn_of_classes_never_predicted(predictions: Array, parts: Splits) -> Iterator[str]:
    if not parts.outcome.labels or parts.outcome.many or not len(predictions):
        return
    missing = set(parts.y["test"].tolist()) - set(predictions.argmax(1).tolist())
    names = [name for k, name in enumerate(parts.outcome.labels) if k in missing]
    if names:
        more = ""
        if len(names) > MAX_NAMED:
            more = f" and {len(names) - MAX_NAMED} more"
        named = ", ".join(repr(n) for n in names[:MAX_NAMED])
        yield f"never predicted on the test rows: {named}{more}"


def _warn_of_intervals(metrics: Mapping[str, Any]) -> Iterator[str]:
    covered = metrics.get("interval_coverage")
    if covered is None:
        return
    level = metrics["interval_level"]
    error = (level * (1 - level) / max(1, metrics["rows"])) ** 0.5
    if covered < level - 2 * error:
        yield f"intervals of level {level:.0%} cover {covered:.1%} of the test rows"
    low = [s for s in metrics["coverage_by_slice"] if s["p"] < SIGNIFICANT]
    for part in low[:3]:
        yield (
            f"intervals of level {level:.0%} cover {part['covered']:.1%} of the {part['rows']} test"
            f" rows where {part['where']}"
        )
