"""A field must be spread as it was in the last snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.data.pipeline.expressions.typed_rows import count_texts
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LISTED = 200  # values of a category that a snapshot lists; rows of the others are `other`


class Distribution(RuleKind):
    """The population stability index against the last snapshot must stay under a bound.

    Args:
        of: the field; the field itself where the rule stands under one.
        psi: the bound; 0.1 is a small change, 0.25 a large one.

    Source: Siddiqi, Credit Risk Scorecards (2006), ch. 8.

    >>> Distribution(of="x").psi
    0.25
    """

    type: Literal["distribution"] = "distribution"
    severity: Literal["warn", "stop"] = "warn"
    of: Of = ()
    psi: float = Field(0.25, gt=0)

    def verdict(self, con: DuckDBPyConnection, table: str, known: Known) -> str | None:
        """The index, where it is over the bound; a first snapshot has none."""
        name = self.of[0]
        before = known.last.get("training", {}).get(name)
        if not before:
            return None
        if "counts" in before:
            old, new = _count_categories(con, table, quote(name), before)
        else:
            old, new = _count_bins(con, table, quote(name), before["numbers"])
        index = psi(old, new)
        if index <= self.psi:
            return None
        return (
            f"{name} is distributed differently than in the last snapshot (PSI {index:.3f}, bound"
            f" {self.psi:g})"
        )


def _count_categories(
    con: DuckDBPyConnection, table: str, x: str, before: TrainingColumn
) -> tuple[list[int], list[int]]:
    """How many rows have each category, then and now; those not listed are counted together."""
    now = count_texts(
        con,
        f"select {x}::varchar, count(*) from {table} where _why is null and {x} is not"
        " null group by 1",
    )
    listed = before["counts"]
    if len(listed) < LISTED or before.get("other") == 0:
        keys = sorted({*now, *listed})
        return _count_keys(listed, keys), _count_keys(now, keys)
    old, new = _count_keys(listed, sorted(listed)), _count_keys(now, sorted(listed))
    if "other" in before:
        new.append(sum(now.values()) - sum(new))
        old.append(before["other"])
    return old, new


def _count_keys(counts: Mapping[str, int], keys: Sequence[str]) -> list[int]:
    """The count of each key, 0 where it has none."""
    return [counts.get(key, 0) for key in keys]


def _count_bins(
    con: DuckDBPyConnection, table: str, x: str, points: list[float]
) -> tuple[list[int], list[int]]:
    """How many values lie in each of ten bins, then and now.

    Args:
        points: quantiles of the values then.
    """
    cuts = sorted({points[int(i * (len(points) - 1) / 10)] for i in range(1, 10)})
    case = " ".join(f"when {x} <= {cut!r} then {i}" for i, cut in enumerate(cuts))
    bins = count_texts(
        con,
        f"select (case {case} else {len(cuts)} end)::varchar, count(*) from {table} where _why is"
        f" null and {x} is not null group by 1",
    )
    new = [bins.get(str(i), 0) for i in range(len(cuts) + 1)]
    old = [0] * (len(cuts) + 1)
    for point in points:
        old[sum(point > cut for cut in cuts)] += 1
    return old, new


def psi(old: list[int], new: list[int]) -> float:
    """The population stability index of two lists of counts; half a row is added to each count.

    >>> psi([50, 50], [50, 50])
    0.0
    """
    total, fresh = sum(old) + len(old) / 2, sum(new) + len(new) / 2
    shares = [((o + 0.5) / total, (n + 0.5) / fresh) for o, n in zip(old, new, strict=True)]
    return sum((n - o) * math.log(n / o) for o, n in shares)
