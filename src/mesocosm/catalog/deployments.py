"""What each service ran and runs, and the rollouts that bring it another version.
Knows none of the figures that a rollout follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.point_in_time import RUNNING
from mesocosm.catalog.rows import DeploymentRow, RolloutRow
from mesocosm.catalog.session import Records


@dataclass(frozen=True, slots=True)
class NewRollout:
    """A rollout that begins.

    Args:
        service: the service's name.
        version: the new version.
        answers: the key of its answer index; empty where it has none.
        before: the version that serves meanwhile.
        strategy: such as `canary` or `shadow`.
    """

    service: str
    version: str
    answers: str
    before: str
    strategy: str


class Deployments(Records):
    """Deployed versions, at once or by a rollout."""

    def deployment(self, service: str) -> DeploymentRow | None:
        """What a service runs now."""
        return next(iter(self.deployments(service)), None)

    def deployments(self, service: str) -> list[DeploymentRow]:
        """What a service ran, newest first; `weights` are those by which its answers are
        recalibrated.
        """
        both = t.DEPLOYMENTS.outerjoin(
            t.CORRECTIONS, t.CORRECTIONS.c.deployment == t.DEPLOYMENTS.c.id
        )
        query = (
            select(t.DEPLOYMENTS, t.CORRECTIONS.c.weights)
            .select_from(both)
            .where(t.DEPLOYMENTS.c.service == service)
        )
        return self.rows(query.order_by(t.DEPLOYMENTS.c.id.desc()), DeploymentRow)

    def deploy(
        self,
        con: Connection,
        service: str,
        version: str,
        answers: str,
        who: str,
        why: str,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        """Deploy a version, recalibrated where `weights` are given; the audit keeps who and why."""
        values = {
            "service": service,
            "version": version,
            "answers": answers,
            "who": who,
            "why": why,
            "at": self.clock(),
        }
        made = con.execute(insert(t.DEPLOYMENTS).values(**values)).inserted_primary_key
        if weights and made:
            con.execute(insert(t.CORRECTIONS).values(deployment=made[0], weights=dict(weights)))
        self.write_audit(con, who, "deploy", f"{service} {version}".strip(), why)

    def rollout(self, service: str) -> RolloutRow | None:
        """The rollout of a service that is in progress."""
        return self.row(
            select(t.ROLLOUTS).where(
                t.ROLLOUTS.c.service == service, t.ROLLOUTS.c.state == RUNNING
            ),
            RolloutRow,
        )

    def rollouts(self, service: str) -> list[RolloutRow]:
        """All rollouts of a service, the newest first."""
        return self.rows(
            select(t.ROLLOUTS)
            .where(t.ROLLOUTS.c.service == service)
            .order_by(t.ROLLOUTS.c.id.desc()),
            RolloutRow,
        )

    def open_rollout(self, con: Connection, new: NewRollout, who: str, why: str) -> None:
        """Begin a rollout; one of the service that is in progress ends, replaced."""
        now = self.clock()
        running = (t.ROLLOUTS.c.service == new.service, t.ROLLOUTS.c.state == RUNNING)
        con.execute(
            update(t.ROLLOUTS)
            .where(*running)
            .values(state="replaced", why=f"replaced by {new.version}", ended_at=now)
        )
        begun = {"step": 0, "state": RUNNING, "began": now, "stepped_at": now, "ended_at": None}
        con.execute(insert(t.ROLLOUTS).values(**asdict(new), **begun, who=who, why=why, detail={}))
        self.write_audit(
            con, who, "rollout", f"{new.service} {new.version}", f"{new.strategy}: {why}"
        )

    def move_rollout(
        self, con: Connection, rollout: RolloutRow, who: str, **values: object
    ) -> bool:
        """Change a rollout, unless another process moved it since it was read; says whether it
        did.
        """
        same = (
            t.ROLLOUTS.c.id == rollout["id"],
            t.ROLLOUTS.c.state == RUNNING,
            t.ROLLOUTS.c.step == rollout["step"],
        )
        moved = con.execute(update(t.ROLLOUTS).where(*same).values(**values)).rowcount == 1
        if moved and ("state" in values or "step" in values):
            self.write_audit(
                con,
                who,
                str(values.get("state", f"step {values.get('step')}")),
                f"{rollout['service']} {rollout['version']}",
                str(values.get("why", "")),
            )
        return moved
