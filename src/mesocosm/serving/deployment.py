"""What is deployed of a service, swapped whole between two batches, and what is tried beside it.

Knows the catalog and what it is handed to load with; answers nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.core.errors import Failure
from mesocosm.serving.candidate import Count, Trial
from mesocosm.serving.model_instance import Load, Unit
from mesocosm.serving.rollout.decision import decide
from mesocosm.serving.rollout.transitions import promoted, returned, simpler
from mesocosm.serving.settings import Service

AGAIN = 5.0  # seconds between two tries of a version that could not be loaded


class Deployed:
    """What serves under one name.

    Args:
        load: makes a unit of a service's name and a deployment's record.
    """

    def __init__(self, name: str, service: Service, catalog: Catalog, load: Load) -> None:
        self.name, self.service, self.catalog, self.load = name, service, catalog, load
        self.now: Unit | None = None
        self.deployed = 0  # the deployment that `now` is, or stands in for
        self.again: float | None = (
            None  # where an older version stands in: when what is deployed is tried again
        )
        self.trial: Trial | None = None
        self.trouble = ""
        self.lock = threading.Lock()

    def refresh(self) -> bool:
        """Load what the catalog says is deployed, and what is tried beside it; the old one serves
        until the new one is warm.
        """
        fresh = self._deployed()
        self._tried()
        return fresh

    def _deployed(self) -> bool:
        with self.lock:
            row = self.catalog.deployment(self.name)
            broken = self.now.broken if self.now else ""
            due = self.again is not None and time.monotonic() >= self.again
            if row is None or (self.now and row["id"] == self.deployed and not broken and not due):
                return False
            trial, old = self.trial, self.now
            if (
                trial
                and trial.rollout["version"] == row["version"]
                and trial.rollout["answers"] == row["answers"]
            ):
                self.now, self.deployed = trial.loaded, row["id"]  # it is warm already
                return _let_go(old)
            try:
                self.now, self.deployed, self.trouble = self._load(row), row["id"], ""
                self.again = None
                self.catalog.clear(f"serving-{self.name}", "what is deployed is whole again")
            except Failure as error:
                self.trouble = str(error)
                if due:
                    self.again = time.monotonic() + AGAIN
                return self._last_good(row, str(error)) if self.now is None or broken else False
            return _let_go(old)

    def _load(self, row: Mapping[str, Any]) -> Unit:
        """A unit.

        Raises:
            Failure: it cannot be loaded, whatever the reason.
        """
        try:
            return self.load(self.name, row)
        except Failure:
            raise
        except Exception as error:
            raise Failure(
                f"{row['version'] or 'its table of answers'} cannot be run ({type(error).__name__})"
            ) from error

    def _last_good(self, row: Mapping[str, Any], why: str) -> bool:
        """Serve what served before, or the simpler model, where what is deployed is not whole; an
        alert says so until it is.
        """
        kept = simpler(self.catalog, self.service.fallback)
        for before in [
            *self.catalog.deployments(self.name)[1:],
            {"version": kept, "answers": row["answers"]},
        ]:
            if (before["version"], before["answers"]) == (
                row["version"],
                row["answers"],
            ) or not before["version"]:
                continue
            try:
                old, self.now, self.deployed = self.now, self._load(before), row["id"]
            except Failure:
                continue
            self.again = time.monotonic() + AGAIN
            monitor = f"serving-{self.name}"
            if not any(a["monitor"] == monitor for a in self.catalog.alerts(open_only=True)):
                self.catalog.alert(
                    monitor,
                    self.name,
                    "corrupt",
                    f"{row['version']} cannot be loaded, and {before['version']} serves: {why}",
                    {"version": row["version"]},
                )
            return _let_go(old)
        self.now = None if self.now and self.now.broken else self.now
        return False

    def _tried(self) -> None:
        """Follow the catalog's rollout: a new one is loaded beside, one that ended is let go, one
        that is due moves on.
        """
        row = self.catalog.rollout(self.name)
        if row is None or self.now is None:
            ended, self.trial = self.trial, None
            if ended and ended.loaded is not self.now:
                _let_go(ended.loaded)
            return
        if self.trial is None or self.trial.rollout["id"] != row["id"]:
            try:
                loaded = self._load(row)
            except Failure as error:
                returned(self.catalog, row, "rollout", f"it cannot be loaded: {error}")
                self._warn(row, str(error))
                return
            if self.trial:
                _let_go(self.trial.loaded)
            self.trial = Trial(row, loaded, Count(), Count())
        self.trial.rollout = row
        self._move(self.trial)

    def _move(self, trial: Trial) -> None:
        row, now = trial.rollout, self.catalog.clock()
        told = self.catalog.count_labelled(self.name, row["began"])
        new, old = (
            count.side(*told.get(version, (0, 0)))
            for count, version in ((trial.new, row["version"]), (trial.old, row["before"]))
        )
        step = decide(self.service.rollout, row["step"], new, old, now - row["stepped_at"])
        if step.act == "promote":
            promoted(self.catalog, row, "rollout", step.why, step.detail)
        elif step.act == "return" and returned(self.catalog, row, "rollout", step.why, step.detail):
            self._warn(row, step.why)
        elif step.act in ("step", "hold"):
            values: dict[str, Any] = {"detail": step.detail, "why": step.why} | (
                {"step": step.step, "stepped_at": now} if step.act == "step" else {}
            )
            if values["detail"] != row["detail"] or step.act == "step":
                with self.catalog.transaction() as con:
                    if self.catalog.move_rollout(con, row, "rollout", **values):
                        trial.rollout = row | values

    def _warn(self, row: Mapping[str, Any], why: str) -> None:
        message = (
            f"{row['version']} was taken back from {self.name}, and {row['before']} serves: {why}"
        )
        self.catalog.alert(
            f"rollout-{self.name}", self.name, "rollout", message, {"version": row["version"]}
        )


def _let_go(unit: Unit | None) -> bool:
    """Forget a unit that nothing asks any more; batches under way have it still for a moment."""
    if unit is not None:
        timer = threading.Timer(30.0, unit.close)
        timer.daemon = True
        timer.start()
    return True
