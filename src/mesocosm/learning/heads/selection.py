"""Which head: the candidates are fitted, and blends of them, and the lowest cross-validated loss
wins.

Knows heads and arrays. Knows nothing of bases, files or rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from mesocosm.learning.heads import HEADS, Blend
from mesocosm.learning.heads.folds import Groups, comparable_rows
from mesocosm.learning.heads.late_fusion import LateFusion, SingleInputHead
from mesocosm.learning.heads.majority import Majority
from mesocosm.learning.heads.small_nets import NetEnsemble

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
ALL_HEADS_ROWS = 2500  # training rows up to which every head is tried
MAX_KERNEL_ROWS = 12_000
FEW_SHOTS = 20  # rows per class, at the median, up to which label names are training rows too


def candidate_heads(text: Array, table: Array, y: Array, classes: int) -> list[str]:
    """Which heads are worth fitting: all for few rows; a kernel holds rows x rows numbers, trees
    read the table only.
    """
    rows, outputs = len(y), max(1, classes)
    trees = ["boost"] if table.shape[1] and outputs <= 20 and y.ndim == 1 else []
    if rows <= ALL_HEADS_ROWS and outputs * rows <= 60_000:
        return ["kernel", "linear", *trees]
    if rows > MAX_KERNEL_ROWS or not text.shape[1]:
        return ["linear", *trees]
    return ["kernel"]


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
    meaningful = all(len(re.sub(r"[\W\d_]", "", name)) >= 3 for name in names)
    if not meaningful or len(set(names)) < len(names):
        return []
    return names


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
    spans: tuple[int, ...] = ()
    groups: Groups = None

    @property
    def loss_name(self) -> str:
        """What the cross-validated loss is called."""
        return "log-loss" if self.classes else "squared error"

    def fit(self, head: Any) -> Any:
        """A head fitted on these rows."""
        return head.fit(self.text, self.table, self.y, self.classes, self.seed, self.groups)

    def add_label_names(self, names: Array) -> TrainingRows:
        """These rows with one more for each class: the features of its name (classes, width)."""
        empty = np.zeros((len(names), self.table.shape[1]), self.table.dtype)
        groups = self.groups
        if groups is not None:
            groups = np.concatenate([groups, groups.max() + 1 + np.arange(len(names))])
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
) -> Any:
    """The fitted head of the lowest cross-validated loss.

    Args:
        only: a head's name, several, or `auto`.
        say: called with a line of progress.
        names: features of the names of the classes, one more training row each.
        fusion: with `late` texts and table each have a head of their own, and the predictions are
            averaged; with `attention` the inputs are tokens of a transformer.
    """
    if rows.groups is not None and len(np.unique(rows.groups)) < 2:
        say("all training rows are of one group, so they are left out one by one")
        rows = replace(rows, groups=None)
    if fusion == "attention":
        only = "attention"
    if fusion == "late" and rows.text.shape[1] and rows.table.shape[1]:
        return _fit_late_fusion(rows, only, say)
    if names is not None:
        rows = rows.add_label_names(names)
        say(f"using {len(names)} label names as extra supervision (few-shot)")
    _announce_single_rows(rows, say)
    heads = _fit_heads(rows, only)
    for head in heads:
        say(f"{head.name} head: {_describe_loss(head, rows)}")
    if only != "auto":
        return find_lowest_loss(heads)
    return _beat_majority(heads, rows, say)


def _fit_late_fusion(rows: TrainingRows, only: str | Sequence[str], say: Say) -> LateFusion:
    """A head on the texts and one on the table, and the weights of both."""
    text_rows = replace(rows, table=rows.table[:, :0], spans=())
    table_rows = replace(rows, text=rows.text[:, :0])
    on_text = "linear" if only == "boost" else only
    text_head = select_head(text_rows, on_text, lambda line: say(f"texts: {line}"))
    table_head = select_head(table_rows, only, lambda line: say(f"table: {line}"))
    both = LateFusion(
        SingleInputHead(text_head, "text", rows.table.shape[1]),
        SingleInputHead(table_head, "table", rows.text.shape[1]),
        classes=rows.classes,
    )
    line = f"late fusion: weight of the texts {both.belief:.0%}, of the table {1 - both.belief:.0%}"
    if np.isfinite(both.loss):
        line += f"; cross-validated loss {both.loss:.4f}"
    say(line)
    return both


def _announce_single_rows(rows: TrainingRows, say: Say) -> None:
    """Say how many classes have a single row, which is not counted where heads are compared."""
    counted = comparable_rows(rows.y, rows.classes)
    if counted is None:
        return
    single = int((~counted).sum())
    classes = "1 class has" if single == 1 else f"{single} classes have"
    say(f"{classes} a single training row, which is left out of the comparison of heads")


def _fit_heads(rows: TrainingRows, only: str | Sequence[str]) -> list[Any]:
    """The heads of `only` fitted, and the blends of all subsets of those that leave every row
    out.
    """
    if only == "auto":
        listed = candidate_heads(rows.text, rows.table, rows.y, rows.classes)
    elif isinstance(only, str):
        listed = [only]
    else:
        listed = list(only)
    heads: list[Any] = []
    for name in listed:
        kind = HEADS[name]
        heads.append(rows.fit(kind(rows.spans) if issubclass(kind, NetEnsemble) else kind()))
    singles = [head for head in heads if len(head.left_out) == len(rows.y)]
    for size in range(2, len(singles) + 1):
        heads += [Blend(*some, classes=rows.classes) for some in combinations(singles, size)]
    return heads


def _describe_loss(head: Any, rows: TrainingRows) -> str:
    if np.isfinite(head.loss):
        return f"cross-validated {rows.loss_name} {head.loss:.4f}"
    unit = "rows per class" if rows.groups is None else "groups"
    return f"too few {unit} to cross-validate"


def _beat_majority(heads: Sequence[Any], rows: TrainingRows, say: Say) -> Any:
    """The best head, or the majority where none is significantly better."""
    baseline = rows.fit(Majority())
    best = find_lowest_loss([*heads, baseline])
    compared = len(best.left_out) == len(rows.y)
    if compared and not is_significantly_better(best, baseline, rows.classes, rows.groups):
        best = baseline
    if best is baseline:
        say(
            f"majority head: cross-validated {rows.loss_name} {baseline.loss:.4f}; selected, since"
            " no head is better by more than one standard error"
        )
        return baseline
    if compared:
        return blend_with_majority(best, baseline, rows.classes)
    return best


def is_significantly_better(head: Any, baseline: Any, classes: int, groups: Groups = None) -> bool:
    """Whether a head's cross-validated loss is lower than a baseline's by more than one standard
    error; rows of one group count as one.

    Source: Breiman et al. 1984, Classification and Regression Trees, 3.4.3 (one standard error).
    """
    gaps = row_losses(baseline.left_out, baseline.y_left, classes) - row_losses(
        head.left_out, head.y_left, classes
    )
    counted = comparable_rows(head.y_left, classes)
    if counted is not None:  # the only row of a class is not counted here either
        gaps = gaps[counted]
        if groups is not None:
            groups = groups[counted]
    if groups is not None:
        _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
        gaps = np.bincount(number, gaps) / counts.mean()
    return bool(gaps.mean() > gaps.std() / max(1, len(gaps)) ** 0.5)


def find_lowest_loss(heads: Sequence[Any]) -> Any:
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


def blend_with_majority(head: Any, baseline: Any, classes: int) -> Any:
    """The blend of a head and the majority where its cross-validated loss is lower by more than two
    standard errors; else the head.
    """
    parts = head.parts if isinstance(head, Blend) else (head,)
    both = Blend(*parts, baseline, classes=classes)
    if not both.loss < head.loss:
        return head
    gaps = row_losses(head.left_out, head.y_left, classes) - row_losses(
        both.left_out, both.y_left, classes
    )
    counted = comparable_rows(head.y_left, classes)
    if counted is not None:
        gaps = gaps[counted]
    if gaps.mean() > 2 * gaps.std() / max(1, len(gaps)) ** 0.5:
        return both
    return head


def row_losses(scores: Array, y: Array, classes: int) -> Array:
    """The loss of each row, (rows,)."""
    if y.ndim == 2:
        return np.asarray((np.logaddexp(0, scores) - scores * y).mean(1))
    if not classes:
        return np.asarray((scores[:, 0] - y) ** 2)
    top = scores - scores.max(1, keepdims=True)
    return np.asarray(np.log(np.exp(top).sum(1)) - top[np.arange(len(y)), y])
