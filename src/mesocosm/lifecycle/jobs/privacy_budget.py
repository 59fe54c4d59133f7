"""Private aggregates of a dataset and the budget they draw from.

Knows the catalog and the door of data. What is spent stays spent, whatever version is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from sqlalchemy import Connection, func, insert, select

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.number import Number
from mesocosm.lifecycle.access.datasets.history import find_dataset, find_version
from mesocosm.lifecycle.project_store import locate_project


class PrivateAnswerData(TypedDict):
    """A differentially private answer for each group, and the budget that is `left`."""

    dataset: str
    version: str
    what: str
    epsilon: float
    left: float
    answers: Sequence[Mapping[str, object]]


def sum_spent(con: Connection, dataset: str) -> float:
    """How much of its privacy budget (epsilon) a dataset has spent so far."""
    query = select(func.sum(t.SPENT.c.epsilon)).where(t.SPENT.c.dataset == dataset)
    return float(con.execute(query).scalar() or 0.0)


@dataclass(frozen=True)
class PrivateQuery:
    """A private count, or the mean of a number.

    Args:
        dataset: the dataset's name.
        epsilon: what the answer costs; smaller is more private and less exact.
        mean: the number whose mean is asked; None counts rows.
        by: a category or boolean that groups the rows.
        low: the least value that a row may count with.
        high: the greatest value that a row may count with.
    """

    dataset: str
    epsilon: float
    mean: str | None = None
    by: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        """What is asked, such as `mean of age by sex`."""
        text = "count"
        if self.mean:
            text = f"mean of {self.mean}"
        if self.by:
            text += f" by {self.by}"
        return text


def answer_query(spec: Spec, catalog: Catalog, query: PrivateQuery, who: str) -> PrivateAnswerData:
    """A differentially private count or mean of a dataset; its budget pays.

    Args:
        spec: the file.
        catalog: where budgets are kept.
        query: what is asked.
        who: who asks, for the audit.

    Returns:
        `dataset`, `version`, `what`, `epsilon`, the budget that is `left`, and `answers`, one for
        each group.

    Raises:
        ConfigValueError: a field is not of the kind it must be, or its bounds are missing.
        MesocosmError: the budget would be overdrawn, or nothing was built.
    """
    from mesocosm.data.privacy.aggregate import aggregate, laplace
    from mesocosm.data.snapshots.delta_tables import scan

    data = find_dataset(spec, query.dataset)
    _check_fields(data, query)
    groups = _declared_groups(data, query.by)
    snapshot = find_version(catalog, query.dataset, "newest")
    if not data.budget:
        raise MesocosmError(Message("lifecycle.no_budget", dataset=query.dataset))
    laplace(0, 1, 1.0, True)  # where OpenDP is missing, nothing is spent
    used = _spend(catalog, query, data.budget, who)
    table = scan(locate_project(spec).store / snapshot["path"] / "rows", snapshot["delta"])
    low, high = query.low or 0.0, query.high or 0.0
    answers = aggregate(table, groups, query.by, query.mean, low, high, query.epsilon)
    return {
        "dataset": query.dataset,
        "version": snapshot["id"],
        "what": query.text,
        "epsilon": query.epsilon,
        "left": round(data.budget - used - query.epsilon, 6),
        "answers": answers,
    }


def _check_fields(data: Dataset, query: PrivateQuery) -> None:
    """Refuse fields that are not there, means of what is no public number, and missing bounds."""
    for name in (query.mean, query.by):
        if name is not None and name not in data.fields:
            found = Message("lifecycle.no_field", dataset=query.dataset, name=name[:60])
            raise ConfigValueError(
                "", found, Message("lifecycle.field_of_it"), sorted(data.fields), name
            )
    if query.mean:
        _check_mean(data, query.mean)
        _check_bounds(query)


def _check_mean(data: Dataset, mean: str) -> None:
    """Refuse the mean of what is no public number."""
    field = data.fields[mean]
    if not isinstance(field, Number) or field.private:
        raise ConfigValueError(
            "", Message("lifecycle.no_mean", field=mean), Message("lifecycle.public_number")
        )


def _check_bounds(query: PrivateQuery) -> None:
    """Refuse a mean without bounds, or with bounds that hold nothing."""
    if query.low is None or query.high is None or query.low >= query.high:
        raise ConfigValueError(
            "",
            Message("lifecycle.mean_needs_bounds"),
            Message("lifecycle.low_and_high"),
        )


def _declared_groups(data: Dataset, by: str | None) -> list[str] | None:
    """The groups that the file declares for a field; the rows' own would reveal which values exist.

    Raises:
        ConfigValueError: the file declares none, or the field is private.
    """
    if not by:
        return None
    field = data.fields[by]
    groups = _list_values(field)
    if not groups or field.private:
        raise ConfigValueError(
            "",
            Message("lifecycle.groups_reveal", field=by),
            Message("lifecycle.values_as_groups", field=by),
        )
    return groups


def _list_values(field: FieldKind) -> list[str]:
    """The values that a field may have, as far as its settings name them."""
    values = list(getattr(field, "values", ()))
    if values or field.ibis_type != "boolean":
        return values
    return ["true", "false"]


def _spend(catalog: Catalog, query: PrivateQuery, budget: float, who: str) -> float:
    """Take the cost of a query from the budget; what was spent before it.

    Raises:
        MesocosmError: the budget would be overdrawn.
    """
    dataset, epsilon = query.dataset, query.epsilon
    with catalog.transaction() as con:
        used = sum_spent(con, dataset)
        if used + epsilon > budget + 1e-9:
            raise MesocosmError(
                Message(
                    "lifecycle.budget_spent",
                    dataset=dataset,
                    budget=budget,
                    used=used,
                    epsilon=epsilon,
                )
            )
        cost = {"dataset": dataset, "epsilon": epsilon, "what": query.text, "at": catalog.clock()}
        con.execute(insert(t.SPENT).values(**cost))
        why = f"{query.text}, epsilon {epsilon:g}"
        catalog.write_audit(con, who, "aggregate", f"datasets.{dataset}", why)
    return used
