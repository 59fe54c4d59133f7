"""Differentially private aggregates: counts and means with noise, over groups that the file
declares.

Knows SQL over one table and OpenDP's Laplace mechanism. Keeps no budget; the caller does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.sources.path_utils import quote, text


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
    if whole:
        return float(
            dp.m.make_laplace(
                dp.atom_domain(T=int), dp.absolute_distance(T=int), scale=sensitivity / epsilon
            )(int(value))
        )
    return float(
        dp.m.make_laplace(
            dp.atom_domain(T=float, nan=False),
            dp.absolute_distance(T=float),
            scale=sensitivity / epsilon,
        )(value)
    )


def aggregate(
    table: str,
    groups: Sequence[str] | None,
    by: str | None,
    of: str | None,
    low: float,
    high: float,
    epsilon: float,
) -> list[dict[str, Any]]:
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
        found: list[dict[str, Any]] = []
        for group in groups or (None,):
            tests = ["true"]
            if group is not None:
                tests.append(f"{quote(str(by))}::varchar = {text(group)}")
            if of:  # greatest and least skip null
                tests.append(f"{quote(of)} is not null and not isnan({quote(of)}::double)")
            where = f" where {' and '.join(tests)}"
            count = int(con.execute(f"select count(*) from {table}{where}").fetchall()[0][0])
            answer: dict[str, Any] = {"group": group}
            if of is None:
                answer |= {
                    "count": max(0, round(laplace(count, 1, epsilon, True))),
                    "sd": round(2**0.5 / epsilon, 3),
                }
            else:
                middle, half = (low + high) / 2, (high - low) / 2
                clamped = (
                    f"least(greatest({quote(of)}::double, {float(low)!r}::double),"
                    f" {float(high)!r}::double) - {middle!r}::double"
                )
                total = float(
                    con.execute(
                        f"select coalesce(sum({clamped}), 0) from {table}{where}"
                    ).fetchall()[0][0]
                )
                n = laplace(count, 1, epsilon / 2, True)
                mean = middle + laplace(total, half, epsilon / 2, False) / max(1.0, n)
                answer |= {"mean": min(high, max(low, mean)), "count": max(0, round(n))}
            found.append(answer)
    return found
