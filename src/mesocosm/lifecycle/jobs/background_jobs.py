"""The commands that a gateway runs beside itself: builds of sources that changed, and challengers.

Knows the plan, the pace at which a service may be trained again, and the processes it began.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.confidential.row_values import withheld
from mesocosm.core.durations import seconds
from mesocosm.lifecycle.plan import plan
from mesocosm.lifecycle.project_store import where_of


class BackgroundJobs:
    """Builds and trainings beside one gateway, each in a process of its own."""

    def __init__(self, spec: Spec, catalog: Catalog) -> None:
        self.spec, self.catalog = spec, catalog
        self.growing: dict[str, subprocess.Popen[bytes]] = {}

    def follow(self, sources: Sequence[str]) -> subprocess.Popen[bytes] | None:
        """Build in a process of its own where one of some sources is not what was built; returns
        the process.

        Raises:
            Failure: a source cannot be read, or broke its contract.
        """
        old = self.growing.get("build")
        if old and old.poll() is None:
            return old
        changed = {c.address for c in plan(self.spec, self.catalog) if c.sign not in "=-"} & {
            f"sources.{n}" for n in sources
        }
        return (
            self._beside("build", "build", "-f", str(self.spec.path), "--json") if changed else None
        )

    def retrain(self, service: str, reason: str) -> None:
        """What a monitor or the clock asks for: a challenger, where one may be trained."""
        self.train(service, reason)

    def train(self, service: str, reason: str) -> str:
        """Grow a challenger beside the gateway, in a process of its own and of lower priority; why
        not, where it may not be.
        """
        if not self.spec.eco.services[service].serves:
            return f"'{service}' serves no model"
        old = self.growing.get(service)
        if old and old.poll() is None:
            return "another one is being trained"
        held_back, reason = self.too_soon(service), withheld(reason)  # the alert has the values
        if held_back:
            with self.catalog.transaction() as con:
                self.catalog.write_audit(
                    con,
                    "gateway",
                    "hold",
                    service,
                    f"not trained again now: {held_back}; asked for because {reason}",
                )
            return held_back
        self._beside(
            service, "retrain", service, "-f", str(self.spec.path), "--reason", reason, "--json"
        )
        return ""

    def too_soon(self, service: str) -> str:
        """Why no challenger may be trained now; empty where one may."""
        update, now = self.spec.eco.services[service].update, self.catalog.clock()
        made = [
            v["at"]
            for v in self.catalog.versions(self.spec.eco.services[service].serves or "")
            if str(v["origin"]).startswith("challenger:")
        ]
        if made and now - made[-1] < seconds(update.cooldown):
            return (
                f"a challenger was trained {now - made[-1]:.0f} s ago, and {update.cooldown} lie"
                " between two"
            )
        today = sum(now - at < 86400 for at in made)
        return (
            f"{today} were trained within a day, and {update.most} may be"
            if today >= update.most
            else ""
        )

    def _beside(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Run a command beside the gateway, in a process of lower priority; its words go to a
        log.
        """
        log = (where_of(self.spec).store / "retrain.log").open("ab")
        nice = (lambda: os.nice(10)) if hasattr(os, "nice") else None
        one = subprocess.Popen(
            [sys.executable, "-m", "mesocosm", *words],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=nice,
        )
        self.growing[name] = one
        threading.Thread(target=one.wait, daemon=True).start()
        return one
