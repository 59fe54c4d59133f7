"""The tree of cuts that puts rows into groups, so that one row alone falls where it fell in the
batch.

Knows arrays, and SQL of the place of a row. Knows no tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from mesocosm.data.privacy.anonymity.setting import Anonymity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Data: TypeAlias = npt.NDArray[np.float64]  # [rows, fields], or one of them
    Numbers: TypeAlias = npt.NDArray[np.int64]  # of rows, or of classes

MOST_GROUPS = 4096


class Node(TypedDict, total=False):
    """A cut of a field (`of`) at a number with what lies below and above it, or a `group`."""

    of: int
    cut: float
    low: Node
    high: Node
    group: int


def grow_tree(setting: Anonymity, data: Data, classes: Numbers, k: int) -> Node:
    """Mondrian: cut the widest field at its median as long as both sides hold `k` rows and `l`
    values.
    """
    import numpy as np

    spans = _spans(data)
    root: Node = {}
    waiting: list[tuple[Node, Numbers]] = [(root, np.arange(len(data)))]
    groups = 1
    while waiting and groups < MOST_GROUPS:
        node, rows = waiting.pop(0)
        for field in _rank_fields(data, rows, spans):
            cut, low, high = _halves(data[:, field], rows)
            if _holds(setting, classes, low, k) and _holds(setting, classes, high, k):
                node.update({"of": field, "cut": cut, "low": {}, "high": {}})
                waiting += [(node["low"], low), (node["high"], high)]
                groups += 1
                break
    return root


def _rank_fields(data: Data, rows: Numbers, spans: Data) -> list[int]:
    """The fields that have several values in some rows, that which spans most of its width
    first.
    """
    import numpy as np

    if not len(rows):
        return []
    widths: Data = np.ptp(data[rows], axis=0) / spans
    wide = [(-float(width), field) for field, width in enumerate(widths) if width > 0]
    return [field for _, field in sorted(wide)]


def _spans(data: Data) -> Data:
    """How wide each field is over all rows, missing values left out; 1 where it has one value."""
    import numpy as np

    if not len(data):
        return np.ones(data.shape[1])
    real = np.where(data <= -1e299, np.nan, data)
    with np.errstate(all="ignore"):
        spans = np.nanmax(real, axis=0) - np.nanmin(real, axis=0)
    return np.where(np.isfinite(spans) & (spans > 0), spans, 1.0)


def _halves(values: Data, rows: Numbers) -> tuple[float, Numbers, Numbers]:
    """A cut at the median of some rows, and the rows below and above it; both sides hold rows where
    the values differ.
    """
    import numpy as np

    column: Data = values[rows]
    cut = float(np.median(column))
    if cut >= float(np.max(column)):
        cut = float(np.max(column[column < cut]))
    low = column <= cut
    return cut, rows[low], rows[~low]


def _holds(setting: Anonymity, classes: Numbers, rows: Numbers, k: int) -> bool:
    """Whether rows can be a group: at least `k`, with `l` values of the sensitive field."""
    import numpy as np

    if len(rows) < k:
        return False
    return not setting.sensitive or len(np.unique(classes[rows])) >= setting.l


def number_leaves(tree: Node) -> list[Node]:
    """Number the groups of a tree, from the lowest; gives them in this order."""
    found: list[Node] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if "of" in node:
            stack += [node["high"], node["low"]]
        else:
            node["group"] = len(found)
            found.append(node)
    return found


def place_sql(tree: Node, shown: Sequence[str]) -> str:
    """SQL of the number of the group a row falls into."""
    if "of" not in tree:
        return str(tree["group"])
    low, high = place_sql(tree["low"], shown), place_sql(tree["high"], shown)
    return f"case when {shown[tree['of']]} <= {tree['cut']!r} then {low} else {high} end"


def merge_leaves(node: Node, bad: set[int]) -> bool:
    """Undo the cuts right above groups that do not hold; true where one hangs below."""
    if "of" not in node:
        return node["group"] in bad
    low, high = merge_leaves(node["low"], bad), merge_leaves(node["high"], bad)
    if (low and "of" not in node["low"]) or (high and "of" not in node["high"]):
        del node["of"], node["cut"], node["low"], node["high"]
        node["group"] = -1
    return False
