"""The ecosystem up: gateway, watches, console and world put together from one file.

Knows every room's door. The page's state is the catalog's, read at most one second ago.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from mesocosm.app import console_routes
from mesocosm.app.catalog_metrics import measure
from mesocosm.app.console_api import Console
from mesocosm.app.gateway import create_app
from mesocosm.app.loader import Loader
from mesocosm.app.world import chat, presence_socket
from mesocosm.app.world.marker_socket import Marking
from mesocosm.app.world.paraphrase import speakers
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.confidential.row_values import mark_quoted
from mesocosm.core.durations import seconds
from mesocosm.core.errors import MesocosmError
from mesocosm.lifecycle.jobs.background_jobs import BackgroundJobs
from mesocosm.lifecycle.jobs.retention import expire
from mesocosm.lifecycle.jobs.rollback import rollback
from mesocosm.lifecycle.project_store import where_of
from mesocosm.monitoring.monitor import Watch
from mesocosm.monitoring.notifications import Notifier
from mesocosm.reports.whatif import Desk
from mesocosm.serving.auth import sign_in
from mesocosm.serving.auth.middleware import HOSTS
from mesocosm.serving.auth.oidc import Provider
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.auth.sign_in import SignIn
from mesocosm.serving.http.access_log import Logs
from mesocosm.serving.prediction_log import Journal
from mesocosm.serving.service import Served
from mesocosm.serving.telemetry.metrics import Metrics
from mesocosm.serving.telemetry.tracing import traces_of
from mesocosm.serving.workers.pool import Crew
from mesocosm.serving.workers.prefork import Nursery

WHY = {
    "died": "died",
    "stuck": "did not answer and was killed",
    "leak": "held too much and was replaced",
}
LEASE = 15.0  # seconds after which another gateway takes over
PRUNED = 500  # predictions that leave the log in one step
PAGES = Path(__file__).parents[1] / "web"


class Running:
    """One ecosystem, running in this process."""

    def __init__(
        self,
        spec: Spec,
        catalog: Catalog,
        token: str | None = None,
        hosts: tuple[str, ...] = HOSTS,
        rate: float = 100.0,
    ) -> None:
        self.spec, self.catalog, self.hosts, self.names = (
            spec,
            catalog,
            hosts,
            names_in(spec.eco.model_dump(mode="json", by_alias=True)),
        )
        self.leaving = False
        self.token = (
            token
            or os.environ.get("MESOCOSM_TOKEN")
            or _from_file("MESOCOSM_TOKEN_FILE")
            or secrets.token_urlsafe(24)
        )
        store = where_of(spec).store
        self.metrics, self.journal = Metrics(), Journal(catalog, store / "journal")
        self.ident = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.notifier = Notifier(
            spec.eco.ecosystem,
            {n: m.notify for n, m in spec.eco.monitors.items() if m.notify},
            catalog,
        )
        self.nursery = Nursery([sys.executable, "-m", "mesocosm.app.worker_main", str(spec.path)])
        self.crews = {
            n: Crew(
                self.nursery,
                n,
                s.runtime.workers,
                seconds(s.runtime.stuck),
                s.runtime.memory,
                partial(self._replaced, n),
                partial(self._moved, n),
            )
            for n, s in spec.eco.services.items()
            if s.runtime.workers.least
        }
        loader = Loader(spec, catalog)
        self.served = {
            n: Served(
                n, s, catalog, self.crews[n].load if n in self.crews else loader.load, self.journal
            )
            for n, s in spec.eco.services.items()
        }
        self.jobs = BackgroundJobs(spec, catalog)
        self.watches = [
            Watch(
                n,
                m,
                self.served[m.watches],
                catalog,
                self.jobs.retrain,
                lambda s, why: _try_rollback(catalog, s, why),
            )
            for n, m in spec.eco.monitors.items()
        ]
        provider = Provider(spec.eco.oidc) if spec.eco.oidc else None
        self.signs = (
            SignIn(
                provider,
                lambda role, may, wait: catalog.give_token(role, may, wait, "sign-in"),
                catalog.clock,
            )
            if provider and spec.eco.oidc and spec.eco.oidc.client
            else None
        )
        self.visiting, self.marking = presence_socket.Visiting(), Marking(catalog)
        self.words = speakers(spec.eco, spec.root)
        self.scenery = Scenery(spec, catalog, self.served, self.watches, marked=True)
        self.roles = Roles(
            self.token,
            lambda given: catalog.token(given) or (provider.role(given) if provider else None),
            rate,
        )
        self.roles.signs = self.signs is not None
        self.app = create_app(
            self.served,
            self.watches,
            self.roles,
            self._routes,
            self.metrics,
            self.crews,
            self.journal,
            Logs(store / "logs" / "gateway.jsonl", catalog.clock),
            traces_of(spec.eco.ecosystem),
            hosts,
            partial(
                measure,
                catalog,
                self.metrics,
                self.watches,
                self.served,
                list(spec.eco.datasets),
                self.journal,
            ),
            self._leads,
            lambda: self.leaving,
        )
        for name, one in self.served.items():
            one.count = partial(self._answered, name)

    def leave(self) -> None:
        """Be ready no more: the server is about to stop."""
        self.leaving = True

    def _leads(self) -> bool:
        """Whether this gateway is the one that watches and looks after things, of all over one
        catalog.
        """
        return self.catalog.lead("controller", self.ident, LEASE)

    def _answered(self, service: str, version: str, rows: int) -> None:
        self.metrics.rows.labels(service, version).inc(rows)

    def _replaced(self, service: str, why: str) -> None:
        """A worker was replaced: counted, and written down."""
        self.metrics.restarts.labels(service, why).inc()
        with (
            suppress(Exception),
            self.catalog.transaction() as con,
        ):  # a catalog that takes nothing now must not hold the new worker back
            self.catalog.write_audit(con, "gateway", "restart", service, f"its worker {WHY[why]}")

    def _moved(self, service: str, count: int, why: str) -> None:
        """There are more workers, or fewer: written down."""
        with suppress(Exception), self.catalog.transaction() as con:
            self.catalog.write_audit(
                con, "gateway", "scale", service, f"{count} worker{'s' * (count > 1)} now: {why}"
            )

    @contextmanager
    def tending(self) -> Iterator[None]:
        """Look after the data beside the server: rows over their age leave, sources that changed
        are built anew.

        The thread ends with the block, never with the interpreter, which would cut it off inside an
        engine. Workers' nursery too.
        """
        if self.crews:
            self.nursery.start()
        eco = self.spec.eco
        every = {n: seconds(s.every) for n, s in eco.sources.items() if s.every}
        due = dict.fromkeys(every, time.monotonic())
        anew = {
            n: seconds(s.update.every)
            for n, s in eco.services.items()
            if s.update.every and s.serves
        }
        again = {n: time.monotonic() + wait for n, wait in anew.items()}
        aged = any(d.retention for d in eco.datasets.values())

        over = threading.Event()

        kept = {n: seconds(s.log.keep) for n, s in eco.services.items()}
        pruned = dict.fromkeys(kept, time.monotonic())

        def prune(now: float) -> None:
            """One small step of each service's log that has old predictions; one without is looked
            at again after a minute.
            """
            for name in [n for n, at in pruned.items() if now >= at]:
                with suppress(Exception):  # a catalog that takes nothing now is asked again
                    pruned[name] = now + 60
                    if (
                        self.catalog.prune(name, self.catalog.clock() - kept[name], PRUNED)
                        == PRUNED
                    ):
                        pruned[name] = now

        def loop() -> None:
            hour = time.monotonic()
            while not over.wait(0.5):
                now = time.monotonic()
                if not self._leads():
                    continue
                self.notifier.look()
                prune(now)
                if aged and now >= hour:
                    hour = now + 3600
                    self._guarded("expire", lambda: expire(self.spec, self.catalog))
                for name in [n for n, at in again.items() if now >= at]:
                    again[name] = now + anew[name]
                    self._guarded(
                        "update",
                        partial(
                            self.jobs.retrain,
                            name,
                            f"its time: every {eco.services[name].update.every}",
                        ),
                    )
                ready = [n for n, at in due.items() if now >= at]
                if ready:
                    self._guarded("build", partial(self.jobs.follow, ready))
                    due.update({n: time.monotonic() + every[n] for n in ready})

        thread = threading.Thread(target=loop)
        if every or aged or anew or kept or self.notifier.settings:
            thread.start()
        try:
            yield
        finally:
            over.set()
            self.nursery.close()
            for words in self.words.values():
                words.close()
            if thread.ident:
                thread.join()

    def _guarded(self, what: str, call: Callable[[], Any]) -> None:
        """Do something in the background; a failure becomes one alert until it goes well again."""
        try:
            call()
            self.catalog.clear(f"data-{what}", "it goes well again")
        except MesocosmError as failure:
            said = mark_quoted(str(failure)[:500], self.names)
            if said not in {a["message"] for a in self.catalog.alerts(open_only=True, marked=True)}:
                self.catalog.clear(f"data-{what}", "another failure")
                self.catalog.alert(f"data-{what}", "", what, said, {})

    def _routes(self, app: FastAPI) -> None:
        desk = Desk(self.spec, self.catalog)
        console_routes.routes(
            app,
            Console(
                self.spec,
                self.catalog,
                self.served,
                self.watches,
                self.scenery,
                desk,
                self.jobs.train,
            ),
        )
        chat.routes(
            app,
            chat.Inhabitants(
                self.spec.eco, self.catalog, self.scenery, self.served, desk, self.words
            ),
        )
        presence_socket.routes(
            app,
            self.visiting,
            self.marking,
            self.scenery,
            self.catalog,
            lambda socket: self.roles.socket(socket, self.hosts),
        )

        if self.signs is not None and self.spec.eco.oidc is not None:
            sign_in.routes(app, self.signs, self.spec.eco.oidc.address)

        async def page() -> Response:
            if not (PAGES / "index.html").is_file():
                return HTMLResponse(_BARE, 200)
            return FileResponse(PAGES / "index.html")

        app.get("/")(page)
        app.get("/world")(page)
        for folder in ("assets", "profiles"):
            if (PAGES / folder).is_dir():
                app.mount(f"/{folder}", StaticFiles(directory=PAGES / folder))


_BARE = (
    "<!doctype html><meta charset=utf-8><title>Mesocosm</title><p>The pages are not in this"
    " installation. Install again without MESOCOSM_NO_WEB. The API answers at /v1/ecosystem."
)


def names_in(settings: Any) -> frozenset[str]:
    """The words of a file: its keys and its texts."""
    if isinstance(settings, dict):
        return frozenset(map(str, settings)).union(*map(names_in, settings.values()))
    if isinstance(settings, (list, tuple)):
        return frozenset().union(*map(names_in, settings))
    return frozenset([settings] if isinstance(settings, str) else [])


def _from_file(variable: str) -> str:
    """A secret that a file holds.

    Raises:
        Failure: the file cannot be read.
    """
    path = os.environ.get(variable)
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise MesocosmError(f"{variable} names a file that cannot be read") from error


def _try_rollback(catalog: Catalog, service: str, why: str) -> None:
    try:
        rollback(catalog, service, "monitor", why)
    except MesocosmError as failure:
        catalog.alert("monitor", service, "rollback", f"no rollback: {failure}", {})
