"""Which head: those worth their time are fitted, with means of them, and the lowest left-out loss
wins.

Knows heads and arrays. Knows nothing of bases, files or rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mesocosm.learning.heads import HEADS, Blend
from mesocosm.learning.heads.folds import Groups, comparable
from mesocosm.learning.heads.late_fusion import Blind, Late
from mesocosm.learning.heads.majority import Majority
from mesocosm.learning.heads.small_nets import Nets

Array = np.ndarray[Any, Any]
MANY = 2500  # training rows up to which every head is tried
MOST_KERNEL = 12_000
FEW_SHOTS = 20  # rows a class, at the median, up to which the names of classes teach too


def heads_for(text: Array, table: Array, y: Array, classes: int) -> list[str]:
    """Which heads are worth their time: all for few rows; a kernel holds rows x rows numbers, trees
    look at the table only.
    """
    rows, outputs = len(y), max(1, classes)
    trees = ["boost"] if table.shape[1] and outputs <= 20 and y.ndim == 1 else []
    if rows <= MANY and outputs * rows <= 60_000:
        return ["kernel", "linear", *trees]
    if rows > MOST_KERNEL or not text.shape[1]:
        return ["linear", *trees]
    return ["kernel"]


def names_of(labels: Sequence[str], y: Array) -> list[str]:
    """The names of classes as texts, where rows are few and each name says something; else none.

    Source: Luo et al. 2021, Don't Miss the Labels, ACL Findings (names of classes as examples).

    >>> names_of(["card_lost", "card arrival", "top-up"], np.array([0, 1, 2]))
    ['card lost', 'card arrival', 'top up']
    >>> names_of(["0", "1"], np.array([0, 1]))
    []
    """
    if (
        len(labels) < 3
        or y.ndim == 2
        or np.median(np.bincount(y, minlength=len(labels))) > FEW_SHOTS
    ):
        return []
    said = [re.sub(r"[\W_]+", " ", name).strip().lower() for name in labels]
    return (
        said
        if all(len(re.sub(r"[\W\d_]", "", name)) >= 3 for name in said)
        and len(set(said)) == len(said)
        else []
    )


def choose(
    text: Array,
    table: Array,
    y: Array,
    classes: int,
    seed: int,
    only: str | Sequence[str] = "auto",
    say: Callable[[str], None] = lambda _: None,
    names: Array | None = None,
    fusion: str = "early",
    spans: tuple[int, ...] = (),
    groups: Groups = None,
) -> Any:
    """The fitted head of the lowest left-out loss.

    Args:
        text: features of the training rows (rows, width), maybe of no width.
        table: their table block.
        y: class numbers, or numbers where `classes` is 0.
        only: a head's name, several, or `auto`.
        names: features of the names of the classes, which then teach as one row each.
        fusion: with `late` texts and table are each told by a head of its own, and what these say
            is put together; with `attention` they are tokens that look at each other.
        spans: how many columns of the table each input has.
        groups: the number of each row's group, where rows of one group are left out together.
    """
    if groups is not None and len(np.unique(groups)) < 2:
        say("all rows that teach are of one group, so they are left out one by one")
        groups = None
    if fusion == "attention":
        only = "attention"
    if fusion == "late" and text.shape[1] and table.shape[1]:
        seen: list[Any] = [
            Blind(
                choose(
                    text,
                    table[:, :0],
                    y,
                    classes,
                    seed,
                    only if only != "boost" else "linear",
                    lambda s: say(f"texts: {s}"),
                    groups=groups,
                ),
                "text",
                table.shape[1],
            ),
            Blind(
                choose(
                    text[:, :0],
                    table,
                    y,
                    classes,
                    seed,
                    only,
                    lambda s: say(f"table: {s}"),
                    spans=spans,
                    groups=groups,
                ),
                "table",
                text.shape[1],
            ),
        ]
        both = Late(*seen, classes=classes)
        say(
            f"late fusion: the texts count {both.belief:.0%}, the table {1 - both.belief:.0%}"
            + (f"; left-out loss {both.loss:.4f}" if np.isfinite(both.loss) else "")
        )
        return both
    if names is not None:
        text, table = (
            np.vstack([text, names]),
            np.vstack([table, np.zeros((len(names), table.shape[1]), table.dtype)]),
        )
        y = np.concatenate([y, np.arange(len(names), dtype=y.dtype)])
        if groups is not None:
            groups = np.concatenate([groups, groups.max() + 1 + np.arange(len(names))])
        say(f"the names of {len(names)} classes teach too, since there are few rows a class")
    listed = (
        heads_for(text, table, y, classes)
        if only == "auto"
        else [only]
        if isinstance(only, str)
        else list(only)
    )
    if (kept := comparable(y, classes)) is not None:
        say(
            f"{int((~kept).sum())} {'class has' if (~kept).sum() == 1 else 'classes have'} one"
            " training row; a row that nothing else teaches is not counted where heads are"
            " compared"
        )
    fitted: list[Any] = [
        (HEADS[n](spans) if issubclass(HEADS[n], Nets) else HEADS[n]()).fit(
            text, table, y, classes, seed, groups
        )
        for n in listed
    ]
    singles = [h for h in fitted if len(h.left_out) == len(y)]
    fitted += [
        Blend(*some, classes=classes)
        for size in range(2, len(singles) + 1)
        for some in combinations(singles, size)
    ]
    for head in fitted:
        said = (
            f"left-out {'log-loss' if classes else 'squared error'} {head.loss:.4f}"
            if np.isfinite(head.loss)
            else f"too few {'rows a class' if groups is None else 'groups'} to leave any out"
        )
        say(f"{head.name} head: {said}")
    if only != "auto":
        return lowest(fitted)
    plain = Majority().fit(text, table, y, classes, seed, groups)
    best = lowest([*fitted, plain])
    if (
        best is not plain
        and len(best.left_out) == len(y)
        and not ahead(best, plain, classes, groups)
    ):
        best = plain
    if best is plain:
        say(
            f"majority head: left-out {'log-loss' if classes else 'squared error'}"
            f" {plain.loss:.4f}; no head is better by more than a standard error, so it is taken"
        )
        return plain
    return steadied(best, plain, classes) if len(best.left_out) == len(y) else best


def ahead(head: Any, plain: Any, classes: int, groups: Groups = None) -> bool:
    """Whether a head tells left-out rows better than a plain one by more than a standard error;
    rows of one group count as one.

    Source: Breiman et al. 1984, Classification and Regression Trees, 3.4.3 (one standard error).
    """
    gaps = each_loss(plain.left_out, plain.y_left, classes) - each_loss(
        head.left_out, head.y_left, classes
    )
    kept = comparable(head.y_left, classes)
    if kept is not None:  # a row that nothing else teaches is not counted here either
        gaps, groups = gaps[kept], groups[kept] if groups is not None else None
    if groups is not None:
        _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
        gaps = np.bincount(number, gaps) / counts.mean()
    return bool(gaps.mean() > gaps.std() / max(1, len(gaps)) ** 0.5)


def lowest(heads: Sequence[Any]) -> Any:
    """The head of the lowest left-out loss; the last of those given where none has one that is
    finite.

    >>> class Head:
    ...     def __init__(self, loss: float) -> None: self.loss = loss
    >>> lowest([Head(np.inf), Head(0.5), Head(np.nan)]).loss
    0.5
    """
    known = [h for h in heads if np.isfinite(h.loss)]
    return min(known, key=lambda h: h.loss) if known else heads[-1]


def steadied(head: Any, plain: Any, classes: int) -> Any:
    """The mean of a head and the majority where rows left out are told better by it by more than
    two standard errors; else the head.
    """
    both = Blend(*(head.parts if isinstance(head, Blend) else (head,)), plain, classes=classes)
    if not both.loss < head.loss:
        return head
    gaps = each_loss(head.left_out, head.y_left, classes) - each_loss(
        both.left_out, both.y_left, classes
    )
    kept = comparable(head.y_left, classes)
    gaps = gaps if kept is None else gaps[kept]
    return both if gaps.mean() > 2 * gaps.std() / max(1, len(gaps)) ** 0.5 else head


def each_loss(scores: Array, y: Array, classes: int) -> Array:
    """The loss of each row, (rows,)."""
    if y.ndim == 2:
        return np.asarray((np.logaddexp(0, scores) - scores * y).mean(1))
    if not classes:
        return np.asarray((scores[:, 0] - y) ** 2)
    top = scores - scores.max(1, keepdims=True)
    return np.asarray(np.log(np.exp(top).sum(1)) - top[np.arange(len(y)), y])
