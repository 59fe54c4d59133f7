"""The commands that a gateway runs as processes of its own: builds of sources that changed, and
challengers.

Knows the plan, how often a service may be retrained, and the processes that it started.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.confidential.row_values import withheld
from mesocosm.core.values.durations import seconds
from mesocosm.lifecycle.plan import plan
from mesocosm.lifecycle.project_store import locate_project


class BackgroundJobs:
    """Builds and trainings of one gateway, each in a process of its own."""

    def __init__(self, spec: Spec, catalog: Catalog) -> None:
        self.spec, self.catalog = spec, catalog
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def follow(self, sources: Sequence[str]) -> subprocess.Popen[bytes] | None:
        """Build in a process of its own where one of some sources is not what was built; returns
        the process.

        Raises:
            MesocosmError: a source cannot be read, or broke its contract.
        """
        old = self._find_running("build")
        if old:
            return old
        changed = {c.address for c in plan(self.spec, self.catalog) if c.sign not in "=-"}
        if changed.isdisjoint(f"sources.{name}" for name in sources):
            return None
        return self._start("build", "build", "-f", str(self.spec.path), "--json")

    def _find_running(self, name: str) -> subprocess.Popen[bytes] | None:
        """A job's process, while it runs."""
        process = self.running.get(name)
        if process is None or process.poll() is not None:
            return None
        return process

    def retrain(self, service: str, reason: str) -> None:
        """Train a challenger, where one may be trained; for monitors and the clock."""
        self.train(service, reason)

    def train(self, service: str, reason: str) -> str:
        """Train and evaluate a challenger in a process of its own and of lower priority.

        Returns:
            Why not, where it may not be; empty where it starts.
        """
        if not self.spec.eco.services[service].model:
            return f"'{service}' serves no model"
        if self._find_running(service):
            return "another one is being trained"
        obstacle, reason = self.too_soon(service), withheld(reason)  # the alert has the values
        if obstacle:
            why = f"not retrained now: {obstacle}; asked for because {reason}"
            with self.catalog.transaction() as con:
                self.catalog.write_audit(con, "gateway", "hold", service, why)
            return obstacle
        command = ("retrain", service, "-f", str(self.spec.path), "--reason", reason, "--json")
        self._start(service, *command)
        return ""

    def too_soon(self, service: str) -> str:
        """Why no challenger may be trained now; empty where one may."""
        update, now = self.spec.eco.services[service].update, self.catalog.clock()
        made = self._list_challengers(service)
        if made and now - made[-1] < seconds(update.cooldown):
            return (
                f"a challenger was trained {now - made[-1]:.0f} s ago, and the"
                f" cooldown is {update.cooldown}"
            )
        today = sum(now - at < 86400 for at in made)
        if today < update.max:
            return ""
        return f"{today} were trained within a day, and at most {update.max} may be"

    def _list_challengers(self, service: str) -> list[float]:
        """When challengers of a service's model were trained, in seconds."""
        versions = self.catalog.versions(self.spec.eco.services[service].model or "")
        return [v["at"] for v in versions if str(v["origin"]).startswith("challenger:")]

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Start a command in a process of lower priority; its output goes to a log."""
        log = (locate_project(self.spec).store / "retrain.log").open("ab")
        nice = None
        if hasattr(os, "nice"):
            nice = partial(os.nice, 10)
        process = subprocess.Popen(
            [sys.executable, "-m", "mesocosm", *words],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=nice,
        )
        self.running[name] = process
        threading.Thread(target=process.wait, daemon=True).start()
        return process
