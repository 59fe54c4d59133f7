"""Which head: the candidates are fitted, and blends of them, and the lowest cross-validated loss
wins.

Knows heads and arrays. Knows nothing of bases, files or rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol, TypeVar

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say, as_text
from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.heads import HEADS, Blend
from mesocosm.learning.heads.centered import (
    CenteredHead,
    center_features,
    features_crowd,
    mean_features,
)
from mesocosm.learning.heads.folds import comparable_rows
from mesocosm.learning.heads.head import Groups, Head, Spans, Trainable
from mesocosm.learning.heads.kernel import log_losses
from mesocosm.learning.heads.late_fusion import LateFusion, SingleInputHead
from mesocosm.learning.heads.majority import Majority
from mesocosm.learning.heads.nets.small_nets import NetEnsemble

Fitted = TypeVar("Fitted", bound=Trainable)
ALL_HEADS_ROWS = 2500  # training rows up to which every head is tried
MAX_KERNEL_ROWS = 12_000
FEW_SHOTS = 20  # rows per class, at the median, up to which label names are training rows too


class HasLoss(Protocol):
    """What is compared by its loss."""

    @property
    def loss(self) -> float: ...


class Scored(Protocol):
    """What has held-out scores."""

    left_out: Array
    y_left: Array


Lost = TypeVar("Lost", bound=HasLoss)


def candidate_heads(text: Array, table: Array, y: Array, classes: int) -> list[str]:
    """Which heads are worth fitting: all for few rows; a kernel holds rows x rows numbers, trees
    read the table only.
    """
    rows, outputs = len(y), max(1, classes)
    trees = _list_trees(table, y, outputs)
    if rows <= ALL_HEADS_ROWS and outputs * rows <= 60_000:
        return ["kernel", "linear", *trees]
    if rows > MAX_KERNEL_ROWS or not text.shape[1]:
        return ["linear", *trees]
    return ["kernel"]


def _list_trees(table: Array, y: Array, outputs: int) -> list[str]:
    """Boosted trees, where there is a table and few outputs."""
    if table.shape[1] and outputs <= 20 and y.ndim == 1:
        return ["boost"]
    return []


def label_names(labels: Sequence[str], y: Array) -> list[str]:
    """The names of classes as texts, where rows are few and each name is meaningful; else none.

    Source: Luo et al. 2021, Don't Miss the Labels, ACL Findings (names of classes as examples).

    >>> label_names(["card_lost", "card arrival", "top-up"], np.array([0, 1, 2]))
    ['card lost', 'card arrival', 'top up']
    >>> label_names(["0", "1"], np.array([0, 1]))
    []
    """
    if len(labels) < 3 or y.ndim == 2:
        return []
    if np.median(np.bincount(y, minlength=len(labels))) > FEW_SHOTS:
        return []
    names = [re.sub(r"[\W_]+", " ", label).strip().lower() for label in labels]
    if len(set(names)) < len(names) or not all(map(_is_meaningful, names)):
        return []
    return names


def _is_meaningful(name: str) -> bool:
    """Whether a class's name has three letters or more."""
    return len(re.sub(r"[\W\d_]", "", name)) >= 3


@dataclass(frozen=True)
class TrainingRows:
    """What heads are fitted on.

    Args:
        text: features of the training rows (rows, width), maybe of no width.
        table: their table block.
        y: class numbers, or numbers where `classes` is 0.
        classes: how many classes there are.
        seed: of every random choice.
        spans: how many columns of the table each input has.
        groups: the number of each row's group, where rows of one group are left out together.
    """

    text: Array
    table: Array
    y: Array
    classes: int
    seed: int
    spans: Spans = ()
    groups: Groups = None

    @property
    def loss_name(self) -> Message:
        """What the cross-validated loss is called."""
        if self.classes:
            return Message("progress.log_loss")
        return Message("progress.squared_error")

    def fit(self, head: Fitted) -> Fitted:
        """A head fitted on these rows."""
        return head.fit(self.text, self.table, self.y, self.classes, self.seed, self.groups)

    def add_label_names(self, names: Array) -> TrainingRows:
        """These rows with one more for each class: the features of its name (classes, width)."""
        empty = np.zeros((len(names), self.table.shape[1]), self.table.dtype)
        groups = self.groups
        if groups is not None:
            groups = np.concatenate([groups, int(groups.max()) + 1 + np.arange(len(names))])
        return replace(
            self,
            text=np.vstack([self.text, names]),
            table=np.vstack([self.table, empty]),
            y=np.concatenate([self.y, np.arange(len(names), dtype=self.y.dtype)]),
            groups=groups,
        )


def select_head(
    rows: TrainingRows,
    only: str | Sequence[str] = "auto",
    say: Say = lambda _: None,
    names: Array | None = None,
    fusion: str = "early",
) -> Head:
    """The fitted head of the lowest cross-validated loss.

    Args:
        only: a head's name, several, or `auto`.
        say: called with a line of progress.
        names: features of the names of the classes, one more training row each.
        fusion: with `late` texts and table each have a head of their own, and the predictions are
            averaged; with `attention` the inputs are tokens of a transformer.
    """
    rows = _split_single_group(rows, say)
    if fusion == "attention":
        only = "attention"
    if fusion == "late" and rows.text.shape[1] and rows.table.shape[1]:
        return _fit_late_fusion(rows, only, say)
    center = _find_center(rows, only)
    if names is not None:
        rows = rows.add_label_names(names)
        say(Message("progress.label_names", count=len(names)))
    if center is None:
        return _select_among(rows, only, say)
    say(Message("progress.centered"))
    head = _select_among(replace(rows, text=center_features(rows.text, center)), only, say)
    if isinstance(head, Majority):
        return head
    return CenteredHead(head, center)


def _find_center(rows: TrainingRows, only: str | Sequence[str]) -> Floats | None:
    """The mean of features that crowd; None where they do not, and for a linear head, which
    fine-tuning continues from.
    """
    if only == "linear" or not rows.text.shape[1] or not features_crowd(rows.text):
        return None
    return mean_features(rows.text)


def _split_single_group(rows: TrainingRows, say: Say) -> TrainingRows:
    """The rows, without groups where all of them are of one."""
    if rows.groups is None or len(np.unique(rows.groups)) >= 2:
        return rows
    say(Message("progress.one_group"))
    return replace(rows, groups=None)


def _select_among(rows: TrainingRows, only: str | Sequence[str], say: Say) -> Head:
    """The best of the heads that are tried."""
    _announce_single_rows(rows, say)
    heads = _fit_heads(rows, only)
    for head in heads:
        say(Message("progress.head", head=head.name, loss=_describe_loss(head, rows)))
    if only != "auto":
        return find_lowest_loss(heads)
    return _beat_majority(heads, rows, say)


def _fit_late_fusion(rows: TrainingRows, only: str | Sequence[str], say: Say) -> LateFusion:
    """A head on the texts and one on the table, and the weights of both."""
    text_rows = replace(rows, table=rows.table[:, :0], spans=())
    table_rows = replace(rows, text=rows.text[:, :0])
    on_text = only
    if only == "boost":
        on_text = "linear"
    text_head = select_head(
        text_rows, on_text, lambda line: say(Message("progress.of_texts", line=as_text(line)))
    )
    table_head = select_head(
        table_rows, only, lambda line: say(Message("progress.of_table", line=as_text(line)))
    )
    both = LateFusion(
        SingleInputHead(text_head, "text", rows.table.shape[1]),
        SingleInputHead(table_head, "table", rows.text.shape[1]),
        classes=rows.classes,
    )
    line = Message("progress.late_fusion", texts=both.belief, table=1 - both.belief)
    if np.isfinite(both.loss):
        line = Message("progress.late_fusion_loss", fusion=line, loss=both.loss)
    say(line)
    return both


def _announce_single_rows(rows: TrainingRows, say: Say) -> None:
    """Say how many classes have a single row, which is not counted where heads are compared."""
    counted = comparable_rows(rows.y, rows.classes)
    if counted is None:
        return
    say(Message("progress.single_rows", count=int((~counted).sum())))


def _fit_heads(rows: TrainingRows, only: str | Sequence[str]) -> list[Head]:
    """The heads of `only` fitted, and the blends of all subsets of those that leave every row
    out.
    """
    heads = [_fit_kind(name, rows) for name in _list_kinds(rows, only)]
    singles = [head for head in heads if len(head.left_out) == len(rows.y)]
    for size in range(2, len(singles) + 1):
        heads += [Blend(*some, classes=rows.classes) for some in combinations(singles, size)]
    return heads


def _list_kinds(rows: TrainingRows, only: str | Sequence[str]) -> list[str]:
    """The names of the heads that are fitted."""
    if only == "auto":
        return candidate_heads(rows.text, rows.table, rows.y, rows.classes)
    if isinstance(only, str):
        return [only]
    return list(only)


def _fit_kind(name: str, rows: TrainingRows) -> Head:
    """A head of a kind, fitted; nets are told which columns belong together."""
    kind = HEADS[name]
    if issubclass(kind, NetEnsemble):
        return rows.fit(kind(rows.spans))
    return rows.fit(kind())


def _describe_loss(head: Head, rows: TrainingRows) -> Message:
    if np.isfinite(head.loss):
        return Message("progress.cross_validated", name=rows.loss_name, loss=head.loss)
    if rows.groups is None:
        return Message("progress.few_rows")
    return Message("progress.few_groups")


def _beat_majority(heads: Sequence[Head], rows: TrainingRows, say: Say) -> Head:
    """The best head, or the majority where none is significantly better."""
    baseline = rows.fit(Majority())
    best = find_lowest_loss([*heads, baseline])
    compared = len(best.left_out) == len(rows.y)
    if compared and not is_significantly_better(best, baseline, rows.classes, rows.groups):
        best = baseline
    if best is baseline:
        say(Message("progress.majority_selected", name=rows.loss_name, loss=baseline.loss))
        return baseline
    if compared:
        return blend_with_majority(best, baseline, rows.classes)
    return best


def is_significantly_better(
    head: Scored, baseline: Scored, classes: int, groups: Groups = None
) -> bool:
    """Whether a head's cross-validated loss is lower than a baseline's by more than one standard
    error; rows of one group count as one.

    Source: Breiman et al. 1984, Classification and Regression Trees, 3.4.3 (one standard error).
    """
    gaps = _held_out_losses(baseline, classes) - _held_out_losses(head, classes)
    counted = comparable_rows(head.y_left, classes)
    if counted is not None:  # the only row of a class is not counted here either
        gaps = gaps[counted]
        if groups is not None:
            groups = groups[counted]
    if groups is not None:
        _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
        gaps = np.bincount(number, gaps) / float(counts.mean())
    return _exceeds_standard_errors(gaps, 1)


def _held_out_losses(head: Scored, classes: int) -> Floats:
    """The loss of each row that a head left out."""
    return row_losses(head.left_out, head.y_left, classes)


def _exceeds_standard_errors(gaps: Floats, count: int) -> bool:
    """Whether the mean of gaps is more than so many of its standard errors."""
    error = float(gaps.std()) / math.sqrt(max(1, len(gaps)))
    return float(gaps.mean()) > count * error


def find_lowest_loss(heads: Sequence[Lost]) -> Lost:
    """The head of the lowest cross-validated loss; the last one where no loss is finite.

    >>> class Head:
    ...     def __init__(self, loss: float) -> None: self.loss = loss
    >>> find_lowest_loss([Head(np.inf), Head(0.5), Head(np.nan)]).loss
    0.5
    """
    finite = [head for head in heads if np.isfinite(head.loss)]
    if not finite:
        return heads[-1]
    return min(finite, key=lambda head: head.loss)


def blend_with_majority(head: Head, baseline: Head, classes: int) -> Head:
    """The blend of a head and the majority where its cross-validated loss is lower by more than two
    standard errors; else the head.
    """
    parts: tuple[Head, ...] = (head,)
    if isinstance(head, Blend):
        parts = head.parts
    both = Blend(*parts, baseline, classes=classes)
    if not both.loss < head.loss:
        return head
    gaps = _held_out_losses(head, classes) - _held_out_losses(both, classes)
    counted = comparable_rows(head.y_left, classes)
    if counted is not None:
        gaps = gaps[counted]
    if _exceeds_standard_errors(gaps, 2):
        return both
    return head


def row_losses(scores: Array, y: Array, classes: int) -> Floats:
    """The loss of each row, (rows,)."""
    if y.ndim == 2:
        return np.asarray((np.logaddexp(0, scores) - scores * y).mean(1))
    if not classes:
        gaps: Floats = np.asarray(scores[:, 0] - y)
        return gaps**2
    return log_losses(scores, y)
