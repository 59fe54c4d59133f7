"""The catalog: one SQLite file in WAL mode (or a PostgreSQL URL) that lists what exists.

Knows records and transactions. Knows nothing of files' contents, nets or engines. An artifact is
listed only by `record` calls inside one transaction, made after its files are complete.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from mesocosm.catalog.alerts import Alerts
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.deployments import Deployments
from mesocosm.catalog.predictions import Predictions
from mesocosm.catalog.rows import LeaseRow, ResourceRow, SnapshotRow, VersionRow
from mesocosm.core.messages import Message

STALE = "stale"  # rows left a resource, so that what was made of them no longer holds
LEARNED = "stale: learned"  # rows left a resource whose repairs were learned from them
UPSTREAM = "stale: upstream"  # rows left, or came back to, what a resource was made of


class Catalog(Deployments, Predictions, Alerts):
    """Records of one ecosystem.

    Args:
        where: the store's folder, made when missing, or a SQLAlchemy URL.
        clock: seconds since 1970; injected by tests.
    """

    # resources

    def resources(self, *, left: bool = False) -> list[ResourceRow]:
        """What the last builds built; with `left`, also what has left the file."""
        query = select(t.RESOURCES).order_by(t.RESOURCES.c.address)
        return self.rows(
            query if left else query.where(t.RESOURCES.c.left_at.is_(None)), ResourceRow
        )

    def record_resource(self, con: Connection, **fields: object) -> None:
        """List a resource as built, replacing its former record."""
        con.execute(t.RESOURCES.delete().where(t.RESOURCES.c.address == fields["address"]))
        con.execute(insert(t.RESOURCES).values(at=self.clock(), left_at=None, **fields))

    def make_stale(self, con: Connection, address: str, mark: str = STALE) -> None:
        """Have the next plan rebuild a resource, though its settings and content are the same.

        Args:
            mark: why, `STALE`, `LEARNED` or `UPSTREAM`.
        """
        con.execute(update(t.RESOURCES).where(t.RESOURCES.c.address == address).values(made=mark))

    # snapshots and versions

    def snapshot(self, ident: str | None = None, *, dataset: str = "") -> SnapshotRow | None:
        """A snapshot by id, or the newest of a dataset."""
        query = select(t.SNAPSHOTS)
        if ident is not None:
            return self.row(query.where(t.SNAPSHOTS.c.id == ident), SnapshotRow)
        newest = query.where(t.SNAPSHOTS.c.dataset == dataset).order_by(t.SNAPSHOTS.c.at.desc())
        return self.row(newest.limit(1), SnapshotRow)

    def snapshots(self, dataset: str) -> list[SnapshotRow]:
        """All snapshots of a dataset, oldest first."""
        return self.rows(
            select(t.SNAPSHOTS).where(t.SNAPSHOTS.c.dataset == dataset).order_by(t.SNAPSHOTS.c.at),
            SnapshotRow,
        )

    def list_datasets(self) -> list[str]:
        """The datasets that have a snapshot, sorted."""
        rows = self.rows(select(t.SNAPSHOTS.c.dataset).distinct())
        return sorted(str(row["dataset"]) for row in rows)

    def keep_only(self, con: Connection, snapshot: SnapshotRow, **values: object) -> None:
        """Change a snapshot whose tables were rewritten, and list no other of its dataset: their
        files were deleted.
        """
        con.execute(
            t.SNAPSHOTS.delete().where(
                t.SNAPSHOTS.c.dataset == snapshot["dataset"], t.SNAPSHOTS.c.id != snapshot["id"]
            )
        )
        con.execute(update(t.SNAPSHOTS).where(t.SNAPSHOTS.c.id == snapshot["id"]).values(**values))

    def version(self, ident: str) -> VersionRow | None:
        """A model version by id."""
        return self.row(select(t.VERSIONS).where(t.VERSIONS.c.id == ident), VersionRow)

    def versions(self, model: str) -> list[VersionRow]:
        """All versions of a model, oldest first."""
        return self.rows(
            select(t.VERSIONS).where(t.VERSIONS.c.model == model).order_by(t.VERSIONS.c.number),
            VersionRow,
        )

    def list_models_trained_on(self, dataset: str) -> set[str]:
        """The models with a version that was trained on a snapshot of a dataset."""
        of_dataset = t.VERSIONS.c.snapshot.startswith(f"{dataset}@", autoescape=True)
        rows = self.rows(select(t.VERSIONS.c.model).where(of_dataset).distinct())
        return {str(row["model"]) for row in rows}

    def refused_version(self, model: str | None) -> VersionRow | None:
        """The newest version of a model, where its gates refused it."""
        newest = self.versions(model)[-1:] if model else []
        if newest and newest[0]["state"] == "refused":
            return newest[0]
        return None

    def explain_not_deployed(self, service: str, model: str | None) -> Message:
        """Why nothing is deployed for a service of a model, and what to do."""
        refused = self.refused_version(model)
        if refused is None:
            return Message("api.nothing_deployed", name=service)
        return Message(
            "api.refused_not_deployed", name=service, version=refused["id"], why=refused["why"]
        )

    def next_number(self, model: str) -> int:
        """The number the next version of a model gets, from 1."""
        newest = select(func.max(t.VERSIONS.c.number)).where(t.VERSIONS.c.model == model)
        return int(self._scalar(newest) or 0) + 1

    def set_version_state(self, con: Connection, version: str, state: str, why: str) -> None:
        """Set a version's state (`champion`, `challenger`, `refused`, `retired`) and why."""
        con.execute(
            update(t.VERSIONS).where(t.VERSIONS.c.id == version).values(state=state, why=why)
        )

    def forgotten(self, dataset: str) -> list[str]:
        """The marks (keyed hashes of keys) of subjects that a dataset must not hold again."""
        return [
            str(row["mark"])
            for row in self.rows(select(t.FORGOTTEN.c.mark).where(t.FORGOTTEN.c.dataset == dataset))
        ]

    def scrub(self) -> None:
        """Rewrite the file, so that nothing of deleted rows is left in it."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
                con.exec_driver_sql("VACUUM")
                con.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    # tokens

    def give_token(self, role: str, may: str, seconds: float, who: str) -> str:
        """A new token of a role, valid for some seconds; only its SHA-256 is kept."""
        token, now = secrets.token_urlsafe(24), self.clock()
        with self.transaction() as con:
            con.execute(
                insert(t.TOKENS).values(
                    mark=sha256(token.encode()).hexdigest(),
                    role=role,
                    may=may,
                    at=now,
                    until=now + seconds,
                )
            )
            self.write_audit(con, who, "token", role, f"may {may}, for {seconds / 86400:.1f} days")
        return token

    def revoke_tokens(self, role: str, who: str) -> int:
        """Revoke the tokens of a role; returns how many there were."""
        with self.transaction() as con:
            gone = int(con.execute(t.TOKENS.delete().where(t.TOKENS.c.role == role)).rowcount)
            self.write_audit(con, who, "revoke", role, f"{gone} tokens")
        return gone

    def token(self, given: str) -> dict[str, str] | None:
        """The role and rights of a token that is still valid."""
        mark = sha256(given.encode()).hexdigest()
        found = self.row(
            select(t.TOKENS.c.role, t.TOKENS.c.may).where(
                t.TOKENS.c.mark == mark, t.TOKENS.c.until > self.clock()
            )
        )
        return {key: str(value) for key, value in found.items()} if found else None

    def lead(self, name: str, holder: str, seconds: float) -> bool:
        """Take or keep a lease; says whether it is the holder's for so many seconds."""
        now = self.clock()
        row = self.row(select(t.LEASES).where(t.LEASES.c.name == name), LeaseRow)
        if row and row["holder"] == holder and row["until"] - now > seconds / 2:
            return True
        try:
            with self.engine.begin() as con:
                free = (
                    t.LEASES.c.name == name,
                    (t.LEASES.c.holder == holder) | (t.LEASES.c.until <= now),
                )
                if (
                    con.execute(
                        update(t.LEASES).where(*free).values(holder=holder, until=now + seconds)
                    ).rowcount
                    == 1
                ):
                    return True
                if row is None:
                    con.execute(
                        insert(t.LEASES).values(name=name, holder=holder, until=now + seconds)
                    )
                    return True
        except IntegrityError:  # another was first
            return False
        return False
