"""What is deployed of a service, swapped between two batches, and the candidate of a rollout.

Knows the catalog and what it is handed to load with; predicts nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import DeploymentRow, RolloutRow, ServedRow
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.serving.candidate import Candidate, RolloutStats
from mesocosm.serving.model_instance import Load, ModelInstance
from mesocosm.serving.rollout.decision import RolloutStep, decide
from mesocosm.serving.rollout.transitions import find_fallback, promote_candidate, roll_back
from mesocosm.serving.settings import Service

AGAIN = 5.0  # seconds between two tries of a version that could not be loaded
RELEASE_SECONDS = 30.0  # after which a version that was swapped out is closed


class DeployedService:
    """What is deployed under one name.

    Args:
        load: makes a model instance of a service's name and a deployment's record.
    """

    def __init__(self, name: str, service: Service, catalog: Catalog, load: Load) -> None:
        self.name, self.service, self.catalog, self.load = name, service, catalog, load
        self.now: ModelInstance | None = None
        self.deployed = 0  # the deployment that `now` is, or stands in for
        # where an older version stands in: when the deployed one is tried again
        self.again: float | None = None
        self.candidate: Candidate | None = None
        self.trouble = ""
        self.lock = threading.Lock()

    def refresh(self) -> bool:
        """Load what the catalog has deployed, and the candidate of a rollout; the old version
        serves until the new one is warm. Returns whether another version serves now.
        """
        swapped = self._load_deployment()
        self._follow_rollout()
        return swapped

    def _load_deployment(self) -> bool:
        with self.lock:
            row = self.catalog.deployment(self.name)
            if row is None:
                why = self.catalog.explain_not_deployed(self.name, self.service.model)
                self.trouble = str(why)
                return False
            if not self._is_due(row):
                return False
            old = self.now
            if self.candidate and _is_candidate(self.candidate, row):
                self.now, self.deployed = self.candidate.loaded, row["id"]  # it is warm already
                return _release(old)
            try:
                self.now, self.deployed, self.trouble = self._load(row), row["id"], ""
                self.again = None
                self.catalog.clear(f"serving-{self.name}", "the deployed version loads again")
            except MesocosmError as error:
                return self._stand_in(row, str(error))
            return _release(old)

    def _is_due(self, row: DeploymentRow) -> bool:
        """Whether a deployment is to be loaded: it is new, or its model broke or is tried again."""
        if self.now is None or row["id"] != self.deployed or self.now.broken:
            return True
        return self._tries_again()

    def _tries_again(self) -> bool:
        return self.again is not None and time.monotonic() >= self.again

    def _load(self, row: ServedRow) -> ModelInstance:
        """Load a version.

        Raises:
            MesocosmError: it cannot be loaded, whatever the reason.
        """
        try:
            return self.load(self.name, row)
        except MesocosmError:
            raise
        except Exception as error:
            name = row["version"] or Message("serving.the_answer_index")
            raise MesocosmError(
                Message("serving.not_loaded", name=name, kind=type(error).__name__)
            ) from error

    def _stand_in(self, row: DeploymentRow, why: str) -> bool:
        """Where what is deployed cannot be loaded: keep what serves, or find a stand-in."""
        self.trouble = why
        if self._tries_again():
            self.again = time.monotonic() + AGAIN
        if self.now is not None and not self.now.broken:
            return False
        return self._load_last_good(row, why)

    def _load_last_good(self, row: DeploymentRow, why: str) -> bool:
        """Serve what served before, or the fallback model, where what is deployed is corrupt; an
        alert is open until it loads.
        """
        for before in self._list_stand_ins(row):
            try:
                old, self.now, self.deployed = self.now, self._load(before), row["id"]
            except MesocosmError:
                continue
            self.again = time.monotonic() + AGAIN
            self._warn_corrupt(row, before["version"], why)
            return _release(old)
        if self.now and self.now.broken:
            self.now = None
        return False

    def _list_stand_ins(self, row: DeploymentRow) -> Iterator[ServedRow]:
        """What may serve in place of a deployment: those before it, the newest first, then the
        fallback model.
        """
        fallback = find_fallback(self.catalog, self.service.fallback)
        candidates: list[ServedRow] = [*self.catalog.deployments(self.name)[1:]]
        candidates.append({"version": fallback, "answers": row["answers"]})
        for before in candidates:
            same = before["version"] == row["version"] and before["answers"] == row["answers"]
            if before["version"] and not same:
                yield before

    def _warn_corrupt(self, row: DeploymentRow, instead: str, why: str) -> None:
        monitor = f"serving-{self.name}"
        if any(a["monitor"] == monitor for a in self.catalog.alerts(open_only=True)):
            return
        message = f"{row['version']} cannot be loaded; {instead} serves instead: {why}"
        detail = {"version": row["version"]}
        self.catalog.alert(monitor, self.name, "corrupt", message, detail)

    def _follow_rollout(self) -> None:
        """Follow the catalog's rollout: load a new candidate, release one whose rollout ended, move
        one that is due.
        """
        row = self.catalog.rollout(self.name)
        if row is None or self.now is None:
            self._release_candidate()
            return
        candidate = self._find_candidate(row)
        if candidate is not None:
            candidate.rollout = row
            self._move(candidate)

    def _find_candidate(self, row: RolloutRow) -> Candidate | None:
        """The candidate of a rollout, which is loaded where it is new; None where it cannot be."""
        if self.candidate is not None and self.candidate.rollout["id"] == row["id"]:
            return self.candidate
        loaded = self._load_candidate(row)
        if loaded is not None:
            self.candidate = loaded
        return loaded

    def _release_candidate(self) -> None:
        """Release the candidate of a rollout that ended, unless it serves now."""
        ended, self.candidate = self.candidate, None
        if ended and ended.loaded is not self.now:
            _release(ended.loaded)

    def _load_candidate(self, row: RolloutRow) -> Candidate | None:
        """Load the candidate of a rollout and release the one before; None where it was rolled
        back, since it cannot be loaded.
        """
        try:
            loaded = self._load(row)
        except MesocosmError as error:
            roll_back(self.catalog, row, "rollout", f"it cannot be loaded: {error}")
            self._warn_rolled_back(row, str(error))
            return None
        if self.candidate:
            _release(self.candidate.loaded)
        return Candidate(row, loaded, RolloutStats(), RolloutStats())

    def _move(self, candidate: Candidate) -> None:
        """Move a rollout as its statistics say."""
        row, now = candidate.rollout, self.catalog.clock()
        feedback = self.catalog.count_labelled(self.name, row["began"])
        new = candidate.new.summarise(*feedback.get(row["version"], (0, 0)))
        old = candidate.old.summarise(*feedback.get(row["before"], (0, 0)))
        step = decide(self.service.rollout, row["step"], new, old, now - row["stepped_at"])
        if step.act == "promote":
            promote_candidate(self.catalog, row, "rollout", step.why, step.detail)
        elif step.act == "return":
            if roll_back(self.catalog, row, "rollout", step.why, step.detail):
                self._warn_rolled_back(row, step.why)
        else:
            self._record_step(candidate, step, now)

    def _record_step(self, candidate: Candidate, step: RolloutStep, now: float) -> None:
        row = candidate.rollout
        values: dict[str, object] = {"detail": step.detail, "why": step.why}
        if step.act == "step":
            values |= {"step": step.step, "stepped_at": now}
        elif step.detail == row["detail"]:
            return
        with self.catalog.transaction() as con:
            if self.catalog.move_rollout(con, row, "rollout", **values):
                candidate.rollout = cast(RolloutRow, {**row, **values})

    def _warn_rolled_back(self, row: RolloutRow, why: str) -> None:
        message = f"{row['version']} of {self.name} was rolled back to {row['before']}: {why}"
        detail = {"version": row["version"]}
        self.catalog.alert(f"rollout-{self.name}", self.name, "rollout", message, detail)


def _is_candidate(candidate: Candidate, row: DeploymentRow) -> bool:
    """Whether a deployment is the candidate that is loaded already."""
    rollout = candidate.rollout
    return rollout["version"] == row["version"] and rollout["answers"] == row["answers"]


def _release(model: ModelInstance | None) -> bool:
    """Close a model that nothing asks any more; batches in progress have it still for a moment."""
    if model is not None:
        timer = threading.Timer(RELEASE_SECONDS, model.close)
        timer.daemon = True
        timer.start()
    return True
