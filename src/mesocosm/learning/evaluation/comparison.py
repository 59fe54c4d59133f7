"""A version compared on its own test rows: with its texts, its images or its table alone, and with
the previous version. Knows tasks and heads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Array, Columns, take_rows
from mesocosm.learning.evaluation.model_card import leading_label, leading_metric
from mesocosm.learning.heads import Blend
from mesocosm.learning.heads.centered import CenteredHead
from mesocosm.learning.heads.late_fusion import LateFusion, SingleInputHead
from mesocosm.learning.heads.linear import Linear
from mesocosm.learning.metric_names import name_metric

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.heads.head import Head

ABLATIONS = {  # kinds of input, by their key in the record
    "text alone": Message("progress.text_only"),
    "images alone": Message("progress.images_only"),
    "table alone": Message("progress.table_only"),
}
MAX_ROWS = 5000  # training rows up to which each kind of input is also fitted alone
MIN_ROWS = 30  # test rows under which the previous version is not compared
Comparison = dict[str, float]  # metrics of another model, the gain over it, and its p-value
Features = Mapping[str, Array]  # by part of the split, (rows, width)


@dataclass(frozen=True)
class LastVersion:
    """The previous version of a model.

    Args:
        labels: its classes, none for a number.
        inputs: the columns it reads.
        outputs: its predictions for so many rows of columns, as a task reads them.
        fresh: for each row of the dataset, whether it was not trained on it.
    """

    labels: Sequence[str]
    inputs: Sequence[str]
    outputs: Callable[[Columns, int], Array]
    fresh: Sequence[bool]


def ablate_inputs(
    head: Head,
    predictions: Array,
    feats: Features,
    parts: Splits,
    seed: int,
    say: Say,
    seen: int = 0,
) -> dict[str, Comparison]:
    """Metrics of each kind of input without the others: texts, images, the table; nothing where
    there is only one kind.

    Args:
        head: the version's; heads of the same kinds are fitted on each part, boosted trees on the
            table only and with the settings that they have.
        predictions: the version's predictions of its test rows.
        feats: features of the texts, and behind them those of the images, by part.
        seen: how many of the features are of images.
    """
    kinds = _list_kinds(feats["train"].shape[1], seen, parts.table["train"].shape[1])
    if len(kinds) < 2 or len(parts.y["train"]) > MAX_ROWS:
        return {}
    found: dict[str, Comparison] = {}
    for name, columns in kinds.items():
        others = _predict_from(head, columns, feats, parts, seed)
        compared: Comparison = parts.outcome.compare(predictions, others, parts.y["test"])
        found[name] = compared
        gain, p = compared["gain"], compared["p"]
        say(
            Message(
                "progress.ablation",
                name=ABLATIONS[name],
                metric=_describe(compared),
                gain=gain,
                p=p,
            )
        )
    return found


def _list_kinds(width: int, seen: int, table: int) -> dict[str, slice | None]:
    """The columns of the features that each kind of input has; None for the table.

    Args:
        width: of the features, of which the last `seen` are of images.
        table: how many columns the table has.
    """
    kinds: dict[str, slice | None] = {}
    if width - seen:
        kinds["text alone"] = slice(0, width - seen)
    if seen:
        kinds["images alone"] = slice(width - seen, width)
    if table:
        kinds["table alone"] = None
    return kinds


def _predict_from(
    head: Head, columns: slice | None, feats: Features, parts: Splits, seed: int
) -> Array:
    """What heads of the same kinds predict for the test rows from some of the features, or from
    the table.
    """
    features, table = _select_input(columns, feats, parts.table)
    alone = _head_for(head, columns is None, parts.outcome.classes).again(
        features["train"],
        table["train"],
        parts.y["train"],
        parts.outcome.classes,
        seed,
        parts.groups.get("train"),
    )
    return parts.outcome.decode(alone.logits(features["test"], table["test"]))


def _select_input(
    columns: slice | None, feats: Features, table: Features
) -> tuple[Features, Features]:
    """Features and table by part, of which one has no width."""
    if columns is None:
        return {p: x[:, :0] for p, x in feats.items()}, table
    selected = {p: x[:, columns] for p, x in feats.items()}
    return selected, {p: x[:, :0] for p, x in table.items()}


def _head_for(head: Head, table_only: bool, classes: int) -> Head:
    """What is refitted on one kind of input: that part of a late fusion, or those heads of a blend
    that can read it.
    """
    if isinstance(head, CenteredHead):
        inner = _head_for(head.head, table_only, classes)
        return inner if table_only else CenteredHead(inner, head.center)
    if isinstance(head, LateFusion):
        part = head.parts[table_only]
        assert isinstance(part, SingleInputHead)
        return part.head
    heads = [one for one in _list_parts(head) if one.name != "boost" or table_only]
    if len(heads) > 1:
        return Blend(*heads, classes=classes)
    if not heads:
        return Linear()
    return heads[0]


def _list_parts(head: Head) -> Sequence[Head]:
    """The heads of a blend; any other head itself."""
    if isinstance(head, Blend):
        return head.parts
    return [head]


def compare_with_previous(
    predictions: Array,
    before: LastVersion,
    rows: Columns,
    parts: Splits,
    say: Say,
) -> dict[str, Comparison]:
    """The previous version on the test rows that it was not trained on; nothing where they are few,
    or where its classes are others.

    Args:
        predictions: the version's predictions of its test rows.
    """
    test = parts.where["test"]
    pick = [k for k, i in enumerate(test) if before.fresh[i]]
    if list(before.labels) != parts.outcome.labels or len(pick) < MIN_ROWS:
        return {}
    others = before.outputs(take_rows(rows, before.inputs, [test[k] for k in pick]), len(pick))
    found: Comparison = parts.outcome.compare(predictions[pick], others, parts.y["test"][pick])
    found = found | {"rows": len(pick)}
    say(
        Message(
            "progress.previous_version",
            rows=len(pick),
            metric=_describe(found),
            gain=found["gain"],
            p=found["p"],
        )
    )
    return {"last version": found}


def _describe(figures: Comparison) -> Message:
    value = figures.get(leading_metric(figures), float("nan"))
    return Message("progress.metric", metric=name_metric(leading_label(figures)), value=value)
