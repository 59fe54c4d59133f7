"""Differentially private aggregates: counts and means with noise, over groups that the file
declares.

Knows SQL over one table and OpenDP's Laplace mechanism. Keeps no budget; the caller does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.expressions.typed_rows import read_numbers
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def laplace(value: float, sensitivity: float, epsilon: float, whole: bool) -> float:
    """A value with Laplace noise of scale `sensitivity / epsilon`.

    Source: Dwork et al. 2006, Calibrating Noise to Sensitivity; OpenDP's samplers, which leave no
    trace of the value in the last bits of a float.

    Raises:
        MesocosmError: OpenDP is not installed.
    """
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise MesocosmError(Message("data.opendp_extra")) from error
    dp.enable_features("contrib")
    scale = sensitivity / epsilon
    noise: Callable[[float], float]
    if whole:
        noise = dp.m.make_laplace(dp.atom_domain(T=int), dp.absolute_distance(T=int), scale=scale)
        return float(noise(int(value)))
    noise = dp.m.make_laplace(
        dp.atom_domain(T=float, nan=False), dp.absolute_distance(T=float), scale=scale
    )
    return float(noise(value))


class PrivateAnswer(TypedDict):
    """A private aggregate of one group: a `count` with the standard deviation of its noise (`sd`),
    or a `mean`.
    """

    group: str | None
    count: int
    sd: NotRequired[float]
    mean: NotRequired[float]


def aggregate(
    table: str,
    groups: Sequence[str] | None,
    by: str | None,
    of: str | None,
    low: float,
    high: float,
    epsilon: float,
) -> list[PrivateAnswer]:
    """Private counts, or means of a number, of each group; a row counts as one person.

    A mean is a private sum of values clamped to `low` and `high`, divided by a private count; each
    takes half of `epsilon`. Sum and count are over the same rows: those whose value is there; a row
    without a value, or with NaN, enters neither. Groups hold different rows, so together they cost
    no more than one.

    Args:
        table: SQL of the rows.
        groups: the values of `by`, from the file, not from the rows: a group without rows answers
            too.
    """
    import duckdb

    with duckdb.connect() as con:
        found: list[PrivateAnswer] = []
        for group in groups or (None,):
            where = _condition_of(group, by, of)
            count = count_rows(con, table, where)
            if of is None:
                found.append(_count_privately(group, count, epsilon))
                continue
            total = _sum_clamped(con, f"{table} where {where}", of, low, high)
            middle, half = (low + high) / 2, (high - low) / 2
            n = laplace(count, 1, epsilon / 2, True)
            mean = middle + laplace(total, half, epsilon / 2, False) / max(1.0, n)
            clamped = min(high, max(low, mean))
            found.append({"group": group, "mean": clamped, "count": max(0, round(n))})
    return found


def _condition_of(group: str | None, by: str | None, of: str | None) -> str:
    """SQL that is true for the rows of a group that enter."""
    tests = ["true"]
    if group is not None:
        tests.append(f"{quote(str(by))}::varchar = {text(group)}")
    if of:  # greatest and least skip null
        tests.append(f"{quote(of)} is not null and not isnan({quote(of)}::double)")
    return " and ".join(tests)


def _count_privately(group: str | None, count: int, epsilon: float) -> PrivateAnswer:
    noisy = max(0, round(laplace(count, 1, epsilon, True)))
    return {"group": group, "count": noisy, "sd": round(2**0.5 / epsilon, 3)}


def _sum_clamped(con: DuckDBPyConnection, table: str, of: str, low: float, high: float) -> float:
    """The sum of how far each value, clamped to its bounds, lies from their middle."""
    clamped = (
        f"least(greatest({quote(of)}::double, {float(low)!r}::double),"
        f" {float(high)!r}::double) - {(low + high) / 2!r}::double"
    )
    (total,) = read_numbers(con, f"select coalesce(sum({clamped}), 0) from {table}")
    return total or 0.0
