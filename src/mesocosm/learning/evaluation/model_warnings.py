"""What a reader of a model card must know without asking: sentences about its data and its figures.
Knows cleaned columns and figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.model_card import LEADING, leading_metric
from mesocosm.learning.evaluation.split_structure import find_group, find_time
from mesocosm.learning.features.tabular import MOST_VALUES

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Parts

Array = np.ndarray[Any, Any]
SURE = 0.05  # p under which a difference counts as proven
RARE = 0.02  # share of a class
COPIES = 0.05  # share of test rows that are copies of training rows, from which it is said


def compare_with_baselines(metrics: Mapping[str, Any]) -> list[str]:
    """How the model compares with its plain baselines: worse, or not significantly better."""
    figure, found = LEADING[leading_metric(metrics)], []
    for name, other in metrics.get("baselines", {}).items():
        gain, p = float(other.get("gain") or 0.0), float(other.get("p", 1.0))
        if p < SURE and gain < 0:
            found.append(
                f"significantly worse than the {name} baseline: {figure} {gain:+.3f}, p = {p:.2g}"
            )
        elif p >= SURE or gain <= 0:
            found.append(
                f"not significantly better than the {name} baseline: {figure} {gain:+.3f}, p ="
                f" {p:.2g}"
            )
    return found


def find_better_baselines(metrics: Mapping[str, Any]) -> list[str]:
    """The baselines that the paired test proves better, in the leading figure and in the loss, each
    as a sentence; a version with one is not deployed.
    """
    found = []
    for name, other in metrics.get("baselines", {}).items():
        loss = next(
            (k for k in ("log_loss", "mae") if k in other and metrics.get(k) is not None), None
        )
        if (
            float(other.get("p", 1.0)) < SURE
            and float(other.get("gain") or 0.0) < 0
            and (loss is None or metrics[loss] > other[loss])
        ):
            found.append(
                f"it is significantly worse than the {name} baseline ({LEADING[leading_metric(metrics)]}"
                f" {other['gain']:+.3f}, p = {other['p']:.2g})"
            )
    return found


def warn_of_data(
    rows: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    split: Sequence[str],
    parts: Parts,
    inputs: Sequence[str],
    predict: str,
    grouped: bool,
    others: Mapping[str, Sequence[Any]] | None = None,
) -> list[str]:
    """What the data say: rows without a label, imbalance, categories that are not kept, and columns
    that look like time or a group under a random split.

    Args:
        others: columns of the dataset that the model does not read.
    """
    found = []
    target = [parts.task.plain(v) for v in rows[predict]]
    bare = sum(t is None for t in target)
    if bare and "bare" not in parts.where:
        found.append(
            f"{bare:,} of {len(target):,} rows have no value of '{predict}' and neither teach nor"
            " judge"
        )
    strange = sum(
        t is not None and s in ("test", "validation") and not parts.task.known(t)
        for t, s in zip(target, split, strict=True)
    )
    if strange:
        found.append(
            f"{strange:,} validation and test rows have a value of '{predict}' that no training row"
            " has; they are not judged"
        )
    y = parts.y["train"]
    if parts.task.labels and y.ndim == 1:
        counts = np.bincount(y, minlength=len(parts.task.labels))
        if few := [
            f"'{parts.task.labels[k]}' ({counts[k]})" for k in np.argsort(counts) if counts[k] < 2
        ][:5]:
            found.append(
                f"classes with fewer than 2 training rows: {', '.join(few)}; they cannot be judged"
                " by rows left out"
            )
        low = int(counts.argmin())
        if counts.min() < RARE * counts.sum() or counts.max() > 10 * counts.min():
            found.append(
                f"classes are imbalanced: '{parts.task.labels[int(counts.argmax())]}' has"
                f" {counts.max() / counts.sum():.1%} of the training rows,"
                f" '{parts.task.labels[low]}' {counts[low] / counts.sum():.1%}"
            )
    for name in inputs:
        fact = parts.facts.get(name, {})
        if fact.get("kind") == "category" and len(fact["values"]) >= MOST_VALUES:
            seen = [str(rows[name][i]) for i in parts.where["train"] if rows[name][i] is not None]
            if past := len(set(seen)) - len(fact["values"]):
                kept = set(fact["values"])
                found.append(
                    f"'{name}' has {len(set(seen)):,} values; the {len(kept):,} most frequent are"
                    f" used, {past:,} are not ({sum(v not in kept for v in seen) / len(seen):.1%}"
                    " of the training rows)"
                )
    for name, values in (
        {} if grouped else ({n: rows[n] for n in inputs} | dict(others or {})).items()
    ):
        found += find_time(name, kinds[name], values, target, name in inputs) or find_group(
            name, kinds[name], values, target, name in inputs
        )
    return found


def warn_of_duplicates(said: Array, parts: Parts) -> list[str]:
    """Test rows that are equal or nearly equal to a training row, and the figure of the others."""
    if not parts.groups or not len(said):
        return []
    torn = np.isin(parts.groups["test"], parts.groups["train"])
    if not torn.mean() >= COPIES:
        return []
    rest = ""
    if not torn.all():
        if parts.task.labels:
            wrong = parts.task.wrong(said, parts)
            rest = (
                f"; of the other {int((~torn).sum()):,}, {1 - wrong[~torn].mean():.1%} are answered"
                f" right (of all {1 - wrong.mean():.1%})"
            )
        elif parts.task.scale:
            gap = np.abs(said[:, 0] - (parts.y["test"] * parts.task.scale[1] + parts.task.scale[0]))
            rest = (
                f"; the mean error of the other {int((~torn).sum()):,} is {gap[~torn].mean():.4g}"
                f" (of all {gap.mean():.4g})"
            )
    return [
        f"{int(torn.sum()):,} of {len(torn):,} test rows are equal or nearly equal to a training"
        f" row, so figures are too good for rows that are new{rest}"
    ]


def warn_of_predictions(said: Array, parts: Parts, metrics: Mapping[str, Any]) -> list[str]:
    """What the test rows say: classes that are never predicted, and intervals that do not hold
    their level.
    """
    found = []
    if parts.task.labels and not parts.task.many and len(said):
        there, told = set(parts.y["test"].tolist()), set(said.argmax(1).tolist())
        if never := [
            parts.task.labels[k]
            for k in range(len(parts.task.labels))
            if k in there and k not in told
        ]:
            more = f" and {len(never) - 8} more" if len(never) > 8 else ""
            found.append(
                f"never predicted on the test rows: {', '.join(repr(n) for n in never[:8])}{more}"
            )
    if (held := metrics.get("interval_coverage")) is not None:
        level = metrics["interval_level"]
        low = [s for s in metrics["coverage_by_slice"] if s["p"] < SURE]
        if held < level - 2 * (level * (1 - level) / max(1, metrics["rows"])) ** 0.5:
            found.append(f"intervals of level {level:.0%} hold {held:.1%} of the test rows")
        found += [
            f"intervals of level {level:.0%} hold {s['covered']:.1%} of the {s['rows']} test rows"
            f" where {s['where']}"
            for s in low[:3]
        ]
    return found
