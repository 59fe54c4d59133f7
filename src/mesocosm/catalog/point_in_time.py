"""The catalog at one moment, read as a whole in a few queries: now, or as it was.

What a world of thousands of things looks at, where a query a thing would take seconds. Knows tables
and times only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Column, ColumnElement, Table, select

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.prediction_counts import counts
from mesocosm.catalog.rows import (
    AlertRow,
    DeploymentRow,
    MomentRow,
    ResourceRow,
    RolloutRow,
    SnapshotRow,
    VersionRow,
)

if TYPE_CHECKING:
    from mesocosm.catalog.store import Catalog

Kind = TypeVar("Kind")
RUNNING = "running"
MOMENTS = 500  # changes listed at most, the newest


class CatalogView:
    """The records of a catalog as they stood at a moment.

    Args:
        catalog: where they are kept.
        at: the moment in seconds of the catalog's clock; None is now.

    A version's state is kept only as it is now; of a moment that is past, the version in service is
    the champion.
    """

    def __init__(self, catalog: Catalog, at: float | None = None) -> None:
        self.at = at
        self.number = catalog.revision()

        self._catalog = catalog
        self._snapshots = {
            row["dataset"]: row for row in self._read(SnapshotRow, t.SNAPSHOTS, t.SNAPSHOTS.c.at)
        }
        self._deployments: dict[str, list[DeploymentRow]] = defaultdict(list)
        for row in self._read(DeploymentRow, t.DEPLOYMENTS, t.DEPLOYMENTS.c.id.desc()):
            self._deployments[row["service"]].append(row)
        self._versions = self._read_versions()
        self._rollouts = {
            row["service"]: row
            for row in self._read(RolloutRow, t.ROLLOUTS, t.ROLLOUTS.c.id, t.ROLLOUTS.c.began)
            if self._is_running(row)
        }
        self.alerts = [
            row
            for row in self._read(AlertRow, t.ALERTS, t.ALERTS.c.at.desc(), most=2000)
            if self._is_open(row["cleared_at"])
        ]
        resources = select(t.RESOURCES.c.address, t.RESOURCES.c.at).where(
            self._until(t.RESOURCES.c.at), t.RESOURCES.c.left_at.is_(None)
        )
        self.listed = {row["address"]: row for row in catalog.rows(resources, ResourceRow)}
        with catalog.engine.connect() as con:
            self._counts = counts(con, at)

    def _until(self, column: Column[object]) -> ColumnElement[bool]:
        """What was written up to the moment."""
        return column.is_not(None) if self.at is None else column <= self.at

    def _read(
        self,
        of: type[Kind],
        table: Table,
        order: ColumnElement[object],
        moment: Column[object] | None = None,
        most: int | None = None,
    ) -> list[Kind]:
        query = select(table).where(self._until(table.c.at if moment is None else moment))
        return self._catalog.rows(query.order_by(order).limit(most), of)

    def _read_versions(self) -> dict[str, list[VersionRow]]:
        """The versions of each model; at a past moment with the state that they had then."""
        deployed = list(self._deployments.values())
        now = {rows[0]["version"] for rows in deployed}
        ever = {row["version"] for row in chain.from_iterable(deployed)}
        versions: dict[str, list[VersionRow]] = defaultdict(list)
        for row in self._read(VersionRow, t.VERSIONS, t.VERSIONS.c.number):
            if self.at is not None and row["state"] != "refused":
                row["state"] = "challenger"
                if row["id"] in now:
                    row["state"] = "champion"
                elif row["id"] in ever:
                    row["state"] = "retired"
            versions[row["model"]].append(row)
        return versions

    def _is_running(self, rollout: RolloutRow) -> bool:
        if self.at is None:
            return bool(rollout["state"] == RUNNING)
        return self._is_open(rollout["ended_at"])

    def _is_open(self, ended_at: float | None) -> bool:
        """Whether something that ended then, or not yet, was going on at the moment."""
        return ended_at is None or (self.at is not None and ended_at > self.at)

    def revision(self) -> int:
        """The revision that was read."""
        return self.number

    def snapshot(self, *, dataset: str) -> SnapshotRow | None:
        """The newest snapshot of a dataset."""
        return self._snapshots.get(dataset)

    def versions(self, model: str) -> Sequence[VersionRow]:
        """Versions of a model, the oldest first."""
        return self._versions.get(model, [])

    def version(self, ident: str) -> VersionRow | None:
        """A version by its id."""
        for row in chain.from_iterable(self._versions.values()):
            if row["id"] == ident:
                return row
        return None

    def deployment(self, service: str) -> DeploymentRow | None:
        """What a service ran."""
        return next(iter(self._deployments.get(service, [])), None)

    def rollout(self, service: str) -> RolloutRow | None:
        """The rollout that was in progress for a service."""
        return self._rollouts.get(service)

    def counts(self) -> Mapping[str, int]:
        """How many predictions each service had made."""
        return self._counts


def list_moments(catalog: Catalog) -> list[MomentRow]:
    """When something changed, and what, the oldest first: lakes filled, trees grown, lamps lit,
    rollouts and alerts begun and ended.
    """
    changes: list[tuple[str, Column[object], Column[object]]] = [
        ("snapshot", t.SNAPSHOTS.c.at, t.SNAPSHOTS.c.id),
        ("version", t.VERSIONS.c.at, t.VERSIONS.c.id),
        ("deploy", t.DEPLOYMENTS.c.at, t.DEPLOYMENTS.c.service),
        ("rollout", t.ROLLOUTS.c.began, t.ROLLOUTS.c.service),
        ("rollout ended", t.ROLLOUTS.c.ended_at, t.ROLLOUTS.c.service),
        ("alert", t.ALERTS.c.at, t.ALERTS.c.monitor),
        ("alert cleared", t.ALERTS.c.cleared_at, t.ALERTS.c.monitor),
    ]
    found: list[MomentRow] = []
    for what, at, name in changes:
        query = select(at.label("at"), name.label("name")).where(at.is_not(None))
        rows = catalog.rows(query.order_by(at.desc()).limit(MOMENTS), MomentRow)
        found += [{"what": what, "at": row["at"], "name": row["name"]} for row in rows]
    return sorted(found, key=lambda row: row["at"])[-MOMENTS:]
