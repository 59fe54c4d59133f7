"""Private aggregates of a dataset and the budget they draw from.

Knows the catalog and the door of govern. What was spent stays spent, whatever version is asked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, insert, select

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.data.types.number import Number
from mesocosm.lifecycle.access.dataset_history import dataset_of, version_of
from mesocosm.lifecycle.project_store import where_of


def spent(con: Connection, dataset: str) -> float:
    """How much of its budget (epsilon) a dataset has given so far."""
    return float(
        con.execute(
            select(func.sum(t.SPENT.c.epsilon)).where(t.SPENT.c.dataset == dataset)
        ).scalar()
        or 0.0
    )


def ask(
    spec: Spec,
    catalog: Catalog,
    dataset: str,
    mean: str | None,
    by: str | None,
    low: float | None,
    high: float | None,
    epsilon: float,
    who: str,
) -> dict[str, Any]:
    """A private count or mean of a dataset, by a category of the file.

    Raises:
        Wrong: a field is not as wanted, or its bounds are missing.
        Failure: the budget would be overdrawn, or nothing was built.
    """
    from mesocosm.data.privacy.aggregate import aggregate, laplace
    from mesocosm.data.snapshots.delta_tables import scan

    data = dataset_of(spec, dataset)
    for name in (mean, by):
        if name is not None and name not in data.fields:
            raise Wrong(
                "",
                f"'{dataset}' has no field '{name[:60]}'",
                "a field of it",
                sorted(data.fields),
                name,
            )
    if mean and (not isinstance(data.fields[mean], Number) or data.fields[mean].private):
        raise Wrong("", f"'{mean}' has no mean", "a number that is not private")
    if mean and (low is None or high is None or low >= high):
        raise Wrong(
            "",
            "a mean needs bounds that do not come from the rows",
            "--low and --high, the least and greatest value a row may count with",
        )
    groups = None
    if by:
        groups = list(getattr(data.fields[by], "values", ())) or (
            ["true", "false"] if data.fields[by].ibis_type == "boolean" else []
        )
        if not groups or data.fields[by].private:
            raise Wrong(
                "",
                f"the groups of '{by}' would tell which values there are",
                f"'values' in the field '{by}', which then are the groups",
            )
    snapshot = version_of(catalog, dataset, "newest")
    if not data.budget:
        raise Failure(
            f"'{dataset}' has no 'budget', so nothing may be told of it; set it to the epsilon that"
            " all answers together may cost, as 'budget: 2'"
        )
    laplace(0, 1, 1.0, True)  # where OpenDP is missing, nothing is spent
    what = f"{'mean of ' + mean if mean else 'count'}{' by ' + by if by else ''}"
    with catalog.transaction() as con:
        used = spent(con, dataset)
        if used + epsilon > data.budget + 1e-9:
            raise Failure(
                f"the budget of '{dataset}' is {data.budget:g}, {used:g} is spent, and this would"
                f" cost {epsilon:g}"
            )
        con.execute(
            insert(t.SPENT).values(dataset=dataset, epsilon=epsilon, what=what, at=catalog.clock())
        )
        catalog.write_audit(
            con, who, "aggregate", f"datasets.{dataset}", f"{what}, epsilon {epsilon:g}"
        )
    table = scan(where_of(spec).store / snapshot["path"] / "rows", snapshot["delta"])
    answers = aggregate(table, groups, by, mean, low or 0.0, high or 0.0, epsilon)
    return {
        "dataset": dataset,
        "version": snapshot["id"],
        "what": what,
        "epsilon": epsilon,
        "left": round(data.budget - used - epsilon, 6),
        "answers": answers,
    }
