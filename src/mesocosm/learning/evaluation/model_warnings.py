"""What a reader of a model card must know without asking: warnings about the data, the split and
the metrics. Knows cleaned columns and metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from mesocosm.catalog.contents import read_metric
from mesocosm.core.messages import Message, Text
from mesocosm.core.messages.stored import read_text
from mesocosm.core.records import JsonObject
from mesocosm.learning.arrays import Array, Columns, Floats, Mask, read_number
from mesocosm.learning.evaluation.model_card import CoveredSlice, leading_label
from mesocosm.learning.evaluation.split_structure import find_group, find_time
from mesocosm.learning.features.tabular import MAX_VALUES
from mesocosm.learning.metric_names import name_baseline, name_metric

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.outcome import Outcome

SIGNIFICANT = 0.05  # p under which a difference counts as proven
RARE = 0.02  # share of the training rows under which a class is rare
MIN_DUPLICATES = 0.05  # share of test rows that duplicate training rows, from which on it is said
MAX_NAMED = 8  # classes that one warning names


def compare_with_baselines(metrics: JsonObject) -> list[Message]:
    """How the model compares with its plain baselines: worse, or not significantly better."""
    warnings: list[Message] = []
    for name, other in _baselines_of(metrics).items():
        gain, p = _gain(other)
        if p < SIGNIFICANT and gain < 0:
            id = "sentences.significantly_worse_than_the_baseline_p"
        elif p >= SIGNIFICANT or gain <= 0:
            id = "sentences.not_significantly_better_than_the_baseline_p"
        else:
            continue
        warnings.append(Message(id, **_describe_gain(metrics, name, gain, p)))
    return warnings


def _describe_gain(metrics: JsonObject, baseline: str, gain: float, p: float) -> dict[str, Text]:
    """A gain over a baseline as the parameters of a message."""
    return {
        "baseline": name_baseline(baseline),
        "metric": name_metric(leading_label(metrics)),
        "n_gain": f"{gain:+.3f}",
        "n_p": f"{p:.2g}",
    }


def find_better_baselines(metrics: JsonObject) -> list[str]:
    """The baselines that the paired test proves better, in the leading metric and in the loss, each
    as a sentence; a version with one is not deployed.
    """
    refusals: list[str] = []
    for name, other in _baselines_of(metrics).items():
        gain, p = _gain(other)
        if p < SIGNIFICANT and gain < 0 and _has_higher_loss(metrics, other):
            params = _describe_gain(metrics, name, gain, p)
            refusal = Message("sentences.it_is_significantly_worse_than_the_baseline", **params)
            refusals.append(str(refusal))
    return refusals


def _baselines_of(metrics: JsonObject) -> Mapping[str, Mapping[str, float]]:
    """The metrics of the baselines; none where none were fitted."""
    return cast(Mapping[str, Mapping[str, float]], metrics.get("baselines", {}))


def _gain(other: Mapping[str, float]) -> tuple[float, float]:
    """The gain over a baseline and its p-value; no gain, and a p of 1, where none was measured."""
    return float(other.get("gain") or 0.0), float(other.get("p", 1.0))


def _has_higher_loss(metrics: JsonObject, other: Mapping[str, float]) -> bool:
    """Whether the model's loss is above a baseline's, where both have one."""
    for name in ("log_loss", "mae"):
        if name in other and metrics.get(name) is not None:
            return read_number(metrics[name]) > other[name]
    return True


def warn_of_data(rows: Columns, split: Sequence[str], parts: Splits, model: Model) -> list[Message]:
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
    target: Sequence[object], split: Sequence[str], parts: Splits, predict: str
) -> Iterator[Message]:
    unlabelled = sum(t is None for t in target)
    if unlabelled and "bare" not in parts.where:
        yield Message(
            "sentences.of_rows_have_no_value_of_and",
            n_rows=f"{unlabelled:,}",
            n_all=f"{len(target):,}",
            field=predict,
        )
    unknown = _count_unknown(target, split, parts.outcome)
    if unknown:
        yield Message(
            "sentences.validation_and_test_rows_have_a_value",
            n_rows=f"{unknown:,}",
            field=predict,
        )


def _count_unknown(target: Sequence[object], split: Sequence[str], outcome: Outcome) -> int:
    """How many validation and test rows have a target that no training row has."""
    held = [t for t, s in zip(target, split, strict=True) if s in ("test", "validation")]
    return sum(t is not None and not outcome.is_known(t) for t in held)


def _warn_of_classes(parts: Splits) -> Iterator[Message]:
    y, labels = parts.y["train"], parts.outcome.labels
    if not labels or y.ndim != 1:
        return
    counts: list[int] = np.bincount(y, minlength=len(labels)).tolist()
    rare = [f"'{labels[k]}' ({counts[k]})" for k in np.argsort(counts) if counts[k] < 2][:5]
    if rare:
        yield Message("sentences.classes_with_fewer_than_2_training_rows", classes=tuple(rare))
    yield from _warn_of_imbalance(counts, labels)


def _warn_of_imbalance(counts: Sequence[int], labels: Sequence[str]) -> Iterator[Message]:
    """A class that is rare, or ten times rarer than the most frequent one."""
    total, largest, smallest = sum(counts), max(counts), min(counts)
    if smallest >= RARE * total and largest <= 10 * smallest:
        return
    most, least = labels[counts.index(largest)], labels[counts.index(smallest)]
    yield Message(
        "sentences.classes_are_imbalanced_has_of_the_training",
        most=most,
        n_most=f"{largest / total:.1%}",
        least=least,
        n_least=f"{smallest / total:.1%}",
    )


def _warn_of_categories(rows: Columns, parts: Splits, inputs: Sequence[str]) -> Iterator[Message]:
    for name in inputs:
        used = _used_values(parts, name)
        if len(used) < MAX_VALUES:
            continue
        column = rows[name]
        values = [str(column[i]) for i in parts.where["train"] if column[i] is not None]
        distinct = len(set(values))
        if distinct > len(used):
            share = sum(v not in used for v in values) / len(values)
            yield Message(
                "sentences.has_values_the_most_frequent_are_used",
                field=name,
                n_values=f"{distinct:,}",
                n_used=f"{len(used):,}",
                n_not=f"{distinct - len(used):,}",
                n_share=f"{share:.1%}",
            )


def _used_values(parts: Splits, name: str) -> set[str]:
    """The values of a category that have a column of their own; none for other inputs."""
    fact = parts.facts.get(name)
    if fact is None or "values" not in fact or fact["kind"] != "category":
        return set()
    return set(fact["values"])


def warn_of_split(
    rows: Columns, kinds: Mapping[str, str], outcome: Outcome, model: Model, unused: Columns
) -> list[Message]:
    """Columns that look like time or a group under a random split.

    Args:
        unused: columns of the dataset that the model does not read.
    """
    target = [outcome.parse_target(v) for v in rows[model.target]]
    columns = {n: rows[n] for n in model.features} | dict(unused)
    warnings: list[Message] = []
    for name, values in columns.items():
        used = name in model.features
        warnings += find_time(name, kinds[name], values, target, used) or find_group(
            name, kinds[name], values, target, used
        )
    return warnings


def warn_of_duplicates(predictions: Array, parts: Splits) -> list[Message]:
    """Test rows that are duplicates or near-duplicates of a training row, and the metric of the
    others.

    Args:
        predictions: the predictions of the test rows.
    """
    if not parts.groups or not len(predictions):
        return []
    duplicate: Mask = np.isin(parts.groups["test"], parts.groups["train"])
    if not _mean(duplicate) >= MIN_DUPLICATES:
        return []
    warning = Message(
        "sentences.of_test_rows_are_duplicates_or_near",
        n_rows=f"{np.count_nonzero(duplicate):,}",
        n_all=f"{len(duplicate):,}",
    )
    others = None if duplicate.all() else _describe_others(predictions, parts, ~duplicate)
    if others is None:
        return [warning]
    return [Message("learning.two_sentences", first=warning, second=others)]


def _mean(values: Array | Mask) -> float:
    return float(values.mean())


def _describe_others(predictions: Array, parts: Splits, others: Mask) -> Message | None:
    """The metric of the other rows, beside that of all."""
    count = f"{np.count_nonzero(others):,}"
    if parts.outcome.labels:
        wrong: Array = parts.outcome.find_errors(predictions, parts)
        return Message(
            "sentences.accuracy_on_the_other_is_on_all",
            n_rows=count,
            n_others=f"{1 - _mean(wrong[others]):.1%}",
            n_all=f"{1 - _mean(wrong):.1%}",
        )
    if parts.outcome.scale:
        mean, deviation = parts.outcome.scale
        true: Floats = np.asarray(parts.y["test"] * deviation + mean)
        error: Floats = np.abs(predictions[:, 0] - true)
        return Message(
            "sentences.the_mean_error_of_the_other_is",
            n_rows=count,
            n_others=f"{_mean(error[others]):.4g}",
            n_all=f"{_mean(error):.4g}",
        )
    return None


def warn_of_predictions(predictions: Array, parts: Splits, metrics: JsonObject) -> list[Message]:
    """Classes that are never predicted, and intervals that do not hold their level.

    Args:
        predictions: the predictions of the test rows.
    """
    return [*_warn_of_classes_never_predicted(predictions, parts), *_warn_of_intervals(metrics)]


def _warn_of_classes_never_predicted(predictions: Array, parts: Splits) -> Iterator[Message]:
    if not parts.outcome.labels or parts.outcome.many or not len(predictions):
        return
    missing = np.setdiff1d(parts.y["test"], predictions.argmax(1))
    names = [parts.outcome.labels[k] for k in missing]
    if names:
        yield Message("sentences.never_predicted_on_the_test_rows", names=_list_names(names))


def _list_names(names: Sequence[str]) -> Message | tuple[str, ...]:
    """The first names, and how many more there are."""
    named = tuple(repr(name) for name in names[:MAX_NAMED])
    if len(names) > MAX_NAMED:
        return Message("sentences.and_more", places=named, n_more=len(names) - MAX_NAMED)
    return named


def _warn_of_intervals(metrics: JsonObject) -> Iterator[Message]:
    covered = read_metric(metrics, "interval_coverage")
    level = read_metric(metrics, "interval_level")
    if covered is None or level is None:
        return
    error = (level * (1 - level) / max(1, read_number(metrics["rows"]))) ** 0.5
    if covered < level - 2 * error:
        yield Message(
            "sentences.intervals_of_level_cover_of_the_test",
            n_level=f"{level:.0%}",
            n_share=f"{covered:.1%}",
        )
    slices = cast(Sequence[CoveredSlice], metrics["coverage_by_slice"])
    low = [part for part in slices if part["p"] < SIGNIFICANT]
    for part in low[:3]:
        yield Message(
            "sentences.intervals_of_level_cover_of_the_test_2",
            n_level=f"{level:.0%}",
            n_share=f"{part['covered']:.1%}",
            n_rows=part["rows"],
            where=read_text(part, "where"),
        )
