"""A version compared on its own test rows: with its texts, its images or its table alone, and with
the previous version. Knows tasks and heads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.model_card import COMPARED, leading_label, leading_metric
from mesocosm.learning.heads import Blend
from mesocosm.learning.heads.late_fusion import LateFusion
from mesocosm.learning.heads.linear import Linear

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits

Array = np.ndarray[Any, Any]
MAX_ROWS = 5000  # training rows up to which each kind of input is also fitted alone
MIN_ROWS = 30  # test rows under which the previous version is not compared
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
    outputs: Callable[[Mapping[str, Sequence[Any]], int], Array]
    fresh: Sequence[bool]


def ablate_inputs(
    head: Any,
    predictions: Array,
    feats: Features,
    parts: Splits,
    seed: int,
    say: Callable[[str], None],
    seen: int = 0,
) -> dict[str, dict[str, Any]]:
    """Metrics of each kind of input without the others: texts, images, the table; nothing where
    there is only one kind.

    Args:
        head: the version's; heads of the same kinds are fitted on each part, boosted trees on the
            table only and with the settings that they have.
        predictions: the version's predictions of its test rows.
        feats: features of the texts, and behind them those of the images, by part.
        seen: how many of the features are of images.
    """
    width, table_width = feats["train"].shape[1], parts.table["train"].shape[1]
    text_width = width - seen
    kinds: dict[str, slice | None] = {}  # columns of the features; None for the table
    if text_width:
        kinds["text alone"] = slice(0, text_width)
    if seen:
        kinds["images alone"] = slice(text_width, width)
    if table_width:
        kinds["table alone"] = None
    if len(kinds) < 2 or len(parts.y["train"]) > MAX_ROWS:
        return {}
    found = {}
    for name, columns in kinds.items():
        features = {p: x[:, columns or slice(0)] for p, x in feats.items()}
        table = {p: x[:, : 0 if columns else None] for p, x in parts.table.items()}
        alone = _head_for(head, columns is None, parts.outcome.classes).again(
            features["train"],
            table["train"],
            parts.y["train"],
            parts.outcome.classes,
            seed,
            parts.groups.get("train"),
        )
        others = parts.outcome.decode(alone.logits(features["test"], table["test"]))
        found[name] = parts.outcome.compare(predictions, others, parts.y["test"])
        gain, p = found[name]["gain"], found[name]["p"]
        say(f"{COMPARED[name]}: {_describe(found[name])}; full model {gain:+.3f} (p = {p:.2g})")
    return found


def _head_for(head: Any, table_only: bool, classes: int) -> Any:
    """What is refitted on one kind of input: that part of a late fusion, or those heads of a blend
    that can read it.
    """
    if isinstance(head, LateFusion):
        return head.parts[table_only].head
    heads = [head]
    if isinstance(head, Blend):
        heads = list(head.parts)
    heads = [h for h in heads if h.name != "boost" or table_only] or [Linear()]
    if len(heads) == 1:
        return heads[0]
    return Blend(*heads, classes=classes)


def compare_with_previous(
    predictions: Array,
    before: LastVersion,
    rows: Mapping[str, Sequence[Any]],
    parts: Splits,
    say: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """The previous version on the test rows that it was not trained on; nothing where they are few,
    or where its classes are others.

    Args:
        predictions: the version's predictions of its test rows.
    """
    test = parts.where["test"]
    pick = [k for k, i in enumerate(test) if before.fresh[i]]
    if list(before.labels) != parts.outcome.labels or len(pick) < MIN_ROWS:
        return {}
    columns = {n: [rows[n][test[k]] for k in pick] for n in before.inputs}
    others = before.outputs(columns, len(pick))
    found = parts.outcome.compare(predictions[pick], others, parts.y["test"][pick])
    found = found | {"rows": len(pick)}
    say(
        f"previous version on the same {len(pick)} rows: {_describe(found)}; this version"
        f" {found['gain']:+.3f} (p = {found['p']:.2g})"
    )
    return {"last version": found}


def _describe(figures: Mapping[str, Any]) -> str:
    key = leading_metric(figures)
    return f"{leading_label(figures)} {figures.get(key, float('nan')):.3f}"
