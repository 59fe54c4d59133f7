"""The catalog at one moment, read whole in a few queries: now, or as it was.

What a world of thousands of things looks at, where a query a thing would take seconds. Knows tables
and times only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.prediction_counts import counts

if TYPE_CHECKING:
    from mesocosm.catalog.store import Catalog

Row = dict[str, Any]
RUNNING = "running"
MOMENTS = 500  # changes told of at most, the newest


class Book:
    """Records as they stood.

    Args:
        catalog: where they are kept.
        at: the moment in seconds of the catalog's clock; None is now.

    A version's state is kept only as it is now; of a moment that is past, the version in service is
    the champion.
    """

    def __init__(self, catalog: Catalog, at: float | None = None) -> None:
        self.at = at
        self.number = catalog.revision()

        def until(column: Any) -> Any:
            return column <= at if at is not None else column.is_not(None)

        self._snapshots = {
            r["dataset"]: r
            for r in catalog.rows(
                select(t.SNAPSHOTS).where(until(t.SNAPSHOTS.c.at)).order_by(t.SNAPSHOTS.c.at)
            )
        }
        self._deployments: dict[str, list[Row]] = defaultdict(list)
        for row in catalog.rows(
            select(t.DEPLOYMENTS)
            .where(until(t.DEPLOYMENTS.c.at))
            .order_by(t.DEPLOYMENTS.c.id.desc())
        ):
            self._deployments[row["service"]].append(row)
        self._versions: dict[str, list[Row]] = defaultdict(list)
        served = {d["version"] for rows in self._deployments.values() for d in rows}
        serving = {rows[0]["version"] for rows in self._deployments.values()}
        for row in catalog.rows(
            select(t.VERSIONS).where(until(t.VERSIONS.c.at)).order_by(t.VERSIONS.c.number)
        ):
            if at is not None and row["state"] != "refused":
                row["state"] = (
                    "champion"
                    if row["id"] in serving
                    else "retired"
                    if row["id"] in served
                    else "challenger"
                )
            self._versions[row["model"]].append(row)
        rollouts = catalog.rows(
            select(t.ROLLOUTS).where(until(t.ROLLOUTS.c.began)).order_by(t.ROLLOUTS.c.id)
        )
        self._rollouts = {
            r["service"]: r
            for r in rollouts
            if (
                r["state"] == RUNNING if at is None else r["ended_at"] is None or r["ended_at"] > at
            )
        }
        alerts = catalog.rows(
            select(t.ALERTS).where(until(t.ALERTS.c.at)).order_by(t.ALERTS.c.at.desc()).limit(2000)
        )
        self.alerts = [
            a
            for a in alerts
            if a["cleared_at"] is None or (at is not None and a["cleared_at"] > at)
        ]
        self.listed = {
            r["address"]: r
            for r in catalog.rows(
                select(t.RESOURCES.c.address, t.RESOURCES.c.at).where(
                    until(t.RESOURCES.c.at), t.RESOURCES.c.left_at.is_(None)
                )
            )
        }
        with catalog.engine.connect() as con:
            self._counts = counts(con, at)

    def revision(self) -> int:
        """The revision that was read."""
        return self.number

    def snapshot(self, *, dataset: str) -> Row | None:
        """The newest snapshot of a dataset."""
        return self._snapshots.get(dataset)

    def versions(self, model: str) -> Sequence[Row]:
        """Versions of a model, the oldest first."""
        return self._versions.get(model, [])

    def version(self, ident: str) -> Row | None:
        """A version by its id."""
        return next((v for rows in self._versions.values() for v in rows if v["id"] == ident), None)

    def deployment(self, service: str) -> Row | None:
        """What a service ran."""
        return next(iter(self._deployments.get(service, [])), None)

    def rollout(self, service: str) -> Row | None:
        """The rollout that was under way for a service."""
        return self._rollouts.get(service)

    def counts(self) -> Mapping[str, int]:
        """How many predictions each service had answered."""
        return self._counts


def moments(catalog: Catalog) -> list[Row]:
    """When something changed, and what, the oldest first: lakes filled, trees grown, lamps lit,
    rollouts and alerts begun and ended.
    """
    told: list[tuple[str, Any, Any]] = [
        ("snapshot", t.SNAPSHOTS.c.at, t.SNAPSHOTS.c.id),
        ("version", t.VERSIONS.c.at, t.VERSIONS.c.id),
        ("deploy", t.DEPLOYMENTS.c.at, t.DEPLOYMENTS.c.service),
        ("rollout", t.ROLLOUTS.c.began, t.ROLLOUTS.c.service),
        ("rollout ended", t.ROLLOUTS.c.ended_at, t.ROLLOUTS.c.service),
        ("alert", t.ALERTS.c.at, t.ALERTS.c.monitor),
        ("alert cleared", t.ALERTS.c.cleared_at, t.ALERTS.c.monitor),
    ]
    found: list[Row] = []
    for what, at, name in told:
        found += [
            {"what": what, **r}
            for r in catalog.rows(
                select(at.label("at"), name.label("name"))
                .where(at.is_not(None))
                .order_by(at.desc())
                .limit(MOMENTS)
            )
        ]
    return sorted(found, key=lambda r: r["at"])[-MOMENTS:]
