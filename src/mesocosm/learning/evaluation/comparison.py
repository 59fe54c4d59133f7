"""A version beside others on its own test rows: its texts, its images and its table alone, the last
version. Knows tasks and heads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.evaluation.model_card import LEADING, leading_metric
from mesocosm.learning.heads import Blend
from mesocosm.learning.heads.late_fusion import Late
from mesocosm.learning.heads.linear import Linear

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Parts

Array = np.ndarray[Any, Any]
MOST_ROWS = 5000  # training rows up to which each kind of input is also tried alone
LEAST_ROWS = 30


@dataclass(frozen=True)
class PreviousVersion:
    """The last version of a model.

    Args:
        labels: its classes, none for a number.
        inputs: the columns it reads.
        outputs: what it says of so many rows of columns, as a task reads it.
        fresh: of each row of the dataset, whether it was not among those that taught it.
    """

    labels: Sequence[str]
    inputs: Sequence[str]
    outputs: Callable[[Mapping[str, Sequence[Any]], int], Array]
    fresh: Sequence[bool]


def ablate_inputs(
    head: Any,
    said: Array,
    feats: Mapping[str, Array],
    parts: Parts,
    seed: int,
    say: Callable[[str], None],
    seen: int = 0,
) -> dict[str, dict[str, Any]]:
    """What each kind of knowledge reaches without the others: texts, images, the table; nothing
    where there is but one of them.

    Args:
        head: the version's; the same kinds are fitted on each part, trees on the table only and
            with the settings that they have.
        said: what the version says of its test rows.
        feats: features of the texts, and behind them those of the images, by part, as the version
            makes them.
        seen: how many of the features are of images.
    """
    y, width = parts.y["train"], feats["train"].shape[1]
    kinds = {
        "text alone": slice(0, width - seen),
        "images alone": slice(width - seen, width),
        "table alone": None,
    }
    there = {
        n: k
        for n, k in kinds.items()
        if (parts.table["train"].shape[1] if k is None else k.stop - k.start)
    }
    if len(there) < 2 or len(y) > MOST_ROWS:
        return {}
    found = {}
    for name, columns in there.items():
        text = {p: x[:, columns or slice(0)] for p, x in feats.items()}
        table = {p: x[:, : 0 if columns else None] for p, x in parts.table.items()}
        if isinstance(head, Late):
            part = head.parts[columns is None].head.again(
                text["train"],
                table["train"],
                y,
                parts.task.classes,
                seed,
                parts.groups.get("train"),
            )
            found[name] = _told(name, part, text, table, said, parts, say)
            continue
        like = [
            h
            for h in (head.parts if isinstance(head, Blend) else (head,))
            if h.name != "boost" or columns is None
        ] or [Linear()]
        part = (like[0] if len(like) == 1 else Blend(*like, classes=parts.task.classes)).again(
            text["train"], table["train"], y, parts.task.classes, seed, parts.groups.get("train")
        )
        found[name] = _told(name, part, text, table, said, parts, say)
    return found


def _told(
    name: str,
    part: Any,
    text: Mapping[str, Array],
    table: Mapping[str, Array],
    said: Array,
    parts: Parts,
    say: Callable[[str], None],
) -> dict[str, Any]:
    found = parts.task.against(
        said, parts.task.said(part.logits(text["test"], table["test"])), parts.y["test"]
    )
    say(f"{name}: {_main(found)}; together {found['gain']:+.3f} (p = {found['p']:.2g})")
    return found


def compare_with_previous(
    said: Array,
    before: PreviousVersion,
    rows: Mapping[str, Sequence[Any]],
    parts: Parts,
    say: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """The last version on the test rows that did not teach it; nothing where they are few, or it
    predicts something else.
    """
    test = parts.where["test"]
    pick = [k for k, i in enumerate(test) if before.fresh[i]]
    if list(before.labels) != parts.task.labels or len(pick) < LEAST_ROWS:
        return {}
    columns = {n: [rows[n][test[k]] for k in pick] for n in before.inputs}
    found = parts.task.against(
        said[pick], before.outputs(columns, len(pick)), parts.y["test"][pick]
    ) | {"rows": len(pick)}
    say(
        f"the last version on the same {len(pick)} rows: {_main(found)}; this one"
        f" {found['gain']:+.3f} (p = {found['p']:.2g})"
    )
    return {"last version": found}


def _main(figures: Mapping[str, Any]) -> str:
    key = leading_metric(figures)
    return f"{LEADING[key]} {figures.get(key, float('nan')):.3f}"
