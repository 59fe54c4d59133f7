"""The catalog: one SQLite file in WAL mode (or a PostgreSQL URL) that says what exists.

Knows records and transactions. Knows nothing of files' contents, nets or engines. A thing is
listed only by `record` calls inside one transaction, made after its files are whole.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from mesocosm.base.digest import digest
from mesocosm.base.errors import Failure, Later
from mesocosm.base.owned import close_to_others, owned_file, owned_folder
from mesocosm.base.row_values import plain_all
from mesocosm.base.secret_values import masked, masked_all
from mesocosm.catalog import tables as t
from mesocosm.catalog.book import RUNNING
from mesocosm.catalog.engine import open_engine, url_of_file
from mesocosm.catalog.migrate import add_missing_columns, add_missing_indexes
from mesocosm.catalog.tables import is_traffic
from mesocosm.catalog.tally import counts, keep_counts

Row = dict[str, Any]
STALE = "stale"
LOG_WAIT = 0.5  # seconds that a prediction's record waits for other writers


class Catalog:
    """Records of one ecosystem.

    Args:
        where: the store's folder, made when missing, or a SQLAlchemy URL.
        clock: seconds since 1970; injected by tests.
    """

    def __init__(self, where: Path | str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        if isinstance(where, Path):
            owned_folder(where)
            owned_file(where / "catalog.db")  # SQLite gives its journals the mode of the database
            close_to_others(where)  # what an earlier version left readable
            where = url_of_file(where / "catalog.db")
        self.url = where
        self.engine = open_engine(where)
        self.logs = open_engine(
            where, LOG_WAIT, keep=2
        )  # opened when the first prediction is logged
        try:
            t.META.create_all(self.engine)
            add_missing_columns(self.engine)
            add_missing_indexes(self.engine)
            keep_counts(self.engine)
        except ModuleNotFoundError as error:
            raise Failure(
                "a catalog on PostgreSQL wants the extra 'postgres': pip install"
                " 'mesocosm[postgres]'"
            ) from error
        except OperationalError as error:
            raise Failure(f"the catalog cannot be opened ({str(error.orig)[:120]})") from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One atomic change; the revision moves on by one when it ends well."""
        with self.engine.begin() as con:
            moved = con.execute(update(t.REVISION).values(number=t.REVISION.c.number + 1))
            if moved.rowcount == 0:
                con.execute(insert(t.REVISION).values(one=1, number=1))
            yield con

    def revision(self) -> int:
        """How many changes were made; the world prints the one it shows."""
        return int(self._scalar(select(func.max(t.REVISION.c.number))) or 0)

    def _scalar(self, query: Any) -> Any:
        with self.engine.connect() as con:
            return con.execute(query).scalar()

    def rows(self, query: Any) -> list[Row]:
        """The rows of a query as plain dicts."""
        with self.engine.connect() as con:
            return [dict(row._mapping) for row in con.execute(query)]

    def row(self, query: Any) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(query)
        return found[0] if found else None

    # resources

    def resources(self, *, left: bool = False) -> list[Row]:
        """What the last builds made true; with `left`, also what has left the file."""
        query = select(t.RESOURCES).order_by(t.RESOURCES.c.address)
        return self.rows(query if left else query.where(t.RESOURCES.c.left_at.is_(None)))

    def record_resource(self, con: Connection, **fields: Any) -> None:
        """List a resource as made, replacing its former record."""
        con.execute(t.RESOURCES.delete().where(t.RESOURCES.c.address == fields["address"]))
        con.execute(insert(t.RESOURCES).values(at=self.clock(), left_at=None, **fields))

    def make_stale(self, con: Connection, address: str) -> None:
        """Have the next plan make a resource anew, though its settings and content are the same."""
        con.execute(update(t.RESOURCES).where(t.RESOURCES.c.address == address).values(made=STALE))

    # snapshots and versions

    def snapshot(self, ident: str | None = None, *, dataset: str = "") -> Row | None:
        """A snapshot by id, or the newest of a dataset."""
        query = select(t.SNAPSHOTS)
        if ident is not None:
            return self.row(query.where(t.SNAPSHOTS.c.id == ident))
        newest = query.where(t.SNAPSHOTS.c.dataset == dataset).order_by(t.SNAPSHOTS.c.at.desc())
        return self.row(newest.limit(1))

    def snapshots(self, dataset: str) -> list[Row]:
        """All snapshots of a dataset, oldest first."""
        return self.rows(
            select(t.SNAPSHOTS).where(t.SNAPSHOTS.c.dataset == dataset).order_by(t.SNAPSHOTS.c.at)
        )

    def keep_only(self, con: Connection, snapshot: Row, **values: Any) -> None:
        """Change a snapshot whose tables were written anew, and list no other of its dataset: their
        files are gone.
        """
        con.execute(
            t.SNAPSHOTS.delete().where(
                t.SNAPSHOTS.c.dataset == snapshot["dataset"], t.SNAPSHOTS.c.id != snapshot["id"]
            )
        )
        con.execute(update(t.SNAPSHOTS).where(t.SNAPSHOTS.c.id == snapshot["id"]).values(**values))

    def version(self, ident: str) -> Row | None:
        """A model version by id."""
        return self.row(select(t.VERSIONS).where(t.VERSIONS.c.id == ident))

    def versions(self, model: str) -> list[Row]:
        """All versions of a model, oldest first."""
        return self.rows(
            select(t.VERSIONS).where(t.VERSIONS.c.model == model).order_by(t.VERSIONS.c.number)
        )

    def next_number(self, model: str) -> int:
        """The number the next version of a model gets, from 1."""
        return (
            int(
                self._scalar(
                    select(func.max(t.VERSIONS.c.number)).where(t.VERSIONS.c.model == model)
                )
                or 0
            )
            + 1
        )

    def judge(self, con: Connection, version: str, state: str, why: str) -> None:
        """Set a version's state (`champion`, `challenger`, `refused`, `retired`) and why."""
        con.execute(
            update(t.VERSIONS).where(t.VERSIONS.c.id == version).values(state=state, why=why)
        )

    # deployments

    def deployment(self, service: str) -> Row | None:
        """What a service runs now."""
        return next(iter(self.deployments(service)), None)

    def deployments(self, service: str) -> list[Row]:
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
        return self.rows(query.order_by(t.DEPLOYMENTS.c.id.desc()))

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
        """Put a version into service, recalibrated where `weights` are given, and write who did it
        and why.
        """
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

    def rollout(self, service: str) -> Row | None:
        """The rollout that is under way for a service."""
        return self.row(
            select(t.ROLLOUTS).where(t.ROLLOUTS.c.service == service, t.ROLLOUTS.c.state == RUNNING)
        )

    def rollouts(self, service: str) -> list[Row]:
        """All rollouts of a service, the newest first."""
        return self.rows(
            select(t.ROLLOUTS)
            .where(t.ROLLOUTS.c.service == service)
            .order_by(t.ROLLOUTS.c.id.desc())
        )

    def open_rollout(
        self,
        con: Connection,
        service: str,
        version: str,
        answers: str,
        before: str,
        strategy: str,
        who: str,
        why: str,
    ) -> None:
        """Begin a rollout; one that is under way for the service ends, replaced."""
        now = self.clock()
        running = (t.ROLLOUTS.c.service == service, t.ROLLOUTS.c.state == RUNNING)
        con.execute(
            update(t.ROLLOUTS)
            .where(*running)
            .values(state="replaced", why=f"replaced by {version}", ended_at=now)
        )
        values = {
            "service": service,
            "version": version,
            "answers": answers,
            "before": before,
            "strategy": strategy,
            "step": 0,
            "state": RUNNING,
        }
        con.execute(
            insert(t.ROLLOUTS).values(
                **values, who=who, why=why, detail={}, began=now, stepped_at=now, ended_at=None
            )
        )
        self.write_audit(con, who, "rollout", f"{service} {version}", f"{strategy}: {why}")

    def move_rollout(self, con: Connection, rollout: Row, who: str, **values: Any) -> bool:
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
                values.get("state", f"step {values.get('step')}"),
                f"{rollout['service']} {rollout['version']}",
                str(values.get("why", "")),
            )
        return moved

    def forgotten(self, dataset: str) -> list[str]:
        """The marks (keyed hashes of keys) of subjects that a dataset must not hold again."""
        return [
            row["mark"]
            for row in self.rows(select(t.FORGOTTEN.c.mark).where(t.FORGOTTEN.c.dataset == dataset))
        ]

    def scrub(self) -> None:
        """Write the file anew, so that nothing of deleted rows is left in it."""
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
        """Take the tokens of a role back; returns how many there were."""
        with self.transaction() as con:
            gone = int(con.execute(t.TOKENS.delete().where(t.TOKENS.c.role == role)).rowcount)
            self.write_audit(con, who, "revoke", role, f"{gone} tokens")
        return gone

    def token(self, given: str) -> Row | None:
        """The role and rights of a token that is still valid."""
        mark = sha256(given.encode()).hexdigest()
        return self.row(
            select(t.TOKENS.c.role, t.TOKENS.c.may).where(
                t.TOKENS.c.mark == mark, t.TOKENS.c.until > self.clock()
            )
        )

    # predictions and feedback

    def add(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a log table (predictions, feedback) without moving the revision."""
        if rows:
            with self.engine.begin() as con:
                con.execute(insert(table), [dict(row) for row in rows])

    def log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append predictions in one transaction, over a connection that stays open; those that are
        there already are left as they are.

        Raises:
            Later: another writer holds the catalog, or the disk is full.
        """
        if not rows:
            return
        told = (
            insert(t.PREDICTIONS).prefix_with("OR IGNORE")
            if self.engine.dialect.name == "sqlite"
            else postgresql.insert(t.PREDICTIONS).on_conflict_do_nothing()
        )
        try:
            with self.logs.begin() as con:
                con.execute(told, [{"mark": ""} | dict(row) for row in rows])
        except DBAPIError as error:
            raise Later(
                f"the catalog takes no records now ({type(error.orig).__name__})"
            ) from error

    def prune(self, service: str, before: float, most: int = 500) -> int:
        """Remove a service's oldest predictions of before a moment, at most so many, in one short
        transaction; returns how many.

        Predictions that a label came back for stay.
        """
        told = select(t.FEEDBACK.c.id).where(t.FEEDBACK.c.prediction == t.PREDICTIONS.c.id).exists()
        old = (
            select(t.PREDICTIONS.c.id)
            .where(t.PREDICTIONS.c.service == service, t.PREDICTIONS.c.at < before, ~told)
            .order_by(t.PREDICTIONS.c.at)
            .limit(most)
        )
        gone = [row["id"] for row in self.rows(old)]
        if gone:
            with self.engine.begin() as con:
                con.execute(t.PREDICTIONS.delete().where(t.PREDICTIONS.c.id.in_(gone)))
        return len(gone)

    def prediction(self, ident: str) -> Row | None:
        """A prediction by id."""
        return self.row(select(t.PREDICTIONS).where(t.PREDICTIONS.c.id == ident))

    def predictions(
        self,
        service: str,
        most: int = 100,
        since: float = 0.0,
        until: float | None = None,
        mark: str = "",
    ) -> list[Row]:
        """The newest predictions of a service, newest first: those of its traffic, or those with a
        mark.
        """
        query = select(t.PREDICTIONS).where(
            t.PREDICTIONS.c.service == service,
            t.PREDICTIONS.c.at > since,
            t.PREDICTIONS.c.mark == mark if mark else is_traffic(),
        )
        if until is not None:
            query = query.where(t.PREDICTIONS.c.at <= until)
        return self.rows(query.order_by(t.PREDICTIONS.c.at.desc()).limit(most))

    def labelled(
        self, service: str, since: float = 0.0, mark: str = "", most: int | None = None
    ) -> list[Row]:
        """Predictions that a label came back for, oldest first; the newest label of each counts.
        Those of traffic, or those with a mark; of the newest labels where `most` says how many.
        """
        query = (
            select(t.PREDICTIONS, t.FEEDBACK.c.label, t.FEEDBACK.c.at.label("labelled_at"))
            .join(t.FEEDBACK, t.FEEDBACK.c.prediction == t.PREDICTIONS.c.id)
            .where(
                t.FEEDBACK.c.service == service,
                t.FEEDBACK.c.at > since,
                t.PREDICTIONS.c.service == service,
                t.PREDICTIONS.c.mark == mark if mark else is_traffic(),
            )
            .order_by(t.FEEDBACK.c.id.desc() if most else t.FEEDBACK.c.id)
        )
        found = self.rows(query.limit(most) if most else query)
        return list({row["id"]: row for row in (reversed(found) if most else found)}.values())

    def count_answers(
        self, service: str, version: str, since: float, until: float, most: int, mark: str = ""
    ) -> int:
        """How many answers, at most `most`, a version gave from a moment to another, both included:
        to traffic, or to rows with a mark.
        """
        mine = (
            (p := t.PREDICTIONS.c).service == service,
            p.version == version,
            p.at.between(since, until),
            p.mark == mark if mark else is_traffic(),
        )
        return int(
            self.rows(
                select(func.count().label("many")).select_from(
                    select(t.PREDICTIONS.c.id).where(*mine).limit(most).subquery()
                )
            )[0]["many"]
        )

    def told(self, service: str, since: float) -> dict[str, tuple[int, int]]:
        """By version: how many of its predictions since then a label came back for, and how many of
        those were right.
        """
        found: dict[str, tuple[int, int]] = {}
        query = (
            select(
                t.PREDICTIONS.c.id,
                t.PREDICTIONS.c.version,
                t.PREDICTIONS.c.output,
                t.FEEDBACK.c.label,
            )
            .join(t.FEEDBACK, t.FEEDBACK.c.prediction == t.PREDICTIONS.c.id)
            .where(t.PREDICTIONS.c.service == service, t.PREDICTIONS.c.at >= since, is_traffic())
            .order_by(t.FEEDBACK.c.id)
        )
        for row in {r["id"]: r for r in self.rows(query)}.values():
            judged, right = found.get(row["version"], (0, 0))
            found[row["version"]] = (
                judged + 1,
                right + (str(row["output"].get("label")) == row["label"]),
            )
        return found

    def counts(self) -> dict[str, int]:
        """How many requests each service answered so far; drills are no requests."""
        with self.engine.connect() as con:
            return dict(counts(con))

    # alerts

    def alerts(
        self, *, open_only: bool = False, most: int = 200, marked: bool = False
    ) -> list[Row]:
        """Alerts, newest first.

        Args:
            marked: keep the marks of row values in sentences (`base.row_values`), so that a door
                can withhold them.
        """
        query = select(t.ALERTS).order_by(t.ALERTS.c.at.desc()).limit(most)
        found = self.rows(query.where(t.ALERTS.c.cleared_at.is_(None)) if open_only else query)
        return found if marked else cast(list[Row], plain_all(found))

    def alert(
        self, monitor: str, service: str, what: str, message: str, detail: Mapping[str, Any]
    ) -> str:
        """Raise an alert and return its id."""
        at, message, detail = (
            self.clock(),
            masked(message),
            cast(dict[str, Any], masked_all(dict(detail))),
        )
        ident = "alert-" + digest(monitor, what, at, message, size=5)
        with self.transaction() as con:
            con.execute(
                insert(t.ALERTS).values(
                    id=ident,
                    monitor=monitor,
                    service=service,
                    what=what,
                    message=message,
                    detail=dict(detail),
                    at=at,
                    cleared_at=None,
                )
            )
            self.write_audit(con, monitor, "alert", service, message)
        return ident

    def amend(self, ident: str, monitor: str, message: str, detail: Mapping[str, Any]) -> None:
        """State anew what an open alert is, once more rows have told."""
        message, detail = masked(message), cast(dict[str, Any], masked_all(dict(detail)))
        with self.transaction() as con:
            con.execute(
                update(t.ALERTS)
                .where(t.ALERTS.c.id == ident, t.ALERTS.c.cleared_at.is_(None))
                .values(message=message, detail=dict(detail))
            )
            self.write_audit(con, monitor, "diagnose", ident, message)

    def clear(self, monitor: str, why: str, only: str | None = None, who: str = "") -> int:
        """Clear a monitor's open alerts, or one of them by its id; returns how many."""
        open_ones = [
            t.ALERTS.c.monitor == monitor,
            t.ALERTS.c.cleared_at.is_(None),
            *([t.ALERTS.c.id == only] if only else []),
        ]
        if not self.row(select(t.ALERTS).where(*open_ones)):
            return 0
        with self.transaction() as con:
            done = con.execute(update(t.ALERTS).where(*open_ones).values(cleared_at=self.clock()))
            self.write_audit(con, who or monitor, "clear", monitor, why)
            return int(done.rowcount)

    def silence(self, monitor: str, seconds: float, who: str, why: str) -> float:
        """Send no notifications about a monitor's alerts for some seconds; returns until when."""
        until = self.clock() + seconds
        with self.transaction() as con:
            con.execute(t.SILENCES.delete().where(t.SILENCES.c.monitor == monitor))
            con.execute(insert(t.SILENCES).values(monitor=monitor, until=until, who=who, why=why))
            self.write_audit(con, who, "silence", monitor, why)
        return until

    def silenced(self, now: float) -> set[str]:
        """Monitors that are silent now."""
        return {
            row["monitor"]
            for row in self.rows(select(t.SILENCES.c.monitor).where(t.SILENCES.c.until > now))
        }

    def lead(self, name: str, holder: str, seconds: float) -> bool:
        """Take or keep a lease; says whether it is the holder's for so many seconds."""
        now = self.clock()
        row = self.row(select(t.LEASES).where(t.LEASES.c.name == name))
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

    # audit

    def write_audit(self, con: Connection, who: str, act: str, what: str, why: str) -> None:
        """Append one line to the hash-chained audit."""
        last = (
            con.execute(select(t.AUDIT.c.hash).order_by(t.AUDIT.c.id.desc()).limit(1)).scalar()
            or ""
        )
        at = self.clock()
        line = {
            "at": at,
            "who": masked(who),
            "act": act,
            "what": masked(what),
            "why": masked(why),
            "before": last,
        }
        con.execute(insert(t.AUDIT).values(hash=digest(line), **line))

    def audit(self, most: int = 200, *, marked: bool = False) -> list[Row]:
        """The newest audit lines, newest first; `marked` as for `alerts`."""
        found = self.rows(select(t.AUDIT).order_by(t.AUDIT.c.id.desc()).limit(most))
        return found if marked else cast(list[Row], plain_all(found))

    def verify_audit(self) -> int | None:
        """The id of the first audit line that was edited, or None where the chain is whole."""
        last = ""
        for row in self.rows(select(t.AUDIT).order_by(t.AUDIT.c.id)):
            line = {key: row[key] for key in ("at", "who", "act", "what", "why", "before")}
            if row["before"] != last or row["hash"] != digest(line):
                return int(row["id"])
            last = row["hash"]
        return None
